"""The programs in C that need nothing but a central system: plain, under sanitizers and under valgrind."""

import pytest

from test_c_api import LIBRARY, SANITIZE, VALGRIND, compiled, named_library, run

PROGRAMS = ["display", "feedback", "free_charging", "local_limits", "log_of_each", "network", "profiles", "restart",
            "test_capi", "watchdog", "what_is_the_case"]
#: Under valgrind with a library as it is written: an optimizer may compare a time that is not there before it looks
#: whether there is one (LocalLimits::expire, all of it safe Rust), and valgrind takes that for a use of it.
UNOPTIMISED = ["local_limits"]
#: What they are compiled with, and what they run under.
WAYS = {"plain": ([], []), "sanitizers": (SANITIZE, []), "valgrind": (["-g"], VALGRIND)}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", PROGRAMS)
async def test_the_program_finds_every_promise_kept(name, way, central, tmp_path):
    flags, under = WAYS[way]
    library = named_library() if under and name in UNOPTIMISED else LIBRARY
    program = compiled(f"tests/capi/{name}.c", tmp_path, *flags, library=library)
    assert "0 failures" in await run([*under, program, central.url, str(tmp_path / "state")])
