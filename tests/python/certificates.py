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

    def server(self, common_name, alternative_names=(), *, version_1=False, **made):
        """An SSL context of a server with a certificate for these names; without any: common name only.

        See `certificate` for the rest. Of version 1, it has its common name and no more.
        """
        return self.context(*self.certificate(common_name, alternative_names, version_1=version_1, **made))

    def certificate(
        self, common_name, alternative_names=(), *, days=(-1, 30), self_signed=False, ca=False, version_1=False
    ):
        """A certificate of a server, as PEM, and its key.

        It is valid from `days[0]` days after today to `days[1]`; with `ca`, it says that it may sign others.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        extensions = [(x509.BasicConstraints(ca=ca, path_length=None), True)]
        if not ca:
            extensions.append((x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH]), False))
        if alternative_names:
            extensions.append((x509.SubjectAlternativeName([_general(name) for name in alternative_names]), False))
        issuer, signer = (_name(common_name), key) if self_signed else (self._certificate.subject, self._key)
        certificate = self._issue(
            _name(common_name), key.public_key(), extensions, issuer, days=days, key=signer
        )
        return (_version_1(certificate, signer) if version_1 else _pem(certificate)), key

    def context(self, certificate, key):
        """An SSL context of a server with this certificate and key, and those between it and the root."""
        chain = self.directory / f"server-{x509.random_serial_number():x}.pem"
        chain.write_bytes(
            certificate + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ) + self._between
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        return context


def _version_1(certificate, key):
    """The same certificate, signed by this key, without its version and its extensions."""
    fields = list(_elements(_elements(certificate.tbs_certificate_bytes)[0][1]))
    said = _element(0x30, b"".join(whole for whole, _ in fields if whole[0] not in (0xA0, 0xA3)))
    kind = fields[2][0]  # after the version and the serial number
    signature = key.sign(said, ec.ECDSA(hashes.SHA256()))
    whole = _element(0x30, said + kind + _element(0x03, b"\0" + signature))
    return ssl.DER_cert_to_PEM_cert(whole).encode()


def _elements(der):
    """The elements of DER one after the other: (all of one, what is in it)."""
    found = []
    while der:
        length, start = der[1], 2
        if length >= 0x80:
            start = 2 + (length & 0x7F)
            length = int.from_bytes(der[2:start], "big")
        found.append((der[:start + length], der[start:start + length]))
        der = der[start + length:]
    return found


def _element(kind, content):
    length = len(content)
    if length < 0x80:
        return bytes([kind, length]) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([kind, 0x80 | len(size)]) + size + content


def _general(name):
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
