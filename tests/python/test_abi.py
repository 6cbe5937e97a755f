"""The C ABI: what a program that was compiled yesterday relies on (docs/abi.md)."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ABI = ROOT / "tests" / "abi"
HEADER = ROOT / "include" / "evcp.h"

# What abidiff says, in bits.
CHANGE, BREAK = 4, 8

sys.path.insert(0, str(ABI))
from stub import build  # noqa: E402


def dump(header, folder):
    """What libabigail knows of the functions and types of a header."""
    library, text = folder / "libevcp.so", folder / "evcp.abi"
    assert build(header, library) > 40
    subprocess.run(
        ["abidw", "--no-corpus-path", "--no-comp-dir-path", "--no-show-locs", "--out-file", text, library],
        check=True,
    )
    return text


def compare(before, after):
    done = subprocess.run(["abidiff", "--no-show-locs", before, after], capture_output=True, text=True)
    assert done.returncode & 3 == 0, done.stderr
    return done.returncode, done.stdout


def changed(tmp_path, old, new):
    """How abidiff takes a change of the header."""
    text = HEADER.read_text()
    assert old in text, f"{old} is not in evcp.h any more"
    (tmp_path / "evcp.h").write_text(text.replace(old, new, 1))
    return compare(ABI / "evcp.abi", dump(tmp_path / "evcp.h", tmp_path))


def test_the_abi_is_the_committed_one(tmp_path):
    made = dump(HEADER, tmp_path)
    if "BLESS" in os.environ:
        (ABI / "evcp.abi").write_text(made.read_text())
    code, difference = compare(ABI / "evcp.abi", made)
    assert code == 0, f"the C ABI changed; if that is right (docs/abi.md): make abi\n{difference}"


@pytest.mark.parametrize("old, new", [
    ("    double amps;\n", "    float amps;\n    float more;\n"),
    ("    bool permit;\n", "    uint16_t permit;\n"),
    ("(*on_supply)(void *user_data, uint32_t connector,", "(*on_supply)(void *user_data, uint64_t connector,"),
    ("evcp_set_ev(evcp_t *cp, uint32_t connector,", "evcp_set_ev(evcp_t *cp, uint64_t connector,"),
    ("#ifndef EVCP_H\n", "#define evcp_stop_tx evcp_end_tx\n#ifndef EVCP_H\n"),
], ids=["type of a field", "size of a field", "argument of a callback", "argument of a function", "name"])
def test_a_break_is_found(tmp_path, old, new):
    code, _ = changed(tmp_path, old, new)
    assert code & CHANGE


def test_a_function_that_goes_is_a_break_and_one_that_comes_is_none(tmp_path):
    declaration = "EVCP_API const char *evcp_version(void);\n"
    code, difference = changed(tmp_path, declaration, "")
    assert code & BREAK and "1 Removed" in difference
    code, difference = changed(tmp_path, declaration, declaration + "EVCP_API uint32_t evcp_new_one(void);\n")
    assert not code & BREAK and "1 Added" in difference


@pytest.mark.parametrize("compiler", [["gcc", "-std=c11"], ["clang", "-std=c17"], ["g++", "-std=c++14", "-xc++"]])
def test_c_compilers_lay_the_structs_out_as_rust_does(compiler):
    layout = (ABI / "layout.c").read_text()
    assert len(re.findall(r"static_assert\(", layout)) > 70
    subprocess.run([*compiler, f"-I{HEADER.parent}", "-fsyntax-only", ABI / "layout.c"], check=True)
