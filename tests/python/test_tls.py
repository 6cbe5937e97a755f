"""Certificates: by whose clock they are checked, and what those who issue them may name."""

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
