"""A certificate authority for one's own machine: it signs one certificate and is forgotten.

Its key is never written down, so whoever trusts it trusts that one certificate.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core import clock

NAMES = ("localhost", "*.myshopify.com")
GOOD_FOR = timedelta(days=365)
RENEWED_BEFORE = timedelta(days=7)
AUTHORITY, HOST = "authority.pem", "host.pem"


def ensure(folder: Path) -> None:
    """The authority's certificate, and a chain with its key for all that answers here."""
    file = folder / AUTHORITY
    if file.exists() and _ends_at(file) > clock.now() + RENEWED_BEFORE:
        return
    folder.mkdir(parents=True, exist_ok=True)
    authority, chain = signed(NAMES, GOOD_FOR)
    host = folder / HOST
    host.touch(mode=0o600)
    host.write_bytes(chain)
    file.write_bytes(authority)


def _ends_at(file: Path) -> datetime:
    return x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc


def signed(names: Sequence[str], good_for: timedelta) -> tuple[bytes, bytes]:
    """A new authority's certificate, and the chain with its key of the one
    certificate for these names; PEM."""
    own_key, host_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    until, name = clock.now() + good_for, "Kontor development"
    authority = _certificate(name, own_key, name, own_key, x509.BasicConstraints(True, 0), until)
    known = x509.SubjectAlternativeName([x509.DNSName(one) for one in names])
    host = _certificate(names[0], host_key, name, own_key, known, until)
    key = host_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return _pem(authority), _pem(host) + key


def _certificate(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
    until: datetime,
) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(_named(subject))
        .issuer_name(_named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(clock.now() - timedelta(hours=1))
        .not_valid_after(until)
        .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        .sign(issuer_key, hashes.SHA256())
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
