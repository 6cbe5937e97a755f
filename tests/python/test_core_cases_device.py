"""The core cases of certification: reset, locks, configuration, faults, data."""

import pytest

from steps import (
    TAG, availability, boot_statuses, change, charge, later_session, remote_stop, starts, value_of,
)

EVERY_RESET = pytest.mark.parametrize("kind", ["Hard", "Soft"])

#: Keys by feature profile: "RW", "R", or both where the charge point may choose.
REQUIRED = {
    "Core": {
        "RW": """ClockAlignedDataInterval ConnectionTimeOut ConnectorPhaseRotation HeartbeatInterval
            LocalAuthorizeOffline LocalPreAuthorize MeterValuesAlignedData MeterValuesSampledData
            MeterValueSampleInterval ResetRetries StopTransactionOnInvalidId StopTxnAlignedData StopTxnSampledData
            TransactionMessageAttempts TransactionMessageRetryInterval""",
        "R or RW": "AuthorizeRemoteTxRequests StopTransactionOnEVSideDisconnect UnlockConnectorOnEVSideDisconnect",
        "R": "GetConfigurationMaxKeys NumberOfConnectors SupportedFeatureProfiles",
    },
    "LocalAuthListManagement": {"RW": "LocalAuthListEnabled", "R": "LocalAuthListMaxLength SendLocalListMaxLength"},
    "SmartCharging": {
        "R": """ChargeProfileMaxStackLevel ChargingScheduleAllowedChargingRateUnit ChargingScheduleMaxPeriods
            MaxChargingProfilesInstalled""",
    },
    "FirmwareManagement": {},
    "Reservation": {},
    "RemoteTrigger": {},
}


@EVERY_RESET
# cases: TC_013, TC_014; rules: 27, 47, 119
async def test_a_reset_keeps_a_connector_unavailable(booted, kind):
    simulator, point = await booted()
    await availability(point, 1, "Inoperative")
    await point.status(1, "Unavailable")
    answer = await point.call("Reset", type=kind)
    assert answer.status == "Accepted"
    await simulator.wait("reset", type=kind)
    assert await boot_statuses(point, 2) == ["Available", "Unavailable", "Available"]
    point.forget()
    await availability(point, 1, "Operative")
    await point.status(1, "Available")


@EVERY_RESET
# cases: TC_015, TC_016; rules: 118, 119, 120
async def test_a_reset_ends_the_transaction_and_finds_the_vehicle_still_there(booted, kind):
    simulator, point = await booted()
    session = await charge(simulator, point)
    answer = await point.call("Reset", type=kind)
    assert answer.status == "Accepted"
    await point.wait("StopTransaction", transactionId=session.transaction_id, reason=f"{kind}Reset")
    statuses = await boot_statuses(point, 2)
    assert statuses[0] == statuses[2] == "Available" and statuses[1] in ("Preparing", "Finishing")
    if kind == "Soft":
        actions = [call["action"] for call in point.calls.items]
        boot = len(actions) - 1 - actions[::-1].index("BootNotification")
        assert "StopTransaction" in actions[:boot], "a soft reset stops before the restart"


# cases: TC_017_1; rules: 106
async def test_an_idle_connector_is_unlocked(booted):
    _, point = await booted()
    answer = await point.call("UnlockConnector", connector_id=1)
    assert answer.status == "Unlocked"


# cases: TC_017_2; rules: 106
async def test_an_idle_fixed_cable_cannot_be_unlocked(booted):
    _, point = await booted(lockable=False)
    answer = await point.call("UnlockConnector", connector_id=1)
    assert answer.status == "NotSupported"


# cases: TC_018_1; rules: 107
async def test_unlocking_ends_the_transaction(booted):
    simulator, point = await booted()
    session = await charge(simulator, point)
    answer = await point.call("UnlockConnector", connector_id=1)
    assert answer.status == "Unlocked"
    await point.wait("StopTransaction", transactionId=session.transaction_id, reason="UnlockCommand")
    await point.status(1, "Finishing")
    await simulator.plug_out(1)
    await point.status(1, "Available")


# cases: TC_018_2; rules: 106
async def test_a_fixed_cable_charges_on_when_it_is_to_be_unlocked(booted):
    simulator, point = await booted(lockable=False)
    session = await charge(simulator, point)
    answer = await point.call("UnlockConnector", connector_id=1)
    assert answer.status == "NotSupported"
    await later_session(simulator, point)
    assert session.stop is None
    await remote_stop(point, session)
    await point.status(1, "Finishing")
    await simulator.plug_out(1)
    await point.status(1, "Available")


