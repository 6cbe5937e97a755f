"""The ways in: subprotocol, passwords, TLS; and that none leads past them."""

import asyncio
import ssl
import warnings

import pytest

from certificates import Authority

KEY = "0123456789abcdef0123456789ABCDEF01234567"
NEW_KEY = "4F43415F4F4354545F61646D696E5F74657374"
TEXT_KEY = "sixteen or more!"


def basic(key):
    return {"profile": 1, "authorization_key": key}


def tls(*roots, key=KEY):
    return {
        "profile": 2, "authorization_key": key, "verify_common_name": True,
        "central_system_roots": [str(root) for root in roots],
    }


async def refused(simulator, central):
    """It tries, again and again, and nothing of OCPP is said."""
    for _ in range(3):
        await simulator.wait("ws", state="failed")
    assert not any(point.frames for point in central.points.values())


# Subprotocol and identity

# cases: X-088; rules: 1
async def test_without_a_subprotocol_no_ocpp_is_spoken(central_system, simulators):
    central = await central_system(subprotocol=None)
    await simulators(central.url).start()
    point = central.point("CP1")
    for _ in range(3):
        attempt = await central.attempts.wait({"identity": "CP1"})
        assert "ocpp1.6" in attempt["offered"].split(", ")
        await point.links.wait({"event": "disconnected"})
    assert not point.frames
    central.subprotocol = "ocpp1.6"
    await point.wait("BootNotification")


@pytest.mark.parametrize("lines", [["keep-alive, Upgrade"], ["keep-alive", "upgrade"], ["Upgrade, close"]])
async def test_an_upgrade_may_be_named_among_other_things(central, simulators, lines):
    central.upgrade = lines
    await simulators(central.url).start()
    await central.point("CP1").wait("BootNotification")


# rules: 3
async def test_an_unknown_identity_keeps_trying(central, simulators):
    central.unknown.add("CP1")
    simulator = await simulators(central.url).start()
    await refused(simulator, central)
    central.unknown.clear()
    await central.point("CP1").wait("BootNotification")


# Basic authentication

# rules: 123, 125
@pytest.mark.parametrize("key, password", [(KEY, bytes.fromhex(KEY)), (TEXT_KEY, TEXT_KEY.encode())])
async def test_the_password_is_sent_with_the_identity_as_user(central_system, simulators, key, password):
    central = await central_system(passwords={"CP 1": password})
    await simulators(central.url, "CP 1", security=basic(key)).start()
    await central.point("CP 1").wait("BootNotification")


# rules: 3
async def test_a_wrong_password_is_tried_again_until_it_is_right(central_system, simulators):
    central = await central_system(passwords={"CP1": b"something else"})
    simulator = await simulators(central.url, security=basic(KEY)).start()
    await refused(simulator, central)
    central.passwords["CP1"] = bytes.fromhex(KEY)
    await central.point("CP1").wait("BootNotification")


# rules: 123, 124
async def test_a_new_password_is_used_at_once_and_after_a_power_cut(central_system, simulators):
    central = await central_system(passwords={"CP1": bytes.fromhex(KEY)})
    simulator = await simulators(central.url, security=basic(KEY)).start()
    point = central.point("CP1")
    await point.status(2, "Available")
    central.passwords["CP1"] = bytes.fromhex(NEW_KEY)
    central.attempts.forget()
    answer = await point.call("ChangeConfiguration", key="AuthorizationKey", value=NEW_KEY)
    assert answer.status == "Accepted"
    attempt = await central.attempts.wait({"status": 101})
    assert attempt["password"] == bytes.fromhex(NEW_KEY)
    await point.connected()
    answer = await point.call("GetConfiguration")
    listed = {one["key"]: one.get("value") for one in answer.configuration_key}
    assert NEW_KEY not in listed.values() and not listed.get("AuthorizationKey")
    assert len(point.seen("BootNotification")) == 1, "a reconnect is not a boot"
    await simulator.kill()
    point.checker.power_up()
    await simulator.restart()
    await central.attempts.wait({"status": 101, "password": bytes.fromhex(NEW_KEY)})
    await point.wait("BootNotification")


