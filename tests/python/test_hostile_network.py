"""Networks that do their worst: each fault ends in reconnection with back-off, and nothing is lost.

Across each fault a session runs, another ends and a third begins; afterwards the books are right. Bounds on time
are lower bounds: a slow machine is late, and never early.
"""

import asyncio

import pytest

from certificates import Authority
from feed import PATIENCE, Feed
from hostile_proxy import DOWN, UP, Cut, message_of
from hostile_servers import (
    BAD_FRAMES, ENDS, NO_HANDSHAKE, asks_and_never_reads, drips, hears_the_end, http, never_answers, then,
)
from hostile_site import FIRST_S, JITTER, PONG_S, ROUNDING_S, all_of, endures, meets, receiving
from websocket_frames import PONG, POSITIONS, TEXT, build

#: How long an attempt may take up to the agreed subprotocol; no setting changes it.
HANDSHAKE_S = 30


# Answers to the handshake that are none

# rules: 1, 3
async def test_whatever_answers_the_handshake_is_tried_again_ever_more_rarely(site):
    await all_of({
        name: meets(site, f"CP{number}", server, f"no connection: .*({said})")
        for number, (name, (server, said)) in enumerate(NO_HANDSHAKE.items())
    })


async def test_an_extension_that_was_not_offered_is_not_used(site):
    compresses = b"Sec-WebSocket-Extensions: permessage-deflate\r\n"
    compressed = build(TEXT, b"\xaa\x56\x4a\x04\x00", rsv=4)
    await meets(site, "CP1", then(compressed, more=compresses), "reserved|extension")


# Frames that are none

async def test_a_frame_that_breaks_the_rules_costs_the_connection_and_nothing_else(site):
    await all_of({
        name: meets(site, f"CP{number}", then(frame), f"the connection is gone: .*({said})")
        for number, (name, (frame, said)) in enumerate(BAD_FRAMES.items())
    })


async def test_a_frame_that_breaks_the_rules_is_answered_with_its_close_code(site):
    async def closes(number, name, frame, said):
        codes = Feed("close codes")
        one = await site(f"CP{number}")
        one.proxy.reception = hears_the_end(frame, codes)
        one.proxy.reset()
        code = (await codes.wait({}))["code"]
        assert code == (1009 if said.startswith("too") else 1007 if said == "UTF-8" else 1002), code

    await all_of({
        name: closes(number, name, frame, said) for number, (name, (frame, said)) in enumerate(BAD_FRAMES.items())
    })


async def test_however_a_connection_ends_the_next_is_tried_after_a_longer_wait(site):
    await all_of({
        name: meets(site, f"CP{number}", server, f"the connection is gone: .*({said})")
        for number, (name, (server, said)) in enumerate(ENDS.items())
    })


# Certificates and TLS

@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path, "A Root")


async def meets_certificate(site, authority, identity, context, reason):
    """The certificate is changed for this one in the middle of a session, and then back."""
    good = authority.server("localhost", ["127.0.0.1"])
    one = await site(identity, tls=good, roots=[authority.root])

    def presents(context):
        async def change():
            one.proxy.tls = context
            one.proxy.reset()
        return change

    await endures(one, presents(context), presents(good), f"no connection: TLS: .*({reason})")


# rules: 3
async def test_a_certificate_that_goes_bad_is_refused_until_it_is_good_again(site, authority, tmp_path):
    stranger, here = Authority(tmp_path, "Unknown Root"), ["127.0.0.1"]
    bad = {
        "expired": (authority.server("x", here, days=(-30, -1)), "expired"),
        "not yet valid": (authority.server("x", here, days=(1, 30)), "not valid yet"),
        "self-signed": (authority.server("127.0.0.1", here, self_signed=True), "UnknownIssuer|self-?signed"),
        "of another host": (authority.server("x", ["example.org"]), "not valid for name"),
        "of another authority": (stranger.server("x", here), "UnknownIssuer"),
    }
    await all_of({
        name: meets_certificate(site, authority, f"CP{number}", context, reason)
        for number, (name, (context, reason)) in enumerate(bad.items())
    })


