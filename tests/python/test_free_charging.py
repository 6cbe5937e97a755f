"""Charging that nobody is asked a tag for: through Python."""

from binding import Charger, config
from evcp import By, Change, Ev, Reason


async def test_the_operator_switches_tags_off_and_on(central):
    point = central.point("PY1")
    async with Charger(config(central.url)) as charger:
        await charger.ready()
        charger.set_ev(1, Ev.ABSENT)
        for key, value in (("RfidTagFreeCharging", "PARK"), ("FreeCharging", "true")):
            assert (await point.call("ChangeConfiguration", key=key, value=value)).status == "Accepted"
        charger.set_ev(1, Ev.PLUGGED)
        told = await charger.wait("auth")
        assert (told["by"], told["tag"]) == (By.FREE_CHARGING, "PARK")
        await charger.wait("tx", change=Change.CONFIRMED)
        assert not point.seen("Authorize")
        charger.stop_tx(1, Reason.LOCAL)
        await charger.wait("tx", change=Change.STOPPED)
        assert (await point.call("ChangeConfiguration", key="freecharging", value="false")).status == "Accepted"
        charger.set_ev(1, Ev.ABSENT)
        charger.set_ev(1, Ev.PLUGGED)
        await point.status(1, "Preparing")
        assert len(point.books.of_tag("PARK")) == 1
