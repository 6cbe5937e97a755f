"""`tests/tools`: what it does on machines where something is missing, which a folder before PATH plays."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[1] / "tools"
COMPILERS = ["cc", "gcc", "c++", "g++", "clang", "clang++"]

# Fails with an argument that matches, as long as the package is not there.
LACKS = """#!/bin/sh
for each; do
    case $each in
        {what}) [ -e {packages}/{package} ] || {{ echo "cannot find what $each needs" >&2; exit 1; }} ;;
    esac
done
exec {real} "$@"
"""

# Writes down what it is told to install, and brings it or not.
APT = """#!/bin/sh
[ "$1" = update ] && exit 0
echo "$*" >> {told}
for each; do [ {brings} = False ] || touch "{packages}/$each"; done
exit {code}
"""


class Machine:
    def __init__(self, folder):
        self.packages, self.programs, self.told = folder / "packages", folder / "programs", folder / "told"
        self.packages.mkdir()
        self.programs.mkdir()
        self.apt(brings=True)

    def put(self, name, text):
        program = self.programs / name
        program.write_text(text)
        program.chmod(0o755)

    def apt(self, *, brings, code=0):
        self.put("apt-get", APT.format(told=self.told, packages=self.packages, brings=brings, code=code))

    def lacks(self, package, command, what="*"):
        """The command takes nothing that matches until the package is installed."""
        real = shutil.which(command, path=f"{self.programs}:{os.environ['PATH']}")
        if Path(real).parent == self.programs:
            real = str(Path(real).rename(self.programs / f"{command}.more"))
        self.put(command, LACKS.format(packages=self.packages, package=package, what=what, real=real))

    def tools(self):
        environment = {**os.environ, "PATH": f"{self.programs}:{os.environ['PATH']}"}
        return subprocess.run([TOOLS], env=environment, capture_output=True, text=True)

    def installed(self):
        """The packages of each time that something was installed."""
        lines = self.told.read_text().splitlines() if self.told.exists() else []
        return [line.split("--no-install-recommends ")[1].split() for line in lines]


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def libraries(compiler):
    version = subprocess.run([compiler, "-dumpversion"], check=True, capture_output=True, text=True).stdout
    return f"{'libclang-rt' if compiler.startswith('clang') else 'libgcc'}-{int(version.split('.')[0])}-dev"


def test_nothing_is_installed_where_everything_works(machine):
    done = machine.tools()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert machine.installed() == []


def test_what_a_compiler_lacks_is_installed_after_the_compiler(machine):
    machine.lacks(libraries("clang"), "clang++", "-fsanitize=address*")
    machine.lacks("clang", "clang++")
    done = machine.tools()
    assert done.returncode == 0, done.stderr
    assert machine.installed() == [["clang"], [libraries("clang")]]


def test_each_compiler_is_tried_with_each_sanitizer(machine):
    for compiler in COMPILERS:
        machine.lacks(libraries(compiler), compiler, "-fsanitize=*")
    machine.apt(brings=False, code=100)
    done = machine.tools()
    assert done.returncode == 1
    for compiler in COMPILERS:
        assert f" {compiler} -fsanitize=address,undefined " in done.stderr
        assert f" {compiler} -fsanitize=thread " in done.stderr
    wanted = sorted({libraries(compiler) for compiler in COMPILERS})
    assert done.stderr.splitlines()[-1] == f"please install: {' '.join(wanted)}"


def test_a_program_that_is_there_and_does_not_run_is_missing(machine):
    others = ["nm", "readelf", "pkg-config", "cmake", "valgrind", "strace", "abidiff", "git"]
    for command in [*COMPILERS, *others]:
        machine.lacks("nothing", command)
    machine.apt(brings=False, code=100)
    done = machine.tools()
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "please install: abigail-tools binutils clang cmake g++ gcc git libc6-dev libssl-dev make pkg-config strace"
        " valgrind"
    )


def test_what_does_not_work_once_installed_is_told_with_what_it_said(machine):
    machine.lacks("nothing", "clang++", "-fsanitize=address*")
    done = machine.tools()
    assert done.returncode == 1
    assert "cannot find what -fsanitize=address,undefined needs" in done.stderr
    assert done.stderr.splitlines()[-1] == f"installed, and this does not work: {libraries('clang')}"
    assert len(machine.installed()) == 1
