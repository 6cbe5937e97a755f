"""evcp.testing: the test kit through Python, in a process of its own, since evcp loads one library."""

import os
import subprocess
import sys

from binding import BINDING, ROOT
from test_kit import KIT

INSIDE = ROOT / "tests" / "python" / "kit"


def python(*arguments, library=KIT):
    environment = {**os.environ, "EVCP_LIBRARY": str(library), "PYTHONPATH": str(BINDING / "src")}
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=environment, cwd=INSIDE)


def test_every_test_in_virtual_time_passes():
    done = python("-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts=", "scenarios.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout and "failed" not in done.stdout


def test_a_library_that_is_not_the_kit_is_named():
    done = python("-c", "import evcp.testing", library=ROOT / "target" / "release" / "libevcp.so")
    assert done.returncode == 1
    assert "is not the test kit: set EVCP_LIBRARY to libevcp-test.so" in done.stderr


def charger_scenarios():
    done = python("-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts=", "charger_scenarios.py")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_scenario_of_the_charger_in_python_passes():
    assert "15 passed" in charger_scenarios()
