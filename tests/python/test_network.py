"""Ways to a central system: interface, source address, proxy, and network profiles that change while it lives."""

import asyncio
import itertools
import json
import shutil
import subprocess

import evcp
import pytest
import pytest_asyncio

from binding import NOWHERE, Charger, config
from certificates import Authority
from connect_proxy import ConnectProxy
from feed import PATIENCE, cancelled

FAST = {"reconnect.max_s": 0.1, "network.attempts": 1, "AllowOfflineTxForUnknownId": True}


def way(url, identity="PY1", **members):
    return evcp.NetworkProfile(url, identity, **{"connect_timeout_s": 5, **members})


def charger_by(profile, **networks):
    """A charge point with this network profile, and perhaps others: `two=...`."""
    slots = {1: profile, **{("two", "three", "four").index(name) + 2: it for name, it in networks.items()}}
    return Charger(config(NOWHERE, settings=FAST, networks=slots))


async def connected(charger, slot=1):
    return await charger.wait("connection", link=evcp.Link.CONNECTED, slot=slot)


async def fails(charger, *words, slot=1):
    """The next attempt that fails says why."""
    detail = (await charger.wait("connection", link=evcp.Link.CONNECT_FAILED, slot=slot))["detail"]
    assert all(word in detail for word in words), detail


async def says_at_last(charger, words):
    await charger.wait("connection", link=evcp.Link.CONNECT_FAILED, detail=lambda detail: words in detail)


async def session(charger, central, identity="PY1"):
    """One transaction from beginning to end, and what is on the books of it."""
    tx = await charger.charge()
    charger.stop_tx(1, evcp.Reason.LOCAL)
    await central.point(identity).wait("StopTransaction", transactionId=tx.ocpp_id)
    return central.point(identity).books.sessions[tx.ocpp_id]


@pytest_asyncio.fixture
async def proxy():
    made = await ConnectProxy(names={"cs.known-to-the-proxy.invalid": "127.0.0.1"}).start()
    yield made
    await made.close()


# A proxy


async def test_a_session_goes_through_a_proxy_which_looks_the_name_up_and_wants_a_password(central, proxy):
    proxy.user = "us:er:p@ss w%rd"[3:]
    url = f"ws://cs.known-to-the-proxy.invalid:{central.port}/ocpp"
    there = proxy.url.replace("//", "//er:p%40ss%20w%25rd@")
    async with charger_by(way(url, proxy=there)) as charger:
        assert (await session(charger, central)).stop is not None
    assert proxy.asked.items[0]["target"] == f"cs.known-to-the-proxy.invalid:{central.port}"


async def test_tls_runs_inside_of_the_tunnel(tmp_path, central_system, proxy):
    authority, stranger = Authority(tmp_path, "A Root"), Authority(tmp_path, "Another Root")
    name = "cs.known-to-the-proxy.invalid"
    key = b"sixteen-letters!"
    central = await central_system(tls=authority.server(name, [name]), host=name, passwords={"PY1": key})
    secured = {"security_profile": 2, "auth_key": key, "proxy": proxy.url}
    async with charger_by(way(central.url, ca_pem=stranger.root.read_bytes(), **secured)) as charger:
        await fails(charger, "TLS", "UnknownIssuer")
        charger.set_network_profile(1, way(central.url, ca_pem=authority.root.read_bytes(), **secured))
        assert (await session(charger, central)).stop is not None


async def drip(writer, piece):
    while True:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.01)


def says(*pieces):
    async def answer(_reader, writer):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        # What is written is read before the end of the connection.
        writer.write_eof()
        await asyncio.sleep(0.05)

    return answer


async def silence(reader, _writer):
    await reader.read()


