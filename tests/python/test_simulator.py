"""The faces of the simulator that the other tests do not use: scripts, many at once, words of refusal."""

import asyncio
import json

import pytest

from certificates import Authority
from programs import ended
from simulator import program

SESSION = [
    {"cmd": "wait", "event": "boot", "status": "Accepted"},
    {"cmd": "wait", "event": "status", "connector": 2, "status": "Available"},
    {"cmd": "plug_in", "connector": 1},
    {"cmd": "present_id_tag", "id_tag": "CAFE01", "connectors": [1]},
    {"cmd": "wait", "event": "status", "connector": 1, "status": "Charging"},
    {"cmd": "sleep", "s": 0.1},
    {"cmd": "present_id_tag", "id_tag": "CAFE01", "connectors": [1]},
    {"cmd": "wait", "event": "tx", "state": "stopped", "reason": "Local"},
]


async def follow(central, folder, steps):
    script = folder / "script"
    script.write_text("# a session\n" + "\n".join(json.dumps(step) for step in steps))
    config = folder / "config.json"
    config.write_text(json.dumps({"identity": "SCRIPT", "csms": {"url": central.url}, "ev": {"reaction_s": 0.01}}))
    process = await asyncio.create_subprocess_exec(
        *program(), "--config", str(config), "--script", str(script),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )
    code, out, err = await ended(process)
    return code, out.decode(), err.decode()


async def test_a_script_that_holds_ends_with_zero(central, tmp_path):
    code, out, err = await follow(central, tmp_path, SESSION)
    assert code == 0, out + err


async def test_a_script_that_does_not_hold_names_the_line(central, tmp_path):
    wrong = {"cmd": "wait", "event": "status", "connector": 1, "status": "Reserved", "timeout_s": 0.3}
    code, _, err = await follow(central, tmp_path, [*SESSION, wrong])
    assert code != 0 and "line 10" in err and "Reserved" in err


async def test_many_charge_points_share_a_process_and_its_thread(central, tmp_path):
    identities = [f"MANY{number:04}" for number in range(1, 31)]
    process = await asyncio.create_subprocess_exec(
        *program(), "--json", "--url", central.url, "--id", "MANY", "--count", "30", "--state-dir", str(tmp_path),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
    )
    for identity in identities:
        await central.point(identity).status(2, "Available")
    process.stdin.write(b'{"id":1,"cmd":"shutdown"}\n')
    await asyncio.wait_for(process.wait(), 60)
    assert process.returncode == 0


async def test_each_frame_is_an_event_and_a_line_of_the_trace_and_says_whose_it_is(central, tmp_path):
    process = await asyncio.create_subprocess_exec(
        *program(), "--json", "--url", central.url, "--id", "A B", "--count", "2", "--trace", tmp_path / "trace",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )
    points = {f"A B{number:04}": central.point(f"A B{number:04}") for number in (1, 2)}
    for point in points.values():
        await point.status(2, "Available")
    out, _ = await asyncio.wait_for(process.communicate(b'{"id":1,"cmd":"shutdown"}\n'), 60)
    events = [json.loads(line) for line in out.splitlines()]
    assert [event["event"] for event in events][0] == "ready"
    frames = [event for event in events if event["event"] == "ocpp"]
    assert frames == [json.loads(line) for line in (tmp_path / "trace").read_text().splitlines()]
    for identity, point in points.items():
        own = [(event["direction"], event["frame"]) for event in frames if event["identity"] == identity]
        # What one side sends, the other one receives.
        assert own == [({"in": "out", "out": "in"}[direction], text) for direction, text in point.frames]


async def test_commands_that_are_not_known_or_not_right_are_refused_in_words(booted):
    simulator, _ = await booted()
    reply = await simulator.ask("firmware", next="ok")
    assert (reply["ok"], reply["error"]) == (False, "unsupported")
    for cmd, members in [("plug_in", {}), ("plug_in", {"connector": 9}), ("fault", {"connector": 1, "error_code": "x"}),
                         ("present_id_tag", {"id_tag": "x" * 21}), ("network", {"up": "yes"})]:
        reply = await simulator.ask(cmd, **members)
        assert (reply["ok"], reply["error"]) == (False, "invalid") and reply["text"], reply


