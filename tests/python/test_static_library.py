"""libevcp.a beside other libraries: what it has inside is neither in their way nor theirs in its."""

import os
import re
import subprocess

import pytest

from test_install import CONSUMERS, ROOT, pkg_config, prefix, run  # noqa: F401

NEIGHBOURS = CONSUMERS / "neighbours"
HIDE_SYMBOLS = ROOT / "packaging" / "hide-symbols"
#: As cargo made it.
PLAIN = ROOT / "target" / "release" / "libevcp.a"

SQLITE = """
#include <stdlib.h>
const char *sqlite3_libversion(void) {{ return "the firmware's own"; }}
{functions}
"""


def shown(library):
    """What others can link with. Not by nm, which fails where clang has plugged in what reads Rust's bitcode."""
    lines = [line.split() for line in run("readelf", "--wide", "--symbols", library).splitlines()]
    return {
        words[-1] for words in lines
        if len(words) >= 8 and words[4] in ("GLOBAL", "WEAK", "UNIQUE") and words[-2] != "UND"
    }


@pytest.fixture(scope="module")
def neighbours(prefix, tmp_path_factory):  # noqa: F811
    """A SQLite of which everything but its version ends the program, and a library in Rust."""
    folder = tmp_path_factory.mktemp("neighbours")
    names = {name for name in shown(PLAIN) if re.fullmatch(r"sqlite3_\w+", name)} - {"sqlite3_libversion"}
    assert len(names) > 100
    functions = "\n".join(f"void {name}(void) {{ abort(); }}" for name in sorted(names))
    (folder / "sqlite3.c").write_text(SQLITE.format(functions=functions))
    run("cc", "-c", folder / "sqlite3.c", "-o", folder / "sqlite3.o")
    run("ar", "rcs", folder / "libsqlite3.a", folder / "sqlite3.o")
    run("rustc", "--edition=2021", "--crate-type=staticlib", NEIGHBOURS / "neighbour.rs",
        "-o", folder / "libneighbour.a")
    return {"sqlite": folder / "libsqlite3.a", "rust": folder / "libneighbour.a"}


def test_it_shows_what_the_header_declares_and_nothing_else(prefix):  # noqa: F811
    header = re.sub(r"/\*.*?\*/", "", (ROOT / "include" / "evcp.h").read_text(), flags=re.DOTALL)
    assert shown(prefix / "lib" / "libevcp.a") == set(re.findall(r"\b(evcp_\w+)\s*\(", header))


@pytest.mark.parametrize("others", [["sqlite"], ["rust"], ["sqlite", "rust"]], ids="-".join)
@pytest.mark.parametrize("first", ["evcp first", "evcp last"])
def test_a_firmware_has_libraries_of_its_own_beside_it(prefix, neighbours, tmp_path, others, first):  # noqa: F811
    libraries = [prefix / "lib" / "libevcp.a", *(neighbours[each] for each in others)]
    if first == "evcp last":
        libraries.reverse()
    system = [flag for flag in pkg_config(prefix, "--static", "--libs") if flag != "-levcp"]
    run("gcc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", *(f"-D{each.upper()}" for each in others),
        *pkg_config(prefix, "--cflags"), NEIGHBOURS / "firmware.c", "-o", tmp_path / "firmware", *libraries, *system)
    said = run(tmp_path / "firmware", tmp_path / "state").splitlines()
    about = {"sqlite": "sqlite: the firmware's own", "rust": "rust: 30"}
    assert said == ["evcp: success", *(about[each] for each in others), "evcp: success"]
    assert any(file.read_bytes().startswith(b"SQLite format 3") for file in (tmp_path / "state").iterdir())


@pytest.mark.parametrize("tool", ["LD", "OBJCOPY", "AR", "READELF"])
def test_a_tool_that_is_missing_is_named(tmp_path, tool):
    done = subprocess.run(
        [HIDE_SYMBOLS, PLAIN, tmp_path / "libevcp.a"], env={**os.environ, tool: "no-such-tool"},
        capture_output=True, text=True,
    )
    assert done.returncode != 0
    assert "no-such-tool is missing: please install binutils" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_symbols_that_stay_are_told_and_nothing_is_made(tmp_path):
    objcopy = tmp_path / "objcopy"
    objcopy.write_text('#!/bin/sh\nfor each; do last=$before before=$each; done\ncp "$last" "$before"\n')
    objcopy.chmod(0o755)
    done = subprocess.run(
        [HIDE_SYMBOLS, PLAIN, tmp_path / "libevcp.a"], env={**os.environ, "OBJCOPY": str(objcopy)},
        capture_output=True, text=True,
    )
    assert done.returncode != 0
    assert "sqlite3_open_v2" in done.stderr
    assert not (tmp_path / "libevcp.a").exists()


def test_the_library_is_made_with_the_tools_of_its_machine():
    target = "armv7-unknown-linux-gnueabihf"
    named = {"CARGO_TARGET_ARMV7_UNKNOWN_LINUX_GNUEABIHF_LINKER": "arm-linux-gnueabihf-gcc"}
    plan = run("make", "-C", ROOT, "--dry-run", "install", f"TARGET={target}", **named)
    assert f'CC="arm-linux-gnueabihf-gcc" packaging/hide-symbols target/{target}/release/libevcp.a ' in plan
    assert 'CC="cc" packaging/hide-symbols' in run("make", "-C", ROOT, "--dry-run", "install", CC="cc", **named)
