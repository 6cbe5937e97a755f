"""Programs that a test starts: how they end."""

import asyncio

from feed import PATIENCE


async def ended(process, patience=3 * PATIENCE, stdin=None):
    """How a program ended: (code, stdout, stderr). One that hangs is ended here, for the tests that follow."""
    try:
        out, err = await asyncio.wait_for(process.communicate(stdin), patience)
    finally:
        if process.returncode is None:
            process.kill()
    return process.returncode, out, err