async def slow(_reader, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nX: ")
    await drip(writer, b"y")


async def endless(_reader, writer):
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X: " + b"y" * 1000 + b"\r\n")
        await writer.drain()


async def opened_and_closed(_reader, writer):
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    await writer.drain()


HOSTILE = {
    "silence": (silence, "no answer after 1 s"),
    "slow": (slow, "no answer after 1 s"),
    "endless": (endless, "more than 8192 bytes"),
    "garbage": (says(b"SSH-2.0-OpenSSH_9.2\r\n"), "not HTTP"),
    "nothing": (says(), "closed the connection"),
    "half": (says(b"HTTP/1.1 200 O"), "closed the connection"),
    "more": (says(b"HTTP/1.1 200 OK\r\n\r\nand more"), "more than an answer"),
    "407": (says(b"HTTP/1.1 407 No\r\n\r\n"), "(407)"),
    "403": (says(b"HTTP/1.1 403 No\r\n\r\n"), "(403)"),
    "502": (says(b"HTTP/1.1 502 No\r\n\r\n"), "(502)"),
    "302": (says(b"HTTP/1.1 302 There\r\nLocation: http://a/\r\n\r\n"), "302"),
    "closed": (opened_and_closed, "handshake"),
}


@pytest.mark.parametrize("how", HOSTILE)
async def test_whatever_a_proxy_answers_is_named_and_tried_again(how, central, proxy):
    proxy.answer, named = HOSTILE[how]
    async with charger_by(way(central.url, proxy=proxy.url, connect_timeout_s=1)) as charger:
        await fails(charger, named)
        await fails(charger, named)
        proxy.answer = None
        assert (await session(charger, central)).stop is not None


async def test_a_wrong_password_of_a_proxy_is_named_and_never_said(central, proxy):
    proxy.user = "user:password"
    there = proxy.url.replace("//", "//user:guessed@")
    async with charger_by(way(central.url, proxy=there)) as charger:
        await fails(charger, f"proxy 127.0.0.1:{proxy.port}", "does not accept", "407")
    assert "guessed" not in json.dumps([str(item) for item in charger.told.items])


@pytest_asyncio.fixture
async def tinyproxy(tmp_path, unused_tcp_port):
    """A proxy that others wrote, which wants a password, and lets nobody through to the port 9."""
    conf = tmp_path / "tinyproxy.conf"
    conf.write_text(
        f"Port {unused_tcp_port}\nListen 127.0.0.1\nTimeout 60\nBasicAuth user word\nMaxClients 20\n"
        f"LogFile \"{tmp_path / 'log'}\"\n"
    )
    program = shutil.which("tinyproxy", path="/usr/sbin:/usr/bin:/sbin:/bin")
    running = subprocess.Popen([program, "-d", "-c", str(conf)], stdout=subprocess.DEVNULL)
    try:
        yield f"127.0.0.1:{unused_tcp_port}"
    finally:
        running.terminate()
        running.wait(PATIENCE)


async def test_a_proxy_that_others_wrote_makes_a_tunnel(central, tinyproxy):
    async with charger_by(way(central.url, proxy=f"http://{tinyproxy}")) as charger:
        # It may not listen yet, and what failed before may still be told.
        await says_at_last(charger, "wants a user and a password (407)")
        charger.set_network_profile(1, way(central.url, proxy=f"http://user:false@{tinyproxy}"))
        await says_at_last(charger, "does not accept the user and the password")
        charger.set_network_profile(1, way("ws://127.0.0.1:9", proxy=f"http://user:word@{tinyproxy}"))
        await says_at_last(charger, "does not reach 127.0.0.1:9 (50")
        charger.set_network_profile(1, way(central.url, proxy=f"http://user:word@{tinyproxy}"))
        assert (await session(charger, central)).stop is not None


# Our own end


async def test_a_connection_leaves_by_an_interface_and_from_an_address(central, proxy):
    async with charger_by(way(central.url, interface="lo", source_address="127.0.0.2")) as charger:
        await connected(charger)
        await central.point("PY1").connected()
        peer = central.point("PY1").link.connection.websocket.remote_address
        assert peer[0] == "127.0.0.2"
        charger.set_network_profile(1, way(central.url, source_address="127.0.0.3", proxy=proxy.url))
        await connected(charger)
        assert (await proxy.asked.wait({}))["from"] == "127.0.0.3"


@pytest.mark.parametrize(("end", "named"), [
    ({"interface": "evcp-none0"}, "interface evcp-none0: there is none of that name"),
    ({"source_address": "192.0.2.1"}, "source address 192.0.2.1"),
    ({"source_address": "::1"}, "can be reached from source address ::1"),
])
async def test_an_end_that_is_not_there_is_named_and_the_next_profile_has_its_turn(end, named, central):
    async with charger_by(way(central.url, **end), two=way(central.url)) as charger:
        await fails(charger, named)
        await connected(charger, slot=2)


# Several profiles


async def test_the_next_profile_has_its_turn_and_the_first_one_again(central_system):
    one, two = await central_system(), await central_system()
    await one.stop_listening()
    async with charger_by(way(one.url), two=way(two.url, "OTHER")) as charger:
        await connected(charger, slot=2)
        assert (await session(charger, two, "OTHER")).stop is not None
        charger.set_ev(1, evcp.Ev.ABSENT)
        await one.resume()
        await two.stop_listening()
        await connected(charger, slot=1)
        # Another central system: it is told who we are, and how each connector is.
        await one.point("PY1").wait("BootNotification")
        await one.point("PY1").status(1, "Available")
        assert (await session(charger, one)).stop is not None
    assert one.point("PY1").boots == 1


async def test_another_central_system_another_identity_and_another_password_without_a_restart(central_system):
    keys = {"PY1": b"the-first-password", "NEW": b"the-other-password"}
    one, two = await central_system(passwords=keys), await central_system(passwords=keys)
    async with charger_by(way(one.url, security_profile=1, auth_key=keys["PY1"])) as charger:
        assert (await session(charger, one)).stop is not None
        one.point("PY1").forget()
        charger.set_ev(1, evcp.Ev.ABSENT)
        charger.set_network_profile(1, way(two.url, "NEW", security_profile=1, auth_key=keys["NEW"]))
        await one.point("PY1").disconnected()
        assert one.point("PY1").links.items[-1]["code"] == 1001
        await two.point("NEW").wait("BootNotification")
        assert (await session(charger, two, "NEW")).stop is not None
        # What the central system sets counts there, and is not sent to the other one.
        answer = await two.point("NEW").call("ChangeConfiguration", key="AuthorizationKey", value="set-from-there-16")
        assert answer.status == "Accepted"
        keys["NEW"] = b"set-from-there-16"
        await two.point("NEW").disconnected()
        await two.point("NEW").connected()
        # Who comes back from another one is told anew, as after a reboot.
        one.point("PY1").checker.power_up()
        charger.set_network_profile(1, way(one.url, security_profile=1, auth_key=keys["PY1"]))
        await one.point("PY1").wait("BootNotification")
        assert charger.get_key("SecurityProfile") == "1"
    assert {item["status"] for item in one.attempts.items + two.attempts.items} == {101}


async def test_a_transaction_goes_on_over_another_way(central, proxy):
    async with charger_by(way(central.url), two=way(central.url, proxy=proxy.url)) as charger:
        tx = await charger.charge()
        charger.set_network_priority([2, 1])
        await connected(charger, slot=2)
        charger.stop_tx(1, evcp.Reason.LOCAL)
        await central.point("PY1").wait("StopTransaction", transactionId=tx.ocpp_id)
    # The same central system: nothing is announced anew.
    assert central.point("PY1").boots == 1


async def test_nothing_is_lost_doubled_or_reordered_however_often_the_way_changes(central, proxy, tmp_path):
    sessions = 15
    ways = [way(central.url), way(central.url, proxy=proxy.url), way(central.url, source_address="127.0.0.2")]
    settings = {**FAST, "TransactionMessageRetryInterval": 1, "TransactionMessageAttempts": 100}
    charger = Charger(config(central.url, settings=settings, storage=tmp_path, networks={1: ways[0], 2: ways[1]}))

    async def storm():
        for turn in itertools.count():
            match turn % 5:
                case 0:
                    charger.set_network_profile(1, ways[turn % 3])
                case 1:
                    charger.set_network_priority([2, 1])
                case 2:
                    charger.set_network_profile(2, ways[(turn + 1) % 3])
                case 3:
                    charger.set_network_profile(1 + turn % 2, way(NOWHERE, connect_timeout_s=1))
                case 4:
                    charger.set_network_priority([1, 2])
            await asyncio.sleep(0.07)

    async with charger:
        await connected(charger)
        await charger.ready()
        wild = asyncio.ensure_future(storm())
        try:
            for number in range(sessions):
                charger.set_ev(1, evcp.Ev.PLUGGED)
                charger.present_tag(1, f"TAG{number:02}")
                await charger.wait("tx", change=evcp.Change.STARTED)
                charger.set_ev(1, evcp.Ev.CHARGING)
                charger.stop_tx(1, evcp.Reason.LOCAL)
                await charger.wait("tx", change=evcp.Change.STOPPED)
                charger.set_ev(1, evcp.Ev.ABSENT)
                await charger.wait("status", connector=1, status=evcp.Status.AVAILABLE)
        finally:
            await cancelled(wild)
        charger.set_network_priority([1, 2])
        charger.set_network_profile(1, way(central.url, source_address="127.0.0.4"))
        books = central.point("PY1").books
        done = lambda: len(books.sessions) == sessions and not books.running  # noqa: E731
        await central.point("PY1").until(done, "every session is on the books", 4 * PATIENCE)
    kept = list(books.sessions.values())
    assert [one.id_tag for one in kept] == [f"TAG{number:02}" for number in range(sessions)]
    assert all(one.meter_stop >= one.meter_start for one in kept)
    assert books.strays == []


# What makes no sense


GOOD = way(NOWHERE)
BAD = {
    "slot": (0, GOOD), "slot 5": (5, GOOD), "url": (1, way("")), "http": (1, way("http://a")),
    "identity": (1, way(NOWHERE, "")), "long": (1, way(NOWHERE, "x" * 256)), "profile": (1, way(NOWHERE, security_profile=4)),
    "no password": (2, way("ws://b", security_profile=1)), "key": (1, way(NOWHERE, security_profile=1, auth_key=b"short")),
    "roots": (1, way("wss://127.0.0.1:9")), "no PEM": (1, way(NOWHERE, ca_pem=b"none")),
    "interface": (1, way(NOWHERE, interface="an-interface-with-a-long-name")), "empty": (1, way(NOWHERE, interface="")),
    "address": (1, way(NOWHERE, source_address="localhost")), "proxy": (1, way(NOWHERE, proxy="socks://a:1")),
    "timeout": (1, way(NOWHERE, connect_timeout_s=601)), "last": (1, None),
    "text": (1, way("ws://" + "a" * 3000)), "surrogate": (1, way(NOWHERE, "\ud800")),
}


@pytest.mark.parametrize("what", BAD)
def test_a_profile_that_makes_no_sense_is_refused_at_the_call(what):
    charger = charger_by(GOOD)
    with pytest.raises(evcp.EvcpError) as raised:
        charger.set_network_profile(*BAD[what])
    assert raised.value.code is evcp.ErrorCode.INVALID and str(raised.value)
    # What is refused changes nothing.
    charger.set_network_profile(*(1, way("ws://127.0.0.1:10")))


@pytest.mark.parametrize("slots", [[], [0], [5], [1, 1], [2], [1, 2, 3, 4, 1]])
def test_an_order_that_makes_no_sense_is_refused(slots):
    charger = charger_by(GOOD)
    with pytest.raises(evcp.EvcpError) as raised:
        charger.set_network_priority(slots)
    assert raised.value.code is evcp.ErrorCode.INVALID


def test_a_set_up_that_uses_none_of_its_profiles_is_refused():
    with pytest.raises(evcp.EvcpError, match="network.priority"):
        Charger(config(settings={"network.priority": "2,3"}))
    with pytest.raises(evcp.EvcpError, match="network profile 3: security profile 1"):
        Charger(config(networks={3: way("ws://cs", security_profile=1)}))
