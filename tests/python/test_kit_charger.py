"""The unit tests of the example chargers, in virtual time: as C and as C++, plain, with sanitizers and under
valgrind."""

import re
import shutil
import subprocess

import pytest

from test_c_api import ROOT, SANITIZE, VALGRIND, WARNINGS
from test_kit import KIT

TEST = "examples/c/test_charger.c"
FIRMWARE = [path for path in sorted((ROOT / "examples" / "c" / "charger").glob("*.c")) if path.name != "main.c"]
LANGUAGES = {"c": ["cc", "-std=c11"], "c++": ["c++", "-std=c++14", "-x", "c++"]}


def built(folder, language, *flags):
    """The firmware is C; its test is a program of C and of C++."""
    common = [*WARNINGS, *flags, f"-I{ROOT / 'include'}"]
    subprocess.run(["cc", "-std=c11", *common, "-c", *map(str, FIRMWARE)], cwd=folder, check=True)
    program = folder / "test_charger"
    objects = sorted(map(str, folder.glob("*.o")))
    subprocess.run([*LANGUAGES[language], *common, "-c", str(ROOT / TEST), "-o", f"{program}.o"], check=True)
    subprocess.run(
        [LANGUAGES[language][0], *flags, f"{program}.o", *objects, "-o", str(program), f"-L{KIT.parent}", "-levcp-test",
         f"-Wl,-rpath,{KIT.parent}"],
        check=True,
    )
    return str(program)


def plays_all(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    scenarios = len(re.findall(r"^    SCENARIO\(\w+\),$", (ROOT / TEST).read_text(), re.MULTILINE))
    assert scenarios >= 15
    assert (done.returncode, done.stderr) == (0, f"{scenarios} scenarios, 0 failures\n")
    return done.stdout


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_scenario_ends_well_and_the_same_each_time(language, tmp_path):
    program = built(tmp_path, language)
    shown = []
    for name in ("once", "again"):
        (tmp_path / name).mkdir()
        shown.append(plays_all(program, tmp_path / name))
    assert shown[0] == shown[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_scenario_is_clean_under_sanitizers(language, tmp_path):
    plays_all(built(tmp_path, language, *SANITIZE), tmp_path)


def test_every_scenario_is_clean_under_valgrind(tmp_path):
    plays_all(*VALGRIND, built(tmp_path, "c", "-g"), tmp_path)


def test_a_scenario_that_there_is_not_is_a_failure(tmp_path):
    assert subprocess.run([built(tmp_path, "c"), tmp_path, "nothing"], capture_output=True).returncode == 1


def test_the_commands_in_its_comment_build_and_play_it():
    source = (ROOT / TEST).read_text()
    commands = re.search(r"make kit\n(.*?)\n \*\n", source, re.DOTALL).group(1).replace("\n *", "\n")[2:]
    shutil.rmtree(ROOT / "target" / "scenarios", ignore_errors=True)
    done = subprocess.run(["sh", "-e"], input=commands, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and "0 failures" in done.stderr, done.stderr
