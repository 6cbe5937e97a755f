"""The snippets of docs/guide.md and docs/migrating.md compile, and the program of the guide runs."""

import re
import subprocess

import pytest

from test_c_api import ROOT, WARNINGS, compiled, run

GUIDE, MIGRATING = ((ROOT / "docs" / name).read_text() for name in ("guide.md", "migrating.md"))
BLOCKS = [block for text in (GUIDE, MIGRATING) for block in re.findall(r"```c\n(.*?)```", text, re.DOTALL)]


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


@pytest.mark.parametrize("text", [GUIDE, MIGRATING], ids=["guide", "migrating"])
def test_every_function_that_a_guide_names_exists(text):
    headers = ((ROOT / "include" / name).read_text() for name in ("evcp.h", "evcp_test.h"))
    header = {word for text in headers for word in re.findall(r"\w+", text)}
    # With parentheses, on_...() is a function of another library.
    names = re.findall(r"\b(evcp_\w+)\(", text) + re.findall(r"\b(EVCP_\w+|on_\w+)\b(?!\()", text)
    assert len(names) > 40
    for name in names:
        assert name in header, name


def test_the_chart_is_what_the_library_says():
    drawn = subprocess.run(
        ["cargo", "run", "--quiet", "--example", "schedule"], cwd=ROOT, check=True, capture_output=True, text=True,
    )
    assert drawn.stdout == (ROOT / "docs" / "smart-charging.svg").read_text()
