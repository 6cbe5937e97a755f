"""Without memory the process is aborted, and the next one goes on as after a power cut."""

import asyncio
import signal

from programs import ended
from test_c_api import compiled, run

PROGRAM = "tests/capi/out_of_memory.c"


async def test_a_process_without_memory_is_aborted_and_the_next_goes_on(tmp_path):
    program = compiled(PROGRAM, tmp_path)
    nowhere, storage = "ws://127.0.0.1:9", str(tmp_path / "state")
    process = await asyncio.create_subprocess_exec(
        program, nowhere, storage, "limit", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    code, out, err = await ended(process, 120)
    assert code == -signal.SIGABRT, f"{code}\n{out.decode()}\n{err.decode()}"
    assert b"memory allocation of" in err
    assert "0 failures, transaction 1 goes on" in await run([program, nowhere, storage])