# rules: 3
async def test_what_is_no_tls_is_refused_until_it_is_again(site, authority):
    async def meets_at_the_door(identity, server, reason):
        one = await site(identity, tls=authority.server("x", ["127.0.0.1"]), roots=[authority.root])

        async def breaks():
            one.proxy.doorstep = server
            one.proxy.reset()

        async def heals():
            one.proxy.doorstep = None

        await endures(one, breaks, heals, f"no connection: TLS: .*({reason})")

    def blurts(data):
        async def server(connection):
            connection.inject(data)
            await connection.reader.read(1)
        return server

    async def resets_at_once(connection):
        await connection.reader.read(1)
        connection.reset()

    async def hangs_up_at_once(connection):
        await connection.reader.read(1)

    bad = {
        "plain HTTP": (blurts(http(b"400 Bad Request")), "corrupt|invalid|unexpected"),
        "garbage": (blurts(bytes(range(255, -1, -1)) * 8), "corrupt|invalid|unexpected"),
        "half a record": (blurts(b"\x16\x03\x03\x40\x00\x02\x00"), "eof"),
        "an alert": (blurts(b"\x15\x03\x03\x00\x02\x02\x28"), "alert"),
        "a reset": (resets_at_once, "reset"),
        "an end": (hangs_up_at_once, "eof"),
    }
    await all_of({
        name: meets_at_the_door(f"CP{number}", server, reason)
        for number, (name, (server, reason)) in enumerate(bad.items())
    })


# No answer at all

async def waits_in_vain(one, breaks, heals):
    """Sessions run, begin and end while one attempt to connect is not answered; the next one is."""
    await one.begins(1, "A")
    await one.simulator.wait("tx", state="confirmed", id_tag=one.tag("A"))
    await breaks()
    await one.proxy.failed(1, since=1)
    await heals()
    await one.begins(2, "B")
    await one.ends(2, "B")
    await one.charges(1)
    in_vain, well = await one.proxy.failed(2, since=1, timeout=HANDSHAKE_S + PATIENCE)
    assert well - in_vain >= HANDSHAKE_S + 2 * FIRST_S * (1 - JITTER / 100) - ROUNDING_S
    await one.log_says(f"no connection: .*after {HANDSHAKE_S} s")
    await one.delivers()
    await one.ends(1, "A")
    await one.delivers()
    one.books_are(("begin", "A"), ("begin", "B"), ("end", "B"), ("end", "A"))


