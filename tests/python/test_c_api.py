"""The C API: header, symbols, a C program against it, and the examples; also under valgrind and sanitizers."""

import asyncio
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from certificates import Authority
from programs import ended

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = Path(os.environ.get("EVCP_LIBRARY", ROOT / "target" / "release" / "libevcp.so"))
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g"]
VALGRIND = [
    "valgrind", "--quiet", "--leak-check=full", "--errors-for-leak-kinds=definite,possible",
    "--error-exitcode=9", f"--suppressions={ROOT / 'tests' / 'capi' / 'valgrind.supp'}",
]


def compiled(source, folder, *flags, library=LIBRARY):
    """Makes a program of a source, or of all the sources in a folder."""
    program = folder / Path(source).stem
    sources = sorted((ROOT / source).glob("*.c")) or [ROOT / source]
    subprocess.run(
        ["cc", "-std=c11", *WARNINGS, *flags, f"-I{ROOT / 'include'}", *map(str, sources), "-o", str(program),
         f"-L{library.parent}", "-levcp", "-lpthread", "-lm", f"-Wl,-rpath,{library.parent}"],
        check=True,
    )
    return str(program)


@pytest.mark.parametrize("standard", ["c11", "c17", "c++17"])
def test_the_header_compiles_alone_without_a_warning_or_padding(standard):
    compiler, language = ("g++", "c++") if "++" in standard else ("gcc", "c")
    subprocess.run(
        [compiler, f"-std={standard}", "-x", language, *WARNINGS, "-Wpadded", "-fsyntax-only",
         str(ROOT / "include" / "evcp.h")],
        check=True,
    )


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the compiler of x86-64 alone knows this ABI")
@pytest.mark.parametrize("header", ["evcp.h", "evcp_test.h"])
def test_the_headers_have_no_padding_where_pointers_have_32_bits(header):
    # The layout of armv7: pointers of 4 bytes, and integers of 8 that are aligned to 8.
    subprocess.run(
        ["gcc", "-mx32", "-ffreestanding", "-std=c11", "-x", "c", *WARNINGS, "-Wpadded", f"-I{ROOT / 'include'}",
         "-fsyntax-only", str(ROOT / "include" / header)],
        check=True,
    )


@pytest.mark.parametrize("standard", ["c11", "c17", "c++14", "c++17", "c++20"])
def test_initialisers_and_negative_numbers_compile_without_a_warning(standard, tmp_path):
    header = (ROOT / "include" / "evcp.h").read_text()
    names = re.findall(r"^#define (EVCP_(\w+)_INIT) \{", header, re.MULTILINE)
    assert len(names) > 4
    made = "".join(
        f"    {{ evcp_{of.lower()}_t it = {name}; sum += (int)(it.struct_size == sizeof it); }}\n" for name, of in names
    )
    source = tmp_path / ("inits.cpp" if "++" in standard else "inits.c")
    source.write_text(
        "#include <evcp.h>\n#include <stdio.h>\nint main(void)\n{\n    int sum = 0;\n" + made
        + "    sum = 10 * sum + 1 -EVCP_E_INVALID;\n    printf(\"%d\\n\", sum);\n    return 0;\n}\n"
    )
    compilers = ["g++", "clang++"] if "++" in standard else ["gcc", "clang"]
    for compiler in compilers:
        program = tmp_path / compiler
        subprocess.run(
            [compiler, f"-std={standard}", *WARNINGS, f"-I{ROOT / 'include'}", str(source), "-o", str(program)],
            check=True,
        )
        assert subprocess.run([program], check=True, capture_output=True, text=True).stdout == f"{10 * len(names) + 2}\n"


def test_every_symbol_is_in_the_header_and_the_other_way_round():
    listing = subprocess.run(["nm", "-D", "--defined-only", str(LIBRARY)], check=True, capture_output=True, text=True)
    exported = {line.split()[-1] for line in listing.stdout.splitlines()}
    header = re.sub(r"/\*.*?\*/", "", (ROOT / "include" / "evcp.h").read_text(), flags=re.DOTALL)
    declared = {match.group(1) for match in re.finditer(r"\b(evcp_\w+)\s*\(", header)}
    assert len(declared) > 30
    assert exported == declared


