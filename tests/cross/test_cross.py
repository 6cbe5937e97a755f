"""The library built for other machines: what it exports, and whole sessions, played under qemu.

`tests/cross/run` and `tests/oldest/run` start it: EVCP_BUILDS names the folders that hold what was built,
each with a target.json that says for which machine.
"""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from certificates import Authority
from test_c_api import ROOT, WARNINGS, run, session_of_the_charger

LEAP_OF_TIME = 2_240_524_800  # 2041-01-01, which no 32-bit time_t can hold


class Build:
    """One library with the programs that were linked with it."""

    def __init__(self, folder):
        self.folder = Path(folder)
        about = json.loads((self.folder / "target.json").read_text())
        self.triple, self.sysroot, self.qemu = about["triple"], about["sysroot"], about["qemu"]

    def tool(self, name):
        return f"{self.triple}-{name}"

    def command(self, program):
        return [self.qemu, "-L", self.sysroot, str(self.folder / program)]


BUILDS = [Path(folder) for folder in os.environ["EVCP_BUILDS"].split(":")]


@pytest.fixture(params=BUILDS, ids=lambda folder: folder.name)
def build(request):
    return Build(request.param)


def there(*names):
    """For each build those of the files that it has: not each has a static library."""
    found = [folder / name for folder in BUILDS for name in names if (folder / name).exists()]
    return pytest.mark.parametrize("file", found, ids=lambda file: f"{file.parent.name}-{file.name}")


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_the_header_has_no_padding_there(build):
    subprocess.run(
        [build.tool("gcc"), f"--sysroot={build.sysroot}", "-std=c11", "-x", "c", *WARNINGS, "-Wpadded",
         "-fsyntax-only", str(ROOT / "include" / "evcp.h")],
        check=True,
    )


@there("libevcp.so", "libevcp.a")
def test_the_library_exports_what_the_header_declares(file):
    symbols = "-D" if file.suffix == ".so" else "-g"
    listing = output(Build(file.parent).tool("nm"), symbols, "--defined-only", str(file))
    header = re.sub(r"/\*.*?\*/", "", (ROOT / "include" / "evcp.h").read_text(), flags=re.DOTALL)
    assert {line.split()[-1] for line in listing.splitlines() if len(line.split()) == 3} \
        == {match.group(1) for match in re.finditer(r"\b(evcp_\w+)\s*\(", header)}


async def test_the_c_program_finds_every_promise_kept_there(build, central):
    assert "0 failures" in await run([*build.command("test_capi"), central.url])


async def test_the_example_firmware_charges_there(build, central, tmp_path):
    await session_of_the_charger(build.command("charger"), central, tmp_path)


@there("charger", "charger-static")
async def test_the_example_firmware_charges_there_on_tls(file, central_system, tmp_path):
    assert ("libevcp.so" in output("readelf", "-d", str(file))) == (file.name == "charger")
    authority = Authority(tmp_path, "root")
    central = await central_system(tls=authority.server("localhost", ["127.0.0.1"]))
    command = [*Build(file.parent).command(file.name), "--ca", str(authority.root)]
    await session_of_the_charger(command, central, tmp_path)


async def test_the_forty_line_program_charges_there(build, central):
    assert "transaction" in await run([*build.command("minimal"), central.url])


async def test_a_store_of_a_later_age_opens_there(build, central, tmp_path):
    await session_of_the_charger(build.command("charger"), central, tmp_path)
    for file in (tmp_path / "state").iterdir():
        os.utime(file, (LEAP_OF_TIME, LEAP_OF_TIME))
    central.point("CHARGER").checker.power_up()
    central.point("CHARGER").forget()
    await session_of_the_charger(build.command("charger"), central, tmp_path)