# rules: 123
@pytest.mark.parametrize("value", ["short", "0123456789abcdef" * 3])
async def test_a_password_of_the_wrong_length_is_rejected(central_system, simulators, value):
    central = await central_system(passwords={"CP1": bytes.fromhex(KEY)})
    await simulators(central.url, security=basic(KEY)).start()
    point = central.point("CP1")
    await point.status(2, "Available")
    answer = await point.call("ChangeConfiguration", key="AuthorizationKey", value=value)
    assert answer.status == "Rejected"
    await point.drop()
    await point.connected()


# TLS

@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path, "A Root")


async def secure(central_system, context, host="localhost"):
    return await central_system(tls=context, host=host, passwords={"CP1": bytes.fromhex(KEY)})


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_a_certificate_for_the_name_is_trusted(authority, central_system, simulators, host):
    central = await secure(central_system, authority.server("some host", ["localhost", "127.0.0.1"]), host)
    simulator = await simulators(central.url, security=tls(authority.root)).start()
    point = central.point("CP1")
    await point.wait("BootNotification")
    await point.status(2, "Available")
    await simulator.plug_in(1)
    await simulator.tag(1, "CAFE01")
    await point.wait("StartTransaction")


async def test_a_common_name_counts_where_there_is_no_alternative_name(authority, central_system, simulators):
    central = await secure(central_system, authority.server("localhost"))
    await simulators(central.url, security=tls(authority.root)).start()
    await central.point("CP1").wait("BootNotification")


async def test_one_of_several_roots_is_enough(authority, tmp_path, central_system, simulators):
    central = await secure(central_system, authority.server("localhost", ["localhost"]))
    other = Authority(tmp_path, "Another Root")
    await simulators(central.url, security=tls(other.root, authority.root)).start()
    await central.point("CP1").wait("BootNotification")


@pytest.mark.parametrize(
    "common_name, alternative_names",
    [("example.org", ["example.org"]), ("localhost", ["example.org"]), ("example.org", [])],
)
async def test_a_certificate_for_another_name_is_refused(
    authority, central_system, simulators, common_name, alternative_names
):
    central = await secure(central_system, authority.server(common_name, alternative_names))
    simulator = await simulators(central.url, security=tls(authority.root)).start()
    await refused(simulator, central)
    assert not central.attempts.items, "the password is not sent to a stranger"


# rules: 3
async def test_an_unknown_authority_is_refused(authority, tmp_path, central_system, simulators):
    stranger = Authority(tmp_path, "Unknown Root")
    central = await secure(central_system, stranger.server("localhost", ["localhost"]))
    simulator = await simulators(central.url, security=tls(authority.root)).start()
    await refused(simulator, central)
    assert not central.attempts.items, "the password is not sent to a stranger"


async def test_a_server_that_knows_tls_1_1_only_is_refused(authority, central_system, simulators):
    context = authority.server("localhost", ["localhost"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    central = await secure(central_system, context)
    assert await speaks_tls_1_1(central.port, authority), "the server of this test must really offer it"
    simulator = await simulators(central.url, security=tls(authority.root)).start()
    await refused(simulator, central)
    assert not central.attempts.items


async def speaks_tls_1_1(port, authority):
    context = ssl.create_default_context(cafile=str(authority.root))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
    _, writer = await asyncio.open_connection("localhost", port, ssl=context)
    version = writer.get_extra_info("ssl_object").version()
    writer.close()
    return version == "TLSv1.1"


async def test_plain_text_is_not_spoken_at_profile_2(authority, central_system, simulators):
    central = await central_system(passwords={"CP1": bytes.fromhex(KEY)}, host="localhost")
    url = central.url.replace("ws://", "wss://")
    simulator = await simulators(url, security=tls(authority.root)).start()
    await refused(simulator, central)
    assert not central.attempts.items
