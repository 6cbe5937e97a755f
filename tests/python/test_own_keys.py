"""Keys of the firmware's own: limits and questions, through C (plain, sanitizers, valgrind) and through Python."""

import asyncio

import evcp
import pytest
from evcp import Answer, ErrorCode, EvcpError, Key, KeyKind

from binding import Charger, config
from test_c_api import SANITIZE, VALGRIND, compiled, run

PROGRAM = "tests/capi/own_keys.c"
BRIGHTNESS = Key("Brightness", "50", kind=KeyKind.INTEGER, maximum=100, asks=True)


async def change(point, key, value):
    return (await point.call("ChangeConfiguration", key=key, value=value)).status


async def play(command, central):
    """Changes the keys of the program in C, which answers as its text says."""
    point = central.point("KEYS")
    program = asyncio.ensure_future(run([*command, central.url]))
    await point.wait("BootNotification", timeout=60)
    assert await change(point, "Brightness", "101") == "Rejected"
    assert await change(point, "brightness", "70") == "Accepted"
    assert await change(point, "Brightness", "80") == "RebootRequired"
    assert await change(point, "Brightness", "90") == "Rejected"
    assert await change(point, "Brightness", "bright") == "Rejected"
    assert await change(point, "Brightness", "42") == "Accepted"
    shown = await point.call("GetConfiguration", key=["Brightness"])
    assert shown.configuration_key == [{"key": "Brightness", "readonly": False, "value": "42"}]
    assert await change(point, "Done", "true") == "Accepted"
    assert "0 failures" in await program


async def test_a_program_in_c_is_asked_before_its_keys_change(central, tmp_path):
    await play([compiled(PROGRAM, tmp_path)], central)


async def test_it_is_clean_under_sanitizers(central, tmp_path):
    await play([compiled(PROGRAM, tmp_path, *SANITIZE)], central)


async def test_it_is_clean_under_valgrind(central, tmp_path):
    await play([*VALGRIND, compiled(PROGRAM, tmp_path, "-g")], central)


async def test_python_is_asked_before_its_keys_change(central):
    class Judge(Charger):
        async def on_key_change(self, wanted):
            self.told.push({"on": "wanted", **vars(wanted)})
            assert self.get_key("Brightness") != wanted.value
            return {"70": Answer.ACCEPTED, "80": Answer.REBOOT_REQUIRED}.get(wanted.value, Answer.REJECTED)

    point = central.point("PY1")
    async with Judge(config(central.url, keys=[BRIGHTNESS])) as charger:
        await charger.ready()
        assert await change(point, "Brightness", "101") == "Rejected"
        assert await change(point, "brightness", "70") == "Accepted"
        # 101 was no question.
        assert (await charger.wait("wanted"))["value"] == "70"
        assert (await charger.wait("key", key="Brightness"))["value"] == "70"
        assert await change(point, "Brightness", "80") == "RebootRequired"
        assert await change(point, "Brightness", "90") == "Rejected"
        assert charger.get_key("Brightness") == "80"
        charger.set_key("Brightness", "10")
        with pytest.raises(EvcpError, match="0 to 100") as refused:
            charger.set_key("Brightness", "1000")
        assert refused.value.code is ErrorCode.INVALID


async def test_a_charger_that_does_not_judge_refuses(central):
    async with Charger(config(central.url, keys=[BRIGHTNESS])) as charger:
        await charger.ready()
        assert await change(central.point("PY1"), "Brightness", "70") == "Rejected"
        assert charger.get_key("Brightness") == "50"


@pytest.mark.parametrize("key, names", [
    (Key("A", "x", kind=KeyKind.INTEGER), "\"x\""),
    (Key("A", "5", kind=KeyKind.INTEGER, minimum=6, maximum=9), "6 to 9"),
    (Key("A", "yes", kind=KeyKind.BOOLEAN), "true or false"),
    (Key("A", "green", words=["red", "blue"]), "red or blue"),
    (Key("A", "abc", maximum=2), "2 characters"),
    (Key("A", "a,b", kind=KeyKind.LIST, maximum=1), "1 at most"),
])
def test_a_value_outside_of_its_own_limits_is_named(key, names):
    with pytest.raises(EvcpError, match=names):
        evcp.ChargePoint(config(keys=[key]))
