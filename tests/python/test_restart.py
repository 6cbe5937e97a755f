"""Before an update: through Python."""

from binding import TAG, Charger, config
from evcp import Auth, Change, Ev, Reason, Status, Verdict, Why, name


class Updated(Charger):
    def on_drained(self, restart):
        self.told.push({"on": "drained", **vars(restart)})


async def test_a_charger_is_drained_before_an_update(central, tmp_path):
    point = central.point("PY1")
    async with Updated(config(central.url, storage=tmp_path)) as charger:
        await charger.ready()
        assert charger.get_restart().verdict is Verdict.FREE
        charger.set_ev(1, Ev.PLUGGED)
        charger.present_tag(1, TAG)
        await charger.wait("tx", change=Change.CONFIRMED)
        now = charger.get_restart()
        assert (now.verdict, now.transactions, now.draining) == (Verdict.SESSION, 1, False)
        charger.set_draining(True)
        charger.present_tag(1, "OTHER")
        told = await charger.wait("auth", status=Auth.CONCURRENT_TX)
        assert told["why"] is Why.DRAINING
        charger.stop_tx(1, Reason.LOCAL)
        told = await charger.wait("drained")
        assert (told["verdict"], told["transactions"], told["draining"]) == (Verdict.FREE, 0, True)
        await point.status(1, "Unavailable")
        charger.set_draining(False)
        await charger.wait("status", connector=1, status=Status.FINISHING)
    assert name(Verdict.DATA) == "data"
