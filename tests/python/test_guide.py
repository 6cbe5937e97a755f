"""The snippets of docs/guide.md compile, and its program runs."""

import re
import subprocess

import pytest

from test_c_api import ROOT, WARNINGS, compiled, run

BLOCKS = re.findall(r"```c\n(.*?)```", (ROOT / "docs" / "guide.md").read_text(), re.DOTALL)


async def test_the_program_runs_and_switches_nothing_on(tmp_path):
    (program,) = [block for block in BLOCKS if "int main(" in block]
    source = tmp_path / "guide.c"
    source.write_text(program)
    assert "connector 1: off, 0.0 A" in await run([compiled(source, tmp_path)])


@pytest.mark.parametrize("number", range(len(BLOCKS)))
async def test_every_snippet_compiles(number, tmp_path):
    source = tmp_path / "snippet.c"
    source.write_text(BLOCKS[number])
    # Functions that nobody calls are the point of a snippet.
    await run(["cc", "-std=c11", *WARNINGS, "-Wno-unused-function", f"-I{ROOT / 'include'}", "-fsyntax-only", str(source)])


def test_every_function_that_the_guide_names_exists():
    text = (ROOT / "docs" / "guide.md").read_text()
    header = (ROOT / "include" / "evcp.h").read_text()
    for name in re.findall(r"\b(evcp_\w+)\(", text) + re.findall(r"\b(EVCP_\w+|on_\w+)\b", text):
        assert name in header, name


def test_the_chart_is_what_the_library_says():
    drawn = subprocess.run(
        ["cargo", "run", "--quiet", "--example", "schedule"], cwd=ROOT, check=True, capture_output=True, text=True,
    )
    assert drawn.stdout == (ROOT / "docs" / "smart-charging.svg").read_text()
