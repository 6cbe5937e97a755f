"""`cargo cinstall` and `make install` put the same tree into place."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "target" / "tools" / "bin"


@pytest.fixture(scope="module")
def trees(tmp_path_factory):
    made, by_cargo_c = tmp_path_factory.mktemp("make"), tmp_path_factory.mktemp("cargo-c")
    # Through cargo, which says which compiler is meant.
    path = f"{TOOLS}:{os.environ['PATH']}"
    target = {**os.environ, "PATH": path, "CARGO_TARGET_DIR": str(ROOT / "target")}
    where = ["--prefix=/usr", "--libdir=/usr/lib", f"--destdir={by_cargo_c}"]
    subprocess.run(["make", "-C", ROOT, "install", f"DESTDIR={made}", "PREFIX=/usr"], check=True)
    subprocess.run(
        ["cargo", "cinstall", "--release", "--locked", *where],
        check=True, cwd=ROOT, env=target,
    )
    return made, by_cargo_c


def entries(tree):
    """Each file with its kind and rights, and where a link leads."""
    found = {}
    for path in tree.rglob("*"):
        if path.is_symlink():
            found[str(path.relative_to(tree))] = os.readlink(path)
        elif path.is_file():
            found[str(path.relative_to(tree))] = oct(path.stat().st_mode)
    return found


def listed(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def symbols(library):
    return {line.split()[-1] for line in listed("nm", "-D", "--defined-only", library)}


def shown(archive):
    return {line.split()[-1] for line in listed("nm", "-g", "--defined-only", archive) if len(line.split()) == 3}


def dynamic(library):
    """What the loader is told: the name, what is needed, and that it stays loaded."""
    tags = ("SONAME", "NEEDED", "FLAGS")
    lines = listed("readelf", "-d", library)
    return sorted(line.split(")", 1)[1].strip() for line in lines if any(f"({tag}" in line for tag in tags))


def test_both_trees_have_the_same_files_links_and_rights(trees):
    made, by_cargo_c = map(entries, trees)
    assert len(made) == 9
    assert made == by_cargo_c


@pytest.mark.parametrize("name", [
    "include/evcp.h", "include/evcp.hpp", "lib/pkgconfig/evcp.pc", "share/cmake/evcp/evcp-config.cmake",
    "share/cmake/evcp/evcp-config-version.cmake",
])
def test_a_text_is_the_same_in_both_trees(trees, name):
    made, by_cargo_c = ((tree / "usr" / name).read_text() for tree in trees)
    assert made == by_cargo_c


def test_the_libraries_of_both_trees_say_the_same_to_the_loader(trees):
    made, by_cargo_c = (tree / "usr" / "lib" / "libevcp.so" for tree in trees)
    assert dynamic(made) == dynamic(by_cargo_c)
    assert symbols(made) == symbols(by_cargo_c)


def test_the_static_library_of_cargo_c_shows_the_same_once_its_symbols_are_hidden(trees, tmp_path):
    made, by_cargo_c = (tree / "usr" / "lib" / "libevcp.a" for tree in trees)
    library = shutil.copy(by_cargo_c, tmp_path)
    subprocess.run([ROOT / "packaging" / "hide-symbols", library], check=True)
    assert shown(library) == shown(made)