async def run(command, *, stdin=None, **environment):
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )
    code, out, err = await ended(process, 240, stdin)
    assert code == 0, f"{command}: exit {code}\n{out.decode()}\n{err.decode()}"
    return out.decode()


async def session_of_the_charger(command, central, folder):
    """Plays a session with the example firmware and looks at the books."""
    point = central.point("CHARGER")
    process = await asyncio.create_subprocess_exec(
        *command, "--url", central.url, "--id", "CHARGER", "--state-dir", str(folder / "state"),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )

    async def do(line):
        process.stdin.write(line.encode() + b"\n")
        await process.stdin.drain()

    await point.status(2, "Available", timeout=60)
    await do("plug 1")
    await point.status(1, "Preparing", timeout=60)
    await do("tag 1 CAFE01")
    await point.status(1, "Charging", timeout=60)
    assert (await point.call("UnlockConnector", connector_id=1)).status == "Unlocked"
    stop = await point.wait("StopTransaction", timeout=60)
    assert stop["reason"] == "UnlockCommand"
    await do("unplug 1")
    await point.status(1, "Available", timeout=60)
    assert (await point.call("Reset", type="Hard")).status == "Accepted"
    code, out, err = await ended(process)
    assert code == 0, f"{out.decode()}\n{err.decode()}"
    assert b"motor runs" in out


async def test_the_example_firmware_charges(central, tmp_path):
    await session_of_the_charger([compiled("examples/c/charger", tmp_path)], central, tmp_path)


async def test_the_example_firmware_is_clean_under_sanitizers(central, tmp_path):
    await session_of_the_charger([compiled("examples/c/charger", tmp_path, *SANITIZE)], central, tmp_path)


async def test_the_example_firmware_is_clean_under_valgrind(central, tmp_path):
    program = compiled("examples/c/charger", tmp_path, "-g")
    await session_of_the_charger([*VALGRIND, program], central, tmp_path)


def named_library():
    """A library that has the names of its functions, by which valgrind can be told what to overlook."""
    # Beside the tests in Rust, for which all but itself was built.
    environment = {**os.environ, "CARGO_TARGET_DIR": str(ROOT / "target")}
    command = ["cargo", "rustc", "--quiet", "--lib", "--crate-type", "cdylib"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    return ROOT / "target" / "debug" / "libevcp.so"


async def test_the_example_firmware_is_clean_under_valgrind_with_tls(central_system, tmp_path):
    authority = Authority(tmp_path, "A Root")
    central = await central_system(tls=authority.server("localhost", ["localhost"]), host="localhost")
    program = compiled("examples/c/charger", tmp_path, "-g", library=named_library())
    await session_of_the_charger([*VALGRIND, "--num-callers=40", program, "--ca", str(authority.root)], central, tmp_path)


async def test_the_forty_line_program_charges(central, tmp_path):
    program = compiled("examples/c/minimal.c", tmp_path)
    assert "transaction" in await run([program, central.url])
    central.point("MINIMAL").checker.power_up()
    assert "transaction" in await run([*VALGRIND, program, central.url])
    central.point("MINIMAL").checker.power_up()
    program = compiled("examples/c/minimal.c", tmp_path, *SANITIZE)
    assert "transaction" in await run([program, central.url])


def test_the_examples_build_with_the_line_in_the_readme(tmp_path):
    readme = (ROOT / "README.md").read_text()
    line = re.search(r"^cc -std=c11 .*$", readme, re.MULTILINE).group(0)
    assert "-Wall -Wextra -Wpedantic -Werror" in line and "examples/c/minimal.c" in line
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("target"))
    shutil.copytree(ROOT / "include", tmp_path / "include")
    (tmp_path / "target" / "release").mkdir(parents=True)
    shutil.copy(LIBRARY, tmp_path / "target" / "release" / "libevcp.so")
    subprocess.run(line, shell=True, cwd=tmp_path, check=True)


def test_the_program_in_the_readme_is_the_example():
    readme = (ROOT / "README.md").read_text()
    block = re.search(r"```c\n(.*?)```", readme, re.DOTALL).group(1)
    assert block == (ROOT / "examples" / "c" / "minimal.c").read_text()
