"""Every frame on the host's thread: through C (plain, sanitizers, valgrind) and through Python."""

import asyncio
import json

import evcp
import pytest
from evcp import Direction

from binding import Charger, config
from test_c_api import SANITIZE, VALGRIND, compiled, run

PROGRAM = "tests/capi/every_frame.c"
SECRET = "0123456789abcdef"


async def change(point, key, value):
    return (await point.call("ChangeConfiguration", key=key, value=value)).status


async def play(command, central, *arguments):
    point = central.point("FRAMES")
    program = asyncio.ensure_future(run([*command, central.url, *arguments]))
    await point.wait("BootNotification", timeout=60)
    assert await change(point, "AuthorizationKey", SECRET) == "Accepted"
    assert "0 failures" in await program


async def test_a_program_in_c_sees_every_frame_without_its_secrets(central, tmp_path):
    await play([compiled(PROGRAM, tmp_path)], central)


async def test_it_sees_secrets_when_it_asks_for_them(central, tmp_path):
    await play([compiled(PROGRAM, tmp_path)], central, "whole")


async def test_it_is_clean_under_sanitizers(central, tmp_path):
    await play([compiled(PROGRAM, tmp_path, *SANITIZE)], central)


async def test_it_is_clean_under_valgrind(central, tmp_path):
    await play([*VALGRIND, compiled(PROGRAM, tmp_path, "-g")], central)


class Watching(Charger):
    def on_frame(self, frame):
        self.told.push({"on": "frame", "frame": frame, "direction": frame.direction, "json": json.loads(frame.text)})

    def frames(self):
        return [it["frame"] for it in self.told.items if it["on"] == "frame"]


@pytest.mark.parametrize("whole", [False, True])
async def test_python_sees_every_frame(central, whole):
    point = central.point("PY1")
    async with Watching(config(central.url, settings={"frames.secrets": whole})) as charger:
        await charger.ready()
        sent = [json.loads(it.text) for it in charger.frames() if it.direction is Direction.SENT]
        assert sent[0][2] == "BootNotification"
        url = "ftp://me:secret@host/x"
        reply = await point.call("DataTransfer", vendor_id="org.example", data=url)
        assert reply.status == "UnknownVendorId"
        asked = [it for it in charger.frames() if "org.example" in it.text]
        assert len(asked) == 1 and asked[0].masked is not whole and asked[0].dropped == 0
        assert ("me:secret@host" in asked[0].text) is whole and ("me:***@host" in asked[0].text) is not whole


async def test_who_does_not_dispatch_loses_the_oldest_frames_and_nothing_else(central):
    point = central.point("PY1")
    charger = Watching(config(central.url))
    charger.start()
    try:
        await point.wait("BootNotification")
        for _ in range(200):
            await point.call("GetConfiguration", key=["HeartbeatInterval"])
        while charger.dispatch() > 0:
            pass
        frames = charger.frames()
        assert len(frames) == 256 and frames[0].dropped >= 140 and not any(it.dropped for it in frames[1:])
        assert charger.get_link().link is evcp.Link.CONNECTED
        assert [it for it in charger.told.items if it["on"] == "boot"]
    finally:
        charger.close()
