"""The core cases of certification: meter values by interval and by the clock."""

import pytest

from steps import TAG, TOLERANCE_S, change, charge, samples, value_of, well_formed
from wire_checker import parse_time

ALL = "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,SoC,Temperature"
SOME = "Energy.Active.Import.Register,Power.Active.Import"
ENERGY = "Energy.Active.Import.Register"

#: Everything off: what a test switches on is all there is.
OFF = {
    "MeterValueSampleInterval": "0", "ClockAlignedDataInterval": "0", "MeterValuesSampledData": ENERGY,
    "MeterValuesAlignedData": ENERGY, "StopTxnSampledData": "", "StopTxnAlignedData": "",
}


async def measuring(booted, **keys):
    """A charge point whose meters can tell all that a meter can."""
    simulator, point = await booted(keys={**OFF, **keys})
    for connector in (1, 2):
        await simulator.do("meter", connector=connector, soc=50, temperature_c=25)
    return simulator, point


async def sampled(point, session, count):
    """The session's MeterValues once there are so many."""
    await point.until(lambda: len(session.values) >= count, f"{count} MeterValues")
    return session.values


def times(messages):
    return [parse_time(value["timestamp"]) for message in messages for value in message["meterValue"]]


def measurands(found):
    return {sample.get("measurand", ENERGY) for _, sample in found}


def off_grid(time, interval_s):
    """How far a time is from the clock's grid, in seconds."""
    second = (time.hour * 60 + time.minute) * 60 + time.second + time.microsecond / 1e6
    return min(second % interval_s, interval_s - second % interval_s)


@pytest.mark.parametrize("configured", [ALL, ""])
# cases: TC_070; rules: 73, 75, 77, 78, 80
async def test_samples_come_each_interval_with_all_that_is_configured(booted, configured):
    simulator, point = await measuring(booted, MeterValueSampleInterval="1", MeterValuesSampledData=configured)
    assert await value_of(point, "MeterValuesSampledData") == configured
    session = await charge(simulator, point)
    messages = await sampled(point, session, 3)
    began = parse_time(session.start["timestamp"])
    for number, message in enumerate(messages[:3], 1):
        assert (message["connectorId"], message["transactionId"]) == (1, session.transaction_id)
        assert abs((times([message])[0] - began).total_seconds() - number) <= TOLERANCE_S
        found = samples([message], "Sample.Periodic")
        assert len(found) == sum(len(value["sampledValue"]) for value in message["meterValue"])
        assert measurands(found) == set((configured or ENERGY).split(","))
        assert all(well_formed(sample) for _, sample in found)


# cases: TC_070; rules: 73
async def test_a_changed_sample_interval_is_effective_in_a_running_transaction(booted):
    simulator, point = await measuring(booted)
    session = await charge(simulator, point)
    await change(point, "MeterValueSampleInterval", "1")
    first, second, *_ = times(await sampled(point, session, 2))
    assert abs((second - first).total_seconds() - 1) <= TOLERANCE_S


@pytest.mark.parametrize("interval", ["1", "0"])
# cases: TC_070; rules: 76, 81, 83, 84
async def test_the_stop_carries_the_samples_of_the_transaction(booted, interval):
    simulator, point = await measuring(booted, MeterValueSampleInterval=interval, StopTxnSampledData=SOME)
    session = await charge(simulator, point)
    await simulator.do("meter", connector=1, wh=1000)
    if interval != "0":
        await sampled(point, session, 2)
    await simulator.tag(1, TAG)
    stop = await point.wait("StopTransaction")
    data = [{"meterValue": stop["transactionData"]}]
    assert times(data) == sorted(times(data))
    for context, register, at in (
        ("Transaction.Begin", session.meter_start, session.start["timestamp"]),
        ("Transaction.End", stop["meterStop"], stop["timestamp"]),
    ):
        found = samples(data, context)
        assert measurands(found) == set(SOME.split(",")), context
        assert all(abs((time - parse_time(at)).total_seconds()) <= TOLERANCE_S for time, _ in found)
        assert [float(one["value"]) for _, one in found if one.get("measurand", ENERGY) == ENERGY] == [register]
    between = samples(data, "Sample.Periodic")
    assert (len(between) >= 4) == (interval != "0") and measurands(between) <= set(SOME.split(","))
    assert all(well_formed(sample) for value in stop["transactionData"] for sample in value["sampledValue"])


