"""What a firmware can ask at any time: through Python."""

import evcp
import pytest
from evcp import Boot, Ev, ErrorCode, EvcpError, Fault, Link, Status

from binding import TAG, Charger, config


async def test_python_is_told_what_is_the_case(central):
    async with Charger(config(central.url, keys=[evcp.Key("Brightness", "50", read_only=True)])) as charger:
        tx = await charger.charge()
        assert charger.get_link().link is Link.CONNECTED
        boot = charger.get_registration()
        assert boot.status is Boot.ACCEPTED and boot.interval_s == 86400
        assert charger.get_tx_info(1) == tx
        charger.set_fault(1, Fault.HIGH_TEMPERATURE, "60 degrees", "T1")
        charger.set_warning(1, Fault.WEAK_SIGNAL)
        await charger.wait("status", status=Status.FAULTED)
        await central.point("PY1").status(1, "Faulted")
        charger.set_ev(1, Ev.PLUGGED)
        fault, *rest = charger.get_faults(1)
        assert fault == evcp.FaultInfo(
            1, Fault.HIGH_TEMPERATURE, warning=False, shown=True, own=False, info="60 degrees", vendor_code="T1"
        )
        assert [it.fault for it in rest if it.warning and not it.shown] in ([], [Fault.WEAK_SIGNAL])
        assert charger.get_faults(0) == []
        charger.present_tag(1, TAG)
        await charger.wait("tx", change=evcp.Change.STOPPED)
        assert charger.get_tx_info(1) is None


def test_python_lists_every_key_once():
    with Charger(config(keys=[evcp.Key("Brightness", "x" * 500, reboot_required=True)])) as charger:
        keys = charger.get_keys()
        assert len({key.key for key in keys}) == len(keys) > 40
        assert keys[-1] == evcp.KeyInfo("Brightness", "x" * 500, read_only=False, reboot_required=True)
        by_name = {key.key: key for key in keys}
        assert by_name["NumberOfConnectors"] == evcp.KeyInfo("NumberOfConnectors", "1", True, False)
        assert by_name["AuthorizationKey"].value is None
        assert all(key.value is None or charger.get_key(key.key) == key.value for key in keys)


def test_before_the_start_nothing_is_the_case():
    charger = Charger(config())
    assert charger.get_link() == evcp.ConnectionInfo(Link.DISCONNECTED, "", slot=1)
    assert charger.get_registration() is None and charger.get_tx_info(1) is None and charger.get_faults(1) == []
    for ask in (charger.get_tx_info, charger.get_faults):
        with pytest.raises(EvcpError, match="connector 2") as caught:
            ask(2)
        assert caught.value.code is ErrorCode.INVALID
    charger.close()
    with pytest.raises(EvcpError) as caught:
        charger.get_link()
    assert caught.value.code is ErrorCode.CLOSED
