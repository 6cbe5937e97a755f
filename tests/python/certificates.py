"""Certificates for the TLS tests, made anew for each run."""

import datetime
import ipaddress
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


def _name(common_name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


class Authority:
    """A certificate authority and what it issues, as files in a directory."""

    def __init__(self, directory, name, *, limits=None, days=(-1, 30), above=None):
        self.directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        #: The certificates between those that it issues and the root.
        self._between = b""
        extensions = [(x509.BasicConstraints(ca=True, path_length=None), True)]
        if limits:
            extensions.append((limits, True))
        issuer, key = (above._certificate.subject, above._key) if above else (_name(name), self._key)
        self._certificate = self._issue(
            _name(name), self._key.public_key(), extensions, issuer, days=days, key=key
        )
        if above:
            self._between = _pem(self._certificate) + above._between
        self.root = directory / f"{name.replace(' ', '_')}.pem"
        self.root.write_bytes(_pem(self._certificate))

    def subordinate(self, name, *, limits=None):
        """An authority below this one; `limits`: the name constraints that it has."""
        return Authority(self.directory, name, limits=limits, above=self)

    def _issue(self, subject, public_key, extensions, issuer, *, days=(-1, 30), key=None):
        today = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(today + days[0] * DAY).not_valid_after(today + days[1] * DAY)
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(key or self._key, hashes.SHA256())

    def server(self, common_name, alternative_names=(), *, days=(-1, 30), self_signed=False):
        """An SSL context of a server with a certificate for these names; without any: common name only.

        It is valid from `days[0]` days after today to `days[1]`.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        extensions = [
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH]), False),
        ]
        if alternative_names:
            extensions.append((x509.SubjectAlternativeName([_general(name) for name in alternative_names]), False))
        issuer = _name(common_name) if self_signed else self._certificate.subject
        certificate = self._issue(
            _name(common_name), key.public_key(), extensions, issuer, days=days, key=key if self_signed else None
        )
        chain = self.directory / f"server-{certificate.serial_number:x}.pem"
        chain.write_bytes(
            _pem(certificate) + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ) + self._between
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        return context


def _general(name):
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
