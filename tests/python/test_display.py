"""What a display can say of a tag: through Python."""

from binding import TAG, Charger, config
from evcp import Auth, By, Change, Ev, Fault, For, Why, name


class Display(Charger):
    def on_timeout(self, timeout):
        self.told.push({"on": "timeout", **vars(timeout)})


async def test_python_is_told_where_for_what_and_why_not(central):
    async with Display(config(central.url)) as charger:
        await charger.ready()
        charger.set_fault(1, Fault.GROUND_FAILURE)
        charger.present_tag(1, TAG)
        told = await charger.wait("auth", status=Auth.CONCURRENT_TX)
        assert (told["reader"], told["by"], told["purpose"], told["why"]) == (1, By.READER, For.START, Why.FAULTED)
        assert told["connector"] == 0
        charger.set_fault(1, Fault.NO_ERROR)
        charger.set_ev(1, Ev.PLUGGED)
        await central.point("PY1").call("RemoteStartTransaction", id_tag=TAG)
        told = await charger.wait("auth", status=Auth.ACCEPTED)
        assert (told["reader"], told["by"], told["why"]) == (0, By.CENTRAL_SYSTEM, Why.NONE)
        await charger.wait("tx", change=Change.STARTED)
        charger.present_tag(1, TAG)
        assert await charger.wait("auth", purpose=For.STOP, status=Auth.ACCEPTED)


async def test_python_is_told_when_nobody_plugged_in_in_time(central):
    async with Display(config(central.url, settings={"ConnectionTimeOut": 1})) as charger:
        await charger.ready()
        charger.start_tx(1, "FREE")
        told = await charger.wait("timeout")
        assert (told["connector"], told["reader"], told["by"], told["tag"]) == (1, 1, By.CHARGER, "FREE")


def test_the_new_constants_have_names():
    assert name(Why.OTHER_TAG_CHARGES) == "other tag charges"
    assert name(For.TAKE_BACK) == "take back"
    assert name(By.CENTRAL_SYSTEM) == "central system"