# cases: TC_071; rules: 81
async def test_the_stop_carries_the_clock_aligned_values_of_the_transaction(booted):
    simulator, point = await measuring(booted, ClockAlignedDataInterval="1", StopTxnAlignedData=SOME)
    session = await charge(simulator, point)
    await sampled(point, session, 2)
    await simulator.tag(1, TAG)
    stop = await point.wait("StopTransaction")
    data = [{"meterValue": stop["transactionData"]}]
    assert times(data) == sorted(times(data))
    for context in ("Transaction.Begin", "Sample.Clock", "Transaction.End"):
        assert measurands(samples(data, context)) == set(SOME.split(",")), context
    assert len({time for time, _ in samples(data, "Sample.Clock")}) >= 2
    assert not samples(data, "Sample.Periodic")


# cases: TC_070, TC_071; rules: 81
async def test_the_stop_carries_no_values_if_none_are_configured(booted):
    simulator, point = await measuring(booted, MeterValueSampleInterval="1", ClockAlignedDataInterval="1")
    session = await charge(simulator, point)
    await sampled(point, session, 2)
    await simulator.tag(1, TAG)
    stop = await point.wait("StopTransaction")
    assert not stop.get("transactionData")


# cases: TC_071; rules: 74, 75
async def test_clock_aligned_values_lie_on_the_grid_of_the_clock(booted):
    simulator, point = await measuring(booted, ClockAlignedDataInterval="2", MeterValuesAlignedData=ALL)
    session = await charge(simulator, point)
    messages = (await sampled(point, session, 3))[:3]
    for message in messages:
        assert (message["connectorId"], message["transactionId"]) == (1, session.transaction_id)
        assert off_grid(times([message])[0], 2) <= TOLERANCE_S
        found = samples([message], "Sample.Clock")
        assert len(found) == sum(len(value["sampledValue"]) for value in message["meterValue"])
        assert measurands(found) == set(ALL.split(","))
        assert all(sample["context"] == "Sample.Clock" and well_formed(sample) for _, sample in found)
    first, second, third = times(messages)
    for step in (second - first, third - second):
        assert abs(step.total_seconds() - 2) <= TOLERANCE_S


# cases: TC_071; rules: 74
async def test_clock_aligned_values_come_without_a_transaction_too(booted):
    _, point = await measuring(booted, ClockAlignedDataInterval="2")
    for connector in (1, 2):
        values = await point.wait("MeterValues", connectorId=connector)
        assert "transactionId" not in values
        assert off_grid(times([values])[0], 2) <= TOLERANCE_S
        assert measurands(samples([values], "Sample.Clock")) == {ENERGY}


# cases: TC_070, TC_071; rules: 73, 74, 75
async def test_both_kinds_of_values_come_side_by_side(booted):
    simulator, point = await measuring(
        booted, MeterValueSampleInterval="2", ClockAlignedDataInterval="2", MeterValuesSampledData=SOME,
        MeterValuesAlignedData="Voltage",
    )
    session = await charge(simulator, point)

    def count(context):
        return len({time for time, _ in samples(session.values, context)})

    await point.until(lambda: count("Sample.Periodic") >= 2 and count("Sample.Clock") >= 2, "two of each kind")
    assert measurands(samples(session.values, "Sample.Periodic")) == set(SOME.split(","))
    assert measurands(samples(session.values, "Sample.Clock")) == {"Voltage"}
    assert all(off_grid(time, 2) <= TOLERANCE_S for time, _ in samples(session.values, "Sample.Clock"))


@pytest.mark.parametrize(
    "key", ["MeterValuesSampledData", "MeterValuesAlignedData", "StopTxnSampledData", "StopTxnAlignedData"]
)
# cases: TC_070, TC_071; rules: 79
async def test_a_measurand_that_the_meter_does_not_measure_is_rejected(booted, key):
    _, point = await booted(keys={key: ENERGY}, measurands=[ENERGY, "Voltage"])
    await change(point, key, "Voltage")
    for wrong in ("SoC", f"{ENERGY},Power.Active.Import", "Nonsense", f"{ENERGY};Voltage"):
        await change(point, key, wrong, "Rejected")
    assert await value_of(point, key) == "Voltage"
    await change(point, key, f"Voltage,{ENERGY}")


@pytest.mark.parametrize(
    "key", ["MeterValuesSampledData", "MeterValuesAlignedData", "StopTxnSampledData", "StopTxnAlignedData"]
)
# cases: TC_070, TC_071; rules: 79
async def test_a_list_of_measurands_has_a_greatest_length(booted, key):
    _, point = await booted()
    answer = await point.call("GetConfiguration", key=[f"{key}MaxLength"])
    assert not answer.unknown_key and answer.configuration_key[0]["readonly"] is True
    most = int(answer.configuration_key[0]["value"])
    assert most >= 1
    await change(point, key, ",".join(["SoC"] * (most + 1)), "Rejected")