async def test_a_disk_that_fails_stops_no_charging(booted):
    simulator, point = await booted()
    await simulator.do("storage", fail=True)
    await simulator.plug_in(1)
    await simulator.tag(1, "CAFE01")
    await simulator.wait("tx", connector=1, state="confirmed")
    await simulator.do("storage", fail=False)
    await simulator.tag(1, "CAFE01")
    stop = await point.wait("StopTransaction")
    assert stop["reason"] == "Local"
    # Everything is on the disk again: after a power cut nothing is left to be said.
    await simulator.until(lambda state: state["queue"] == 0, "done")
    await simulator.plug_out(1)
    await point.status(1, "Available")
    await simulator.kill()
    point.checker.power_up()
    await simulator.restart()
    await point.wait("BootNotification")
    assert (await simulator.state())["queue"] == 0
    assert len(point.seen("StopTransaction")) == 1


async def test_a_vehicle_is_still_there_after_a_power_cut(booted):
    simulator, point = await booted(ev={"remember": True})
    await simulator.plug_in(1)
    await point.status(1, "Preparing")
    await simulator.plug_in(2)
    await simulator.plug_out(2, side="ev")
    await simulator.kill()
    point.forget()
    point.checker.power_up()
    await simulator.restart()
    await point.status(1, "Preparing")
    await point.status(2, "Preparing")
    await simulator.plug_out(1)
    await point.status(1, "Available")
    await simulator.kill()
    point.forget()
    point.checker.power_up()
    simulator.forget()
    await simulator.restart()
    await point.status(1, "Available")


async def test_a_key_that_there_is_not_is_reported_and_the_others_count(central, simulators):
    keys = {
        "NoSuchKey": "1", "HeartbeatInterval": "a while", "ConnectionTimeOut": 77, "k" * 51: "",
        "MinimumStatusDuration": "1",
    }
    simulator = await simulators(central.url, keys=keys).start()
    point = central.point("CP1")
    await point.status(2, "Available")
    said = "\n".join(item["text"] for item in simulator.events.items if item["event"] == "error")
    assert "NoSuchKey" in said and "HeartbeatInterval" in said and "kkk" in said, said
    answer = await point.call("GetConfiguration", key=["ConnectionTimeOut", "MinimumStatusDuration", "NoSuchKey"])
    assert {one["key"]: one["value"] for one in answer.configuration_key} == {
        "ConnectionTimeOut": "77", "MinimumStatusDuration": "1",
    }


def certificates(folder, authority, where):
    """A `cert_dir` with this authority below `ca/`, and folders where files are expected."""
    place = folder / "certificates" / "ca" / where
    for more in (place, folder / "certificates" / "client" / "a folder", folder / "certificates" / "ca" / "empty"):
        more.mkdir(parents=True, exist_ok=True)
    (place / "root.pem").write_bytes(authority.root.read_bytes())
    key = "0123456789abcdef" * 2
    return {"profile": 2, "authorization_key": key, "cert_dir": str(folder / "certificates")}


@pytest.mark.parametrize("where", [".", "CentralSystemRootCertificate", "csms/today"])
async def test_a_folder_among_the_certificates_is_looked_into_or_passed_by(tmp_path, central_system, simulators, where):
    authority = Authority(tmp_path, "A Root")
    central = await central_system(tls=authority.server("localhost", ["localhost"]), host="localhost")
    await simulators(central.url, security=certificates(tmp_path, authority, where)).start()
    await central.point("CP1").wait("BootNotification")


@pytest.mark.parametrize("where", ["ManufacturerRootCertificate", "mf"])
async def test_a_root_of_the_manufacturer_does_not_speak_for_a_central_system(
    tmp_path, central_system, simulators, where
):
    stranger, authority = Authority(tmp_path, "A Manufacturer"), Authority(tmp_path, "A Root")
    central = await central_system(tls=stranger.server("localhost", ["localhost"]), host="localhost")
    security = certificates(tmp_path, stranger, where)
    certificates(tmp_path, authority, "CentralSystemRootCertificate")
    simulator = await simulators(central.url, security=security).start()
    for _ in range(3):
        await simulator.wait("ws", state="failed")
    assert not central.attempts.items
