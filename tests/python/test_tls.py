"""Certificates: by whose clock they are checked, and what those who issue them may name."""

import re
import ssl
import time

import evcp
import pytest
from cryptography import x509

from binding import Charger, config
from certificates import Authority

DAY_MS = 86_400_000


def secured(central, root):
    return config(central.url, ca_pem=root.read_bytes())


async def test_certificates_are_checked_by_the_clock_of_the_charge_point(tmp_path, central_system):
    authority = Authority(tmp_path, "A Root", days=(-20, 30))
    expired = authority.server("localhost", ["localhost"], days=(-10, -3))
    central = await central_system(tls=expired, host="localhost")
    charger = Charger(secured(central, authority.root))
    charger.set_clock(int(time.time() * 1000) - 5 * DAY_MS)
    async with charger:
        assert (await charger.wait("connection"))["link"] is evcp.Link.CONNECTED


@pytest.mark.parametrize("days", [-40, 40])
async def test_a_certificate_is_refused_whose_time_is_not_that_of_the_charge_point(tmp_path, central_system, days):
    authority = Authority(tmp_path, "A Root", days=(-60, 60))
    central = await central_system(tls=authority.server("localhost", ["localhost"], days=(-1, 30)), host="localhost")
    charger = Charger(secured(central, authority.root))
    charger.set_clock(int(time.time() * 1000) + days * DAY_MS)
    async with charger:
        for _ in range(4):
            news = await charger.wait("connection")
            assert news["link"] is evcp.Link.CONNECT_FAILED and "certificate" in news["detail"], news


def limited(**trees):
    def subtrees(names):
        return [x509.DNSName(name) for name in names] or None

    return x509.NameConstraints(subtrees(trees.get("permitted", ())), subtrees(trees.get("excluded", ())))


LIMITS = {
    "permits it": (limited(permitted=["localhost"]), True),
    "permits another": (limited(permitted=["example.org"]), False),
    "excludes it": (limited(excluded=["localhost"]), False),
    "excludes another": (limited(excluded=["example.org"]), True),
}


@pytest.mark.parametrize("names", [[], ["localhost"]], ids=["common name", "alternative name"])
@pytest.mark.parametrize("who", ["root", "intermediate"])
@pytest.mark.parametrize("what", LIMITS)
async def test_what_an_issuer_may_name_binds_the_common_name_too(tmp_path, central_system, what, who, names):
    limits, good = LIMITS[what]
    root = Authority(tmp_path, "A Root", limits=limits if who == "root" else None)
    issuer = root if who == "root" else root.subordinate("An Intermediate", limits=limits)
    central = await central_system(tls=issuer.server("localhost", names), host="localhost")
    async with Charger(secured(central, root.root)) as charger:
        link = (await charger.wait("connection"))["link"]
        assert link is (evcp.Link.CONNECTED if good else evcp.Link.CONNECT_FAILED)


# Certificates as central systems in the field have them

async def link_to(central, roots, **members):
    """What comes of an attempt to connect with these roots, and what is said of it."""
    async with Charger(config(central.url, ca_pem=roots, **members)) as charger:
        told = await charger.wait("connection")
        return told["link"], told["detail"]


ONE = {"self_signed": True}
KINDS = [{}, {"ca": True}, {"version_1": True}]


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path, "A Root")


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["TLS 1.2", "TLS 1.3"])
def version(request):
    return request.param


def speaks(context, version):
    context.minimum_version = context.maximum_version = version
    return context


@pytest.mark.parametrize("kind", KINDS, ids=str)
async def test_a_certificate_that_is_itself_the_root_is_trusted(authority, central_system, kind, version):
    names = () if kind.get("version_1") else ["localhost"]
    certificate, key = authority.certificate("localhost", names, **ONE, **kind)
    context = speaks(authority.context(certificate, key), version)
    central = await central_system(tls=context, host="localhost")
    assert await link_to(central, authority.root.read_bytes() + certificate) == (evcp.Link.CONNECTED, "")


@pytest.mark.parametrize("kind", KINDS, ids=str)
async def test_a_certificate_that_is_itself_the_root_has_its_name_and_its_time(authority, central_system, kind):
    for common_name, days, said in [
        ("example.org", (-1, 30), "not ?valid ?for"), ("localhost", (-9, -3), "expired"),
    ]:
        certificate, key = authority.certificate(common_name, days=days, **ONE, **kind)
        central = await central_system(tls=authority.context(certificate, key), host="localhost")
        link, detail = await link_to(central, certificate)
        assert link is evcp.Link.CONNECT_FAILED and re.search(said, detail, re.IGNORECASE), detail


@pytest.mark.parametrize("kind", KINDS, ids=str)
async def test_a_certificate_of_the_same_name_as_the_root_is_not_the_root(authority, central_system, kind):
    root, _ = authority.certificate("localhost", ["localhost"], ca=True, **ONE)
    stranger, key = authority.certificate("localhost", ["localhost"], **ONE, **kind)
    central = await central_system(tls=authority.context(stranger, key), host="localhost")
    link, detail = await link_to(central, root)
    assert link is evcp.Link.CONNECT_FAILED, detail


async def test_a_certificate_of_version_1_counts_if_a_root_signed_it(authority, central_system, version):
    context = speaks(authority.server("localhost", version_1=True), version)
    central = await central_system(tls=context, host="localhost")
    assert await link_to(central, authority.root.read_bytes()) == (evcp.Link.CONNECTED, "")


@pytest.mark.parametrize("common_name, days", [("example.org", (-1, 30)), ("localhost", (-9, -3))])
async def test_a_certificate_of_version_1_has_its_name_and_its_time(authority, central_system, common_name, days):
    central = await central_system(tls=authority.server(common_name, days=days, version_1=True), host="localhost")
    link, _ = await link_to(central, authority.root.read_bytes())
    assert link is evcp.Link.CONNECT_FAILED


async def test_a_certificate_of_version_1_is_held_to_what_its_root_may_name(tmp_path, central_system):
    limits = x509.NameConstraints(permitted_subtrees=[x509.DNSName("example.org")], excluded_subtrees=None)
    authority = Authority(tmp_path, "A Root", limits=limits)
    central = await central_system(tls=authority.server("localhost", version_1=True), host="localhost")
    link, _ = await link_to(central, authority.root.read_bytes())
    assert link is evcp.Link.CONNECT_FAILED


async def test_a_certificate_of_version_1_that_no_root_signed_is_refused_with_a_cure(authority, central_system):
    between = authority.subordinate("An Intermediate")
    central = await central_system(tls=between.server("localhost", version_1=True), host="localhost")
    link, detail = await link_to(central, authority.root.read_bytes())
    assert link is evcp.Link.CONNECT_FAILED and "version 3" in detail and "subjectAltName" in detail, detail
