"""A certificate authority for servers that only this computer reaches: good certificates and bad ones.

authority = Authority(Path("build/cluster/tls"))
authority.ca_file                                              what a client has to trust
authority.certificate("livy", ["127.0.0.15"])                  a good one
authority.certificate("late", ["127.0.0.15"], expired=True)
authority.certificate("other", ["elsewhere.example.org"])
self_signed(folder, "alone", ["127.0.0.15"])
"""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

STORE_PASSWORD = "roadpulse"  # of a key store whose key protects nothing
_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Certificate:
    """A server's certificate (with the authority's after it) and its key, as files."""

    folder: Path
    name: str

    @property
    def pem(self) -> Path:
        return self.folder / f"{self.name}.pem"

    @property
    def key(self) -> Path:
        return self.folder / f"{self.name}.key"

    @property
    def ca_file(self) -> Path:
        """The authority that signed it, if there is one."""
        return self.folder / "ca.pem"

    @property
    def keystore(self) -> Path:
        """Both, for Java: PKCS12, opened with `STORE_PASSWORD`."""
        return self.folder / f"{self.name}.p12"


class Authority:
    """A certificate authority in a folder, made where it is missing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        if not self._files.keystore.exists():
            _issue(self._files, "Roadpulse stand-in authority", [], None)

    @property
    def ca_file(self) -> Path:
        """The authority's own certificate."""
        return self._files.pem

    def certificate(self, name: str, hosts: Sequence[str], *, expired: bool = False) -> Certificate:
        """Return a server's certificate for host names and addresses; the one that is there when it is."""
        certificate = Certificate(self.folder, name)
        if not certificate.keystore.exists():
            _issue(certificate, name, hosts, self._files, expired=expired)
        return certificate

    @property
    def _files(self) -> Certificate:
        return Certificate(self.folder, "ca")


def self_signed(folder: Path, name: str, hosts: Sequence[str]) -> Certificate:
    """Return a certificate that no authority vouches for."""
    certificate = Certificate(folder.absolute(), name)
    _issue(certificate, name, hosts, None)
    return certificate


def _issue(
    target: Certificate,
    name: str,
    hosts: Sequence[str],
    authority: Optional[Certificate],
    *,
    expired: bool = False,
) -> None:
    target.folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer, above = key, []
    if authority:
        above = [x509.load_pem_x509_certificate(authority.pem.read_bytes())]
        issuer = above[0].subject
        loaded = serialization.load_pem_private_key(authority.key.read_bytes(), None)
        if not isinstance(loaded, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{authority.key} is not a key of this module")
        signer = loaded
    now = datetime.datetime.now(datetime.timezone.utc)
    begins, ends = (now - 2 * _DAY, now - _DAY) if expired else (now - _DAY, now + 365 * _DAY)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=not hosts, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .add_extension(_usage(authority=not hosts), critical=True)
    )
    if hosts:
        names = x509.SubjectAlternativeName([_general(host) for host in hosts])
        server = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        builder = builder.add_extension(names, critical=False).add_extension(server, critical=False)
    certificate = builder.sign(signer, hashes.SHA256())
    plain = serialization.NoEncryption()
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    target.pem.write_bytes(b"".join(each.public_bytes(pem) for each in (certificate, *above)))
    target.key.touch(mode=0o600)
    target.key.write_bytes(key.private_bytes(pem, pkcs8, plain))
    locked = serialization.BestAvailableEncryption(STORE_PASSWORD.encode())
    store = pkcs12.serialize_key_and_certificates(name.encode(), key, certificate, above, locked)
    target.keystore.write_bytes(store)


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, key_cert_sign=authority, crl_sign=authority, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
        decipher_only=False,
    )  # fmt: skip


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
