"""DKIM signatures (RFC 6376), for an operator whose mail goes out directly.

RSA with SHA-256 over relaxed headers and a relaxed body, which is what every
receiver knows. The same key signs for a merchant's own domain, whose records
name it.
"""

import base64
import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

LEAST_BITS = 2048
# From stands twice: whoever adds a second one breaks the signature.
SIGNED = (
    "from", "from", "to", "reply-to", "subject", "date", "message-id", "auto-submitted",
    "list-unsubscribe", "list-unsubscribe-post", "mime-version", "content-type",
)  # fmt: skip
_BLANKS = re.compile(rb"[ \t]+")
_FOLDED = re.compile(rb"\r\n(?=[ \t])")
_LINE = 72


@dataclass(frozen=True)
class Signer:
    """Signs for `domain`, and for others whose records name this key."""

    domain: str
    selector: str
    key: RSAPrivateKey = field(repr=False)

    @classmethod
    def of(cls, domain: str, selector: str, pem: str) -> "Signer":
        """Raises ValueError where it is no RSA key, or one too short."""
        return cls(domain.lower(), selector, _key(pem))

    @property
    def public_key(self) -> str:
        """As a record tells it."""
        encoding, kind = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        return base64.b64encode(self.key.public_key().public_bytes(encoding, kind)).decode()

    def signs_for(self, address: str) -> str:
        """The domain in whose name a mail from this address is signed."""
        theirs = address.rpartition("@")[2].lower()
        return self.domain if theirs == self.domain or theirs.endswith(f".{self.domain}") else theirs

    def signed(self, mail: bytes, sender: str, now: datetime) -> bytes:
        """The mail with its signature before it; lines end in CRLF."""
        head, _, body = mail.partition(b"\r\n\r\n")
        names, lines = _chosen(_headers(head))
        told = {
            "v": "1",
            "a": "rsa-sha256",
            "c": "relaxed/relaxed",
            "d": self.signs_for(sender),
            "s": self.selector,
            "t": str(int(now.timestamp())),
            "h": ":".join(names),
            "bh": base64.b64encode(hashlib.sha256(_relaxed_body(body)).digest()).decode(),
            "b": "",
        }
        value = "; ".join(f"{name}={text}" for name, text in told.items())
        own = _relaxed(b"DKIM-Signature", value.encode())
        made = self.key.sign(b"\r\n".join([*lines, own]), padding.PKCS1v15(), hashes.SHA256())
        signature = base64.b64encode(made).decode()
        return b"DKIM-Signature: %b\r\n%b" % (_wrapped(value + signature).encode(), mail)


def _key(pem: str) -> RSAPrivateKey:
    text = pem.replace("\\n", "\n").strip().encode()
    key = serialization.load_pem_private_key(text, password=None)
    if not isinstance(key, RSAPrivateKey) or key.key_size < LEAST_BITS:
        raise ValueError(f"an RSA key of at least {LEAST_BITS} bits")
    return key


def _headers(head: bytes) -> list[tuple[str, bytes]]:
    """Each header's name and its line in relaxed form, in their order."""
    found = []
    for line in _FOLDED.sub(b"", head).split(b"\r\n"):
        name, _, value = line.partition(b":")
        found.append((name.decode("ascii").strip().lower(), _relaxed(name, value)))
    return found


def _chosen(headers: list[tuple[str, bytes]]) -> tuple[list[str], list[bytes]]:
    """What is signed: a name that stands once more than its header counts as empty."""
    names, lines, left = [], [], list(reversed(headers))
    for wanted in SIGNED:
        place = next((n for n, (name, _) in enumerate(left) if name == wanted), None)
        if place is not None:
            lines.append(left.pop(place)[1])
        if place is not None or wanted in names:
            names.append(wanted)
    return names, lines


def _relaxed(name: bytes, value: bytes) -> bytes:
    return name.strip().lower() + b":" + _BLANKS.sub(b" ", value).strip(b" ")


def _relaxed_body(body: bytes) -> bytes:
    lines = [_BLANKS.sub(b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    return b"\r\n".join([*lines, b""]) if lines else b""


def _wrapped(value: str) -> str:
    """Folded between its tags, the signature itself where a line is full: blanks
    within it count for nothing."""
    *tags, signature = value.split("; ")
    pieces = [signature[at : at + _LINE] for at in range(0, len(signature), _LINE)]
    return ";\r\n ".join(["; ".join(tags[:-2]), *tags[-2:], "\r\n ".join(pieces)])
