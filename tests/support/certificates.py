"""A certificate authority of our own, made anew for each use."""

from dataclasses import dataclass
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core import clock


@dataclass(frozen=True)
class Authority:
    """PEM: the authority's certificate, and the certificate and key of its one host."""

    certificate: bytes
    host_chain: bytes


def make_authority(host: str) -> Authority:
    ca_key, host_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca = _certificate("Test authority", ca_key, "Test authority", ca_key, x509.BasicConstraints(True, None))
    names = x509.SubjectAlternativeName([x509.DNSName(host)])
    leaf = _certificate(host, host_key, "Test authority", ca_key, names)
    key = host_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Authority(_pem(ca), _pem(leaf) + key)


def _certificate(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    now = clock.now()
    return (
        x509.CertificateBuilder()
        .subject_name(_named(subject))
        .issuer_name(_named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        .sign(issuer_key, hashes.SHA256())
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
