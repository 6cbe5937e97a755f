"""The test kit, libevcp-test, through C: what it promises, and that the same program gives the same frames."""

import re
import subprocess

import pytest

from test_c_api import ROOT, SANITIZE, VALGRIND, WARNINGS, run

KIT = ROOT / "target" / "testkit" / "libevcp-test.so"


def compiled_with_kit(source, program, *flags, compiler=("cc", "-std=c11")):
    subprocess.run(
        [*compiler, *WARNINGS, *flags, f"-I{ROOT / 'include'}", str(ROOT / source), "-o", str(program),
         f"-L{KIT.parent}", "-levcp-test", "-lpthread", f"-Wl,-rpath,{KIT.parent}"],
        check=True,
    )
    return str(program)


def played(command, folder):
    """Runs the C program in an empty folder: the frames of a life."""
    folder.mkdir()
    done = subprocess.run([*command, str(folder)], capture_output=True, text=True)
    assert done.returncode == 0 and "0 failures" in done.stderr, done.stderr
    return done.stdout


@pytest.mark.parametrize("standard", ["c11", "c17", "c++14", "c++17", "c++20"])
@pytest.mark.parametrize("family", ["gnu", "llvm"])
def test_the_header_compiles_without_a_warning_or_padding(standard, family, tmp_path):
    compiler, language, suffix = ("g++", "c++", "cpp") if "++" in standard else ("gcc", "c", "c")
    source = tmp_path / f"header.{suffix}"
    source.write_text(
        "#include <evcp_test.h>\nint main(void)\n{\n    evcp_test_tx_t tx = EVCP_TEST_TX_INIT;\n"
        "    return tx.struct_size != sizeof tx;\n}\n"
    )
    compiler = {"gcc": "clang", "g++": "clang++"}[compiler] if family == "llvm" else compiler
    subprocess.run(
        [compiler, f"-std={standard}", "-x", language, *WARNINGS, "-Wpadded", f"-I{ROOT / 'include'}", "-c",
         str(source), "-o", str(tmp_path / "header.o")],
        check=True,
    )


def test_every_symbol_is_in_the_headers_and_the_other_way_round():
    listing = subprocess.run(["nm", "-D", "--defined-only", str(KIT)], check=True, capture_output=True, text=True)
    exported = {line.split()[-1] for line in listing.stdout.splitlines()}
    headers = "".join((ROOT / "include" / name).read_text() for name in ("evcp.h", "evcp_test.h"))
    headers = re.sub(r"/\*.*?\*/", "", headers, flags=re.DOTALL)
    assert exported == {match.group(1) for match in re.finditer(r"\b(evcp_\w+)\s*\(", headers)}
    assert "evcp_test_new" in exported


def test_every_promise_is_kept_and_two_processes_say_the_same(tmp_path):
    program = compiled_with_kit("tests/capi/test_kit.c", tmp_path / "kit")
    once, again = (played([program], tmp_path / name) for name in ("once", "again"))
    assert once == again
    assert '"StopTransaction"' in once and once.count("\n") > 50


def test_the_program_is_clean_under_sanitizers(tmp_path):
    program = compiled_with_kit("tests/capi/test_kit.c", tmp_path / "kit", *SANITIZE)
    assert '"StopTransaction"' in played([program], tmp_path / "data")


def test_the_program_is_clean_under_valgrind(tmp_path):
    program = compiled_with_kit("tests/capi/test_kit.c", tmp_path / "kit", "-g")
    assert '"StopTransaction"' in played([*VALGRIND, program], tmp_path / "data")


async def test_no_thread_is_made_and_no_socket_opened(tmp_path):
    program = compiled_with_kit("tests/capi/test_kit.c", tmp_path / "kit")
    (tmp_path / "data").mkdir()
    trace = tmp_path / "trace"
    await run(["strace", "-f", "-e", "trace=network,clone,clone3,fork,getrandom", "-o", str(trace), program,
               str(tmp_path / "data")])
    calls = [line for line in trace.read_text().splitlines() if re.search(r"\b(socket|connect|clone3?)\(", line)]
    # The one thread is that of the test of threads.
    assert not [line for line in calls if "socket(" in line or "connect(" in line]
    assert len([line for line in calls if "clone" in line]) == 1


def test_the_test_in_the_guide_passes(tmp_path):
    (block,) = [it for it in re.findall(r"```c\n(.*?)```", (ROOT / "docs" / "guide.md").read_text(), re.DOTALL)
                if "evcp_test_new(" in it]
    source = tmp_path / "guide.c"
    source.write_text(block + "\nint main(int count, char **args)\n{\n    (void)count;\n"
                      "    a_session_that_a_power_cut_ends_is_billed(args[1]);\n    return 0;\n}\n")
    subprocess.run([compiled_with_kit(source, tmp_path / "guide", *SANITIZE), str(tmp_path / "data")], check=True)


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_every_promise_is_kept_in_cpp(compiler, tmp_path):
    flags = ["-Wshadow", "-Wconversion", *(SANITIZE if compiler == "g++" else []), f"-I{ROOT / 'bindings' / 'cpp'}"]
    for standard in ("c++14", "c++20"):
        program = compiled_with_kit("tests/cpp/test_kit.cpp", tmp_path / standard, *flags,
                                    compiler=(compiler, f"-std={standard}"))
        (tmp_path / f"{standard}.data").mkdir()
        done = subprocess.run([program, str(tmp_path / f"{standard}.data")], capture_output=True, text=True)
        assert done.returncode == 0 and "0 failures" in done.stderr, done.stderr