# rules: 3
async def test_a_handshake_that_never_ends_is_given_up_after_its_time(site, authority):
    async def plain(identity, server):
        one = await site(identity)
        await waits_in_vain(one, *receiving(one, server))

    async def encrypted(identity, member, server):
        one = await site(identity, tls=authority.server("x", ["127.0.0.1"]), roots=[authority.root])

        async def breaks():
            setattr(one.proxy, member, server)
            one.proxy.reset()

        async def heals():
            setattr(one.proxy, member, None)

        await waits_in_vain(one, breaks, heals)

    await all_of({
        "an answer that drips": plain("CP1", drips(b"HTTP/1.1 101 Yes\r\nX: ")),
        "no answer": plain("CP2", never_answers),
        "TLS that drips": encrypted("CP3", "doorstep", drips(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xf0\x03\x03")),
        "no TLS": encrypted("CP4", "doorstep", never_answers),
        "TLS and no answer": encrypted("CP5", "reception", never_answers),
    })


async def test_a_frame_of_more_than_half_a_mebibyte_goes_out(site):
    one = await site("CP1")
    await one.simulator.do("data_transfer", vendor_id="evcp", data="x" * 600_000)
    await one.point.wait("DataTransfer")
    assert len(one.proxy.attempts.items) == 1, "the connection stood"


async def test_who_asks_and_never_reads_the_answers_does_not_keep_a_vehicle_from_being_unplugged(site):
    one = await site("CP1")
    await one.begins(1, "A")
    await one.simulator.wait("tx", state="confirmed", id_tag=one.tag("A"))
    stuck = asyncio.Event()
    breaks, heals = receiving(one, asks_and_never_reads(stuck))
    one.simulator.forget()
    await breaks()
    await stuck.wait()
    await one.leaves(1)
    # In this order: the charge point does its work before it gives the connection up.
    await one.simulator.wait("tx", state="stopped", id_tag=one.tag("A"), timeout=60)
    one.simulator.events.forget()
    one.proxy.reception = None
    await one.log_says("the connection is gone: the central system takes nothing in", timeout=60)
    await one.simulator.wait("ws", state="disconnected")
    await one.delivers()
    one.books_are(("begin", "A"), ("end", "A"))


# Links that are half-open

async def finds_out(site, identity, directions):
    one = await site(identity, keys={"WebSocketPingInterval": "1"})
    await one.begins(1, "A")
    await one.simulator.wait("tx", state="confirmed", id_tag=one.tag("A"))
    last_heard = one.proxy.swallow(*directions)
    await one.begins(2, "B")
    await one.ends(1, "A")
    (again,) = await one.proxy.failed(1, since=1)
    assert again - last_heard >= 1 + PONG_S + FIRST_S * (1 - JITTER / 100) - ROUNDING_S
    await one.charges(2)
    await one.log_says("the central system does not answer pings")
    await one.ends(2, "B")
    await one.delivers()
    one.books_are(("begin", "A"), ("begin", "B"), ("end", "A"), ("end", "B"))


# rules: 17
async def test_a_half_open_link_is_found_by_its_pings_and_made_anew(site):
    await all_of({
        "nothing gets through": finds_out(site, "CP1", [UP, DOWN]),
        "nothing gets out": finds_out(site, "CP2", [UP]),
        "nothing gets in": finds_out(site, "CP3", [DOWN]),
    })


# rules: 17
async def test_a_central_system_that_opens_and_says_nothing_is_tried_ever_more_rarely(site):
    one = await site("CP1", keys={"WebSocketPingInterval": "1"})
    await endures(one, *receiving(one, then(b"")), "the central system does not answer pings")


# rules: 17
async def test_a_central_system_that_answers_calls_and_no_pings_loses_the_quiet_link_and_no_session(site):
    one = await site("CP1", keys={"WebSocketPingInterval": "1", "MeterValueSampleInterval": "0"})
    one.proxy.weather.lost = {DOWN: {PONG}}
    await one.begins(1, "A")
    first, second, third = await one.proxy.failed(3, since=1)
    least = 1 + PONG_S + FIRST_S * (1 - JITTER / 100) - ROUNDING_S
    assert min(second - first, third - second) >= least
    await one.charges(1)
    await one.begins(2, "B")
    await one.ends(1, "A")
    await one.log_says("the central system does not answer pings")
    one.proxy.weather.lost = {}
    await one.ends(2, "B")
    await one.delivers()
    one.books_are(("begin", "A"), ("begin", "B"), ("end", "A"), ("end", "B"))


@pytest.mark.parametrize("direction", [UP, DOWN])
async def test_a_connection_that_is_closed_in_one_direction_is_made_anew(site, direction):
    one = await site("CP1")
    await one.begins(1, "A")
    await one.simulator.wait("tx", state="confirmed", id_tag=one.tag("A"))
    one.proxy.finish_one_side(direction)
    await one.proxy.failed(1, since=1)
    await one.charges(1)
    await one.log_says("the connection is gone")
    await one.ends(1, "A")
    await one.delivers()
    one.books_are(("begin", "A"), ("end", "A"))


# No way there

# rules: 3
async def test_while_nobody_listens_it_is_tried_on_and_on(site):
    one = await site("CP1")

    async def breaks():
        await one.proxy.stop_listening()
        one.proxy.reset()
        for _ in range(4):
            await one.simulator.wait("ws", state="failed")

    async def heals():
        await one.proxy.resume()

    await endures(one, breaks, heals, "no connection: .*refused", failures=0)


# rules: 3
async def test_a_name_that_is_unknown_is_looked_up_again_and_again(site):
    one = await site("CP1")
    await one.begins(1, "A")
    await one.simulator.wait("tx", state="confirmed", id_tag=one.tag("A"))
    await one.simulator.kill()
    one.point.checker.power_up()
    url, one.simulator.settings["csms"]["url"] = one.proxy.url, "ws://nowhere.invalid:9/ocpp"
    await one.simulator.restart()
    for _ in range(4):
        await one.simulator.wait("ws", state="failed")
    await one.begins(2, "B")
    await one.charges(2)
    await one.log_says("no connection: nowhere.invalid:9: .*(name|lookup|resol)")
    await one.ends(2, "B")
    await one.simulator.stop()
    one.simulator.settings["csms"]["url"] = url
    await one.simulator.restart()
    await one.delivers()
    one.books_are(("begin", "A"), ("end", "A"), ("begin", "B"), ("end", "B"))


# Bad weather, which is no fault

async def goes_through(site, identity, **weather):
    """Sessions run on one connection from beginning to end, whatever the weather is like."""
    quiet = {"keys": {"WebSocketPingInterval": "1"}, "tuning": {"ws.pong_timeout_s": "20"}}
    one = await site(identity, piece=16, **quiet)  # the handshake comes in pieces, too
    one.proxy.weather.piece = 0
    for name, value in weather.items():
        setattr(one.proxy.weather, name, value)
    await one.begins(1, "A")
    await one.simulator.wait("tx", state="confirmed", id_tag=one.tag("A"))
    answer = await one.point.call("GetConfiguration")
    assert len(answer.configuration_key) > 30
    await one.begins(2, "B\N{EURO SIGN}")
    await one.ends(1, "A")
    await one.ends(2, "B\N{EURO SIGN}")
    await one.delivers()
    one.books_are(("begin", "A"), ("begin", "B\N{EURO SIGN}"), ("end", "A"), ("end", "B\N{EURO SIGN}"))
    assert len(one.proxy.attempts.items) == 1, "the connection stood"
    return one


async def test_slow_and_broken_up_links_carry_everything_on_one_connection(site):
    async def fragmented(identity, **weather):
        one = await goes_through(site, identity, fragments=7, **weather)
        assert one.proxy.passed[UP, PONG] > 0, "pings between fragments are answered"

    await all_of({
        "late": goes_through(site, "CP1", delay_s=0.02, jitter_s=0.08),
        "byte by byte": goes_through(site, "CP2", piece=1),
        "in fragments": fragmented("CP3"),
        "all of it": fragmented("CP4", delay_s=0.02, jitter_s=0.02, piece=3),
    })


# A frame breaks off

async def breaks_off_everywhere(site, identity, direction, how):
    one = await site(identity, keys={"MeterValueSampleInterval": "0"})
    expected = []
    for action in ("StartTransaction", "StopTransaction"):
        for number, position in enumerate(POSITIONS):
            name = f"{action[:4]}{number}"
            one.proxy.weather.cut = Cut(message_of([action], direction), position, how)
            connects = len(one.proxy.attempts.items)
            await one.begins(1, name)
            if action == "StartTransaction":
                await one.proxy.links.wait({"event": "cut"})
                await one.charges(1)
            await one.simulator.wait("tx", state="confirmed", id_tag=one.tag(name))
            await one.ends(1, name)
            if action == "StopTransaction":
                await one.proxy.links.wait({"event": "cut"})
            await one.leaves(1)
            await one.proxy.failed(1, since=connects)
            await one.delivers()
            expected += [("begin", name), ("end", name)]
    one.books_are(*expected)


# rules: 60, 63
async def test_a_start_or_stop_that_breaks_off_anywhere_is_booked_once(site):
    await all_of({
        f"{direction} by {how}": breaks_off_everywhere(site, f"CP-{direction}-{how}", direction, how)
        for direction in (UP, DOWN) for how in ("reset", "fin")
    })
