"""`make install-kit`: the test kit beside the library, found with pkg-config and with CMake."""

import os
import re
import shlex

import pytest

from test_install import CONSUMERS, ROOT, VERSION, run
from test_static_library import shown

TESTS = CONSUMERS / "kit" / "tests.c"
SAYS = f"evcp {VERSION}: success, booted"


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("installed") / "evcp"
    run("make", "-C", ROOT, "install-kit", f"PREFIX={prefix}")
    return prefix


def pkg_config(prefix, *arguments):
    return shlex.split(run("pkg-config", *arguments, "evcp-test", PKG_CONFIG_PATH=str(prefix / "lib" / "pkgconfig")))


def works(program, prefix, kind):
    needed = re.findall(r"Shared library: \[(.*?)\]", run("readelf", "-d", program))
    assert ("libevcp-test.so.0.1" in needed) == (kind == "shared") and "libevcp.so.0.1" not in needed, needed
    assert run(program, LD_LIBRARY_PATH=str(prefix / "lib")) == SAYS


def test_the_kit_lies_beside_the_library_and_is_no_part_of_it(prefix):
    files = {str(path.relative_to(prefix)) for path in prefix.rglob("*") if not path.is_dir()}
    kit = {name for name in files if "test" in name}
    assert kit == {
        "include/evcp_test.h", "lib/libevcp-test.a", "lib/libevcp-test.so", "lib/libevcp-test.so.0.1",
        f"lib/libevcp-test.so.{VERSION}", "lib/pkgconfig/evcp-test.pc",
    }
    assert "include/evcp.h" in files and "lib/libevcp.so" in files
    assert os.readlink(prefix / "lib" / "libevcp-test.so") == f"libevcp-test.so.{VERSION}"
    assert "soname: [libevcp-test.so.0.1]" in run("readelf", "-d", prefix / "lib" / "libevcp-test.so")
    assert not any(name.startswith("evcp_test") for name in shown(prefix / "lib" / "libevcp.a"))


def test_it_shows_what_the_headers_declare_and_nothing_else(prefix):
    headers = "".join((prefix / "include" / name).read_text() for name in ("evcp.h", "evcp_test.h"))
    headers = re.sub(r"/\*.*?\*/", "", headers, flags=re.DOTALL)
    assert shown(prefix / "lib" / "libevcp-test.a") == set(re.findall(r"\b(evcp_\w+)\s*\(", headers))


@pytest.mark.parametrize("kind", ["shared", "static"])
def test_tests_find_it_with_pkg_config(prefix, tmp_path, kind):
    flags = pkg_config(prefix, "--cflags", "--libs")
    if kind == "static":
        libraries = [flag for flag in pkg_config(prefix, "--static", "--libs") if flag != "-levcp-test"]
        flags = [*pkg_config(prefix, "--cflags"), str(prefix / "lib" / "libevcp-test.a"), *libraries]
    run("cc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", TESTS, "-o", tmp_path / "tests", *flags)
    works(tmp_path / "tests", prefix, kind)


@pytest.mark.parametrize("kind", ["shared", "static"])
def test_tests_find_it_with_cmake_beside_the_firmware(prefix, tmp_path, kind):
    static = "ON" if kind == "static" else "OFF"
    run("cmake", "-S", TESTS.parent, "-B", tmp_path, f"-DCMAKE_PREFIX_PATH={prefix}", f"-DEVCP_USE_STATIC_LIBS={static}")
    run("cmake", "--build", tmp_path)
    works(tmp_path / "tests", prefix, kind)
    said = run(tmp_path / "firmware", LD_LIBRARY_PATH=str(prefix / "lib"))
    assert said == f"evcp {VERSION}: success"
