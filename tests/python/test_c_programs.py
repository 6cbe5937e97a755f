"""The programs in C that need nothing but a central system: plain, under sanitizers and under valgrind."""

import pytest

from test_c_api import SANITIZE, VALGRIND, compiled, run

PROGRAMS = ["display", "feedback", "free_charging", "log_of_each", "network", "restart", "test_capi", "watchdog",
            "what_is_the_case"]
#: What they are compiled with, and what they run under.
WAYS = {"plain": ([], []), "sanitizers": (SANITIZE, []), "valgrind": (["-g"], VALGRIND)}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", PROGRAMS)
async def test_the_program_finds_every_promise_kept(name, way, central, tmp_path):
    flags, under = WAYS[way]
    program = compiled(f"tests/capi/{name}.c", tmp_path, *flags)
    assert "0 failures" in await run([*under, program, central.url, str(tmp_path / "state")])
