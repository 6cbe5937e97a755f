"""The faces of the simulator that the other tests do not use: scripts, many at once, words of refusal."""

import asyncio
import json

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
