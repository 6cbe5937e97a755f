"""Feedback of contactor and lock, through Python."""

import evcp
import pytest
from evcp import Change, ErrorCode, Ev, EvcpError, Fault, Feedback

from binding import Charger, config

BOTH = {1: {Feedback.CONTACTOR, Feedback.LOCK}}


class Board(Charger):
    def on_supply(self, connector, supply):
        self.told.push({"on": "supply", "connector": connector, "permit": supply.permit, "lock": supply.lock})


async def test_a_start_waits_for_the_lock_and_charging_is_told_of_the_closed_contactor(central):
    point = central.point("PY1")
    async with Board(config(central.url, feedback=BOTH)) as charger:
        await charger.ready()
        charger.set_ev(1, Ev.CHARGING)
        charger.start_tx(1, "FREE")
        await charger.wait("supply", connector=1, lock=True)
        assert not point.seen("StartTransaction")
        charger.set_lock(1, True)
        await charger.wait("tx", change=Change.CONFIRMED)
        await charger.wait("supply", connector=1, permit=True)
        charger.set_contactor(1, True)
        await point.status(1, "Charging")
        charger.set_lock(1, False)
        assert not charger.get_supply(1).permit


async def test_a_welded_contactor_is_a_fault_at_the_central_system_until_it_opens(central):
    point = central.point("PY1")
    async with Charger(config(central.url, feedback={1: [Feedback.CONTACTOR]})) as charger:
        await charger.ready()
        charger.set_contactor(1, True)
        await charger.wait("status", connector=1, fault=Fault.POWER_SWITCH_FAILURE)
        await point.status(1, "Faulted", errorCode="PowerSwitchFailure")
        charger.set_contactor(1, False)
        await point.status(1, "Available", errorCode="NoError")


async def test_what_was_not_declared_is_refused_and_says_where_it_would_be(central):
    async with Charger(config(central.url)) as charger:
        with pytest.raises(EvcpError, match="evcp_config_set_feedback") as refused:
            charger.set_lock(1, True)
        assert refused.value.code is ErrorCode.STATE
        with pytest.raises(EvcpError, match="EVCP_FEEDBACK_CONTACTOR"):
            charger.set_contactor(1, True)
        with pytest.raises(EvcpError, match="connector 9"):
            charger.set_contactor(9, True)


@pytest.mark.parametrize("wrong", [{2: [Feedback.LOCK]}, {1: [4]}, {1: [-1]}])
def test_what_cannot_report_is_refused(wrong):
    with pytest.raises(EvcpError):
        evcp.ChargePoint(config(feedback=wrong))


def test_a_fixed_cable_has_no_lock_to_report():
    with pytest.raises(EvcpError, match="fixed cable"):
        evcp.ChargePoint(config(feedback=BOTH, fixed_cables=[1]))