# cases: TC_019; rules: 121, 123
async def test_the_configuration_has_every_required_key_with_its_rights(booted):
    secret = "0123456789abcdeffedcba9876543210"
    _, point = await booted(security={"profile": 0, "authorization_key": secret})
    answer = await point.call("GetConfiguration", key=["SupportedFeatureProfiles"])
    assert not answer.unknown_key
    profiles = [name.strip() for name in answer.configuration_key[0]["value"].split(",")]
    assert "Core" in profiles and set(profiles) <= set(REQUIRED)
    answer = await point.call("GetConfiguration")
    keys = {one["key"]: one for one in answer.configuration_key}
    assert len(keys) == len(answer.configuration_key), "no key is listed twice"
    for profile in profiles:
        for rights, names in REQUIRED[profile].items():
            for name in names.split():
                assert name in keys, name
                assert {"RW": False, "R": True}.get(rights, keys[name]["readonly"]) == keys[name]["readonly"], name
    assert keys["NumberOfConnectors"]["value"] == "2"
    assert not keys.get("AuthorizationKey", {}).get("value")
    assert not any(secret in text.lower() for _, text in point.frames)
    most = int(await value_of(point, "GetConfigurationMaxKeys"))
    assert most > 0
    some = sorted(set(keys) - {"AuthorizationKey"})[:most]
    answer = await point.call("GetConfiguration", key=some)
    assert sorted(one["key"] for one in answer.configuration_key) == some
    assert not answer.unknown_key


# cases: TC_021; rules: 122
async def test_a_changed_key_has_its_new_value(booted):
    _, point = await booted()
    assert await value_of(point, "MeterValueSampleInterval") != "17"
    await change(point, "MeterValueSampleInterval", "17")
    assert await value_of(point, "MeterValueSampleInterval") == "17"


@pytest.mark.parametrize("authorize", ["true", "false"])
# cases: TC_024
async def test_a_lock_that_fails_lets_nobody_charge(booted, authorize):
    simulator, point = await booted(keys={"AuthorizeRemoteTxRequests": authorize})
    assert await value_of(point, "AuthorizeRemoteTxRequests") == authorize
    answer = await point.call("RemoteStartTransaction", id_tag=TAG, connector_id=1)
    assert answer.status == "Accepted"
    await point.status(1, "Preparing")
    await simulator.do("lock", connector=1, fail=True)
    await simulator.plug_in(1)
    await point.status(1, "Faulted", errorCode="ConnectorLockFailure")
    await later_session(simulator, point)
    assert starts(point) == ["LATER"]


# cases: TC_030; rules: 106
async def test_a_lock_that_is_stuck_is_reported(booted):
    simulator, point = await booted()
    await simulator.do("lock", connector=1, fail=True)
    answer = await point.call("UnlockConnector", connector_id=1)
    assert answer.status == "UnlockFailed"


@pytest.mark.parametrize("connector", [3, 99])
# cases: TC_031; rules: 106
async def test_a_connector_that_does_not_exist_cannot_be_unlocked(booted, connector):
    _, point = await booted()
    answer = await point.call("UnlockConnector", connector_id=connector)
    assert answer.status == "NotSupported"


# cases: TC_040_1; rules: 122
async def test_an_unknown_key_is_not_supported(booted):
    _, point = await booted()
    await change(point, "Testing", "true", "NotSupported")
    answer = await point.call("GetConfiguration", key=["Testing"])
    assert answer.unknown_key == ["Testing"]


@pytest.mark.parametrize("value", ["-1", "soon", "1.5", ""])
# cases: TC_040_2; rules: 122
async def test_an_interval_that_is_none_is_rejected_and_changes_nothing(booted, value):
    _, point = await booted(keys={"MeterValueSampleInterval": "21"})
    await change(point, "MeterValueSampleInterval", value, "Rejected")
    assert await value_of(point, "MeterValueSampleInterval") == "21"


@pytest.mark.parametrize("first", ["plug", "tag"])
# cases: TC_041; rules: 44, 103
async def test_nobody_can_charge_at_a_connector_that_is_faulted(booted, first):
    simulator, point = await booted()
    await simulator.do("fault", connector=1, error_code="GroundFailure", info="leaks")
    faulted = await point.status(1, "Faulted")
    assert (faulted["errorCode"], faulted["info"]) == ("GroundFailure", "leaks")
    if first == "plug":
        await simulator.plug_in(1)
        await simulator.tag(1, TAG)
    else:
        await simulator.tag(1, TAG)
        await simulator.plug_in(1)
    answer = await point.call("RemoteStartTransaction", id_tag=TAG, connector_id=1)
    assert answer.status == "Rejected"
    await later_session(simulator, point)
    assert starts(point) == ["LATER"]
    assert {one["status"] for one in point.seen("StatusNotification", connectorId=1)} == {"Available", "Faulted"}


@pytest.mark.parametrize("members", [{}, {"message_id": "hello", "data": "{}"}])
# cases: TC_062; rules: 131
async def test_data_of_an_unknown_vendor_is_refused(booted, members):
    _, point = await booted()
    answer = await point.call("DataTransfer", vendor_id="org.example.unknown", **members)
    assert answer.status == "UnknownVendorId" and answer.data is None
