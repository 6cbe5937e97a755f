"""`make install`: the tree, and firmwares in C and C++ that find it with pkg-config and with CMake."""

import os
import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONSUMERS = ROOT / "tests" / "consumers"
VERSION = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]["version"]
COMPILERS = {"c": ["cc", "-std=c11"], "cpp": ["c++", "-std=c++14"]}
KINDS = ["shared", "static"]


def run(*command, **environment):
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})
    assert done.returncode == 0, f"{shlex.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done.stdout.strip()


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("installed") / "evcp"
    run("make", "-C", ROOT, "install", f"PREFIX={prefix}")
    return prefix


def pkg_config(prefix, *arguments):
    return shlex.split(run("pkg-config", *arguments, "evcp", PKG_CONFIG_PATH=str(prefix / "lib" / "pkgconfig")))


def works(program, prefix, kind):
    needed = re.findall(r"Shared library: \[(.*?)\]", run("readelf", "-d", program))
    assert ("libevcp.so.0.1" in needed) == (kind == "shared"), needed
    said = run(program, LD_LIBRARY_PATH=str(prefix / "lib"))
    assert said == f"evcp {VERSION}: success"


def test_the_tree_has_both_libraries_the_headers_and_the_files_that_tools_look_for(prefix):
    files = {str(path.relative_to(prefix)) for path in prefix.rglob("*") if not path.is_dir()}
    assert files == {
        "include/evcp.h", "include/evcp.hpp", "lib/libevcp.a", "lib/libevcp.so", "lib/libevcp.so.0.1",
        f"lib/libevcp.so.{VERSION}", "lib/pkgconfig/evcp.pc", "share/cmake/evcp/evcp-config.cmake",
        "share/cmake/evcp/evcp-config-version.cmake",
    }
    library = prefix / "lib" / "libevcp.so"
    assert os.readlink(library) == os.readlink(prefix / "lib" / "libevcp.so.0.1") == f"libevcp.so.{VERSION}"
    dynamic = run("readelf", "-d", library)
    assert "soname: [libevcp.so.0.1]" in dynamic and "NODELETE" in dynamic


@pytest.mark.parametrize("name", ["libevcp.so", "libevcp.a"])
def test_no_path_of_the_machine_that_built_it_is_in_a_library(prefix, name):
    built = (prefix / "lib" / name).read_bytes()
    for place in (ROOT, Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo")), Path.home() / ".rustup"):
        assert not re.findall(rb"[ -~]*" + re.escape(bytes(place)) + rb"/[ -~]*", built)


def test_destdir_is_where_it_lands_and_not_where_it_is_used(tmp_path):
    run("make", "-C", ROOT, "install", f"DESTDIR={tmp_path}", "PREFIX=/usr", "LIBDIR=/usr/lib/x86_64-linux-gnu")
    assert {path.name for path in tmp_path.iterdir()} == {"usr"}
    text = (tmp_path / "usr/lib/x86_64-linux-gnu/pkgconfig/evcp.pc").read_text()
    assert "prefix=/usr\n" in text and "libdir=${prefix}/lib/x86_64-linux-gnu\n" in text
    assert str(tmp_path) not in text


def test_target_is_the_machine_that_it_is_built_for():
    plan = run("make", "-C", ROOT, "--dry-run", "install", "TARGET=armv7-unknown-linux-gnueabihf")
    assert "--target armv7-unknown-linux-gnueabihf" in plan
    assert "install -m 755 target/armv7-unknown-linux-gnueabihf/release/libevcp.so" in plan


@pytest.mark.parametrize("language", COMPILERS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_firmware_finds_it_with_pkg_config(prefix, tmp_path, language, kind):
    flags = pkg_config(prefix, "--cflags", "--libs")
    if kind == "static":
        libraries = [flag for flag in pkg_config(prefix, "--static", "--libs") if flag != "-levcp"]
        flags = [*pkg_config(prefix, "--cflags"), str(prefix / "lib" / "libevcp.a"), *libraries]
    source = CONSUMERS / language / f"firmware.{language}"
    run(*COMPILERS[language], "-Wall", "-Wextra", "-Wpedantic", "-Werror", source, "-o", tmp_path / "firmware", *flags)
    works(tmp_path / "firmware", prefix, kind)


@pytest.mark.parametrize("language", COMPILERS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_firmware_finds_it_with_cmake(prefix, tmp_path, language, kind):
    static = "ON" if kind == "static" else "OFF"
    run("cmake", "-S", CONSUMERS / language, "-B", tmp_path, f"-DCMAKE_PREFIX_PATH={prefix}",
        f"-DEVCP_USE_STATIC_LIBS={static}")
    run("cmake", "--build", tmp_path)
    works(tmp_path / "firmware", prefix, kind)


@pytest.mark.parametrize("wanted", ["0.2", "0.0", "1.0"])
def test_cmake_does_not_take_it_for_a_version_with_another_abi(prefix, tmp_path, wanted):
    project = (CONSUMERS / "c" / "CMakeLists.txt").read_text().replace("evcp 0.1", f"evcp {wanted}")
    (tmp_path / "CMakeLists.txt").write_text(project)
    (tmp_path / "firmware.c").write_text("int main(void) { return 0; }")
    done = subprocess.run(
        ["cmake", "-S", tmp_path, "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={prefix}"],
        capture_output=True, text=True,
    )
    assert done.returncode != 0
    assert f"version: {VERSION}" in done.stderr


def test_the_version_is_the_same_wherever_it_stands(prefix):
    header = (prefix / "include" / "evcp.h").read_text()
    parts = [re.search(rf"#define EVCP_VERSION_{part} (\d+)", header)[1] for part in ("MAJOR", "MINOR", "PATCH")]
    assert ".".join(parts) == VERSION
    assert pkg_config(prefix, "--modversion") == [VERSION]
    assert re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[1] == VERSION
    recipes = ROOT / "packaging" / "yocto" / "meta-evcp" / "recipes-evcp" / "evcp"
    assert {path.name for path in recipes.glob("*.bb")} == {f"evcp_{VERSION}.bb", f"python3-evcp_{VERSION}.bb"}
