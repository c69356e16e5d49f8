"""Secrets at rest: encrypted, bound to their row, with keys that rotate.

A sealed value is the first four bytes of its key's digest, a nonce and
AES-256-GCM text. The binding is authenticated but not stored: a value copied
to another row can't be opened there.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_TAG, _NONCE = 4, 12


class SealBroken(ValueError):
    """The value was altered, moved to another row, or its key is gone."""


class Vault:
    """Seals with the newest key and opens with any."""

    def __init__(self, keys: Sequence[str], address_key: str) -> None:
        """`keys` are 32 bytes each in base64, newest first. Raises ValueError."""
        raw = [_decoded(key) for key in keys]
        self._ciphers = {_tag(key): AESGCM(key) for key in raw}
        self._newest = _tag(raw[0])
        self._hash_key = address_key.encode()

    def seal(self, text: str | bytes, binding: str) -> bytes:
        plain = text.encode() if isinstance(text, str) else text
        nonce = os.urandom(_NONCE)
        cipher = self._ciphers[self._newest]
        return self._newest + nonce + cipher.encrypt(nonce, plain, binding.encode())

    def open(self, sealed: bytes, binding: str) -> bytes:
        """Raises SealBroken."""
        cipher = self._ciphers.get(sealed[:_TAG])
        if cipher is None:
            raise SealBroken(f"no key for {binding}")
        nonce, text = sealed[_TAG : _TAG + _NONCE], sealed[_TAG + _NONCE :]
        try:
            return cipher.decrypt(nonce, text, binding.encode())
        except (InvalidTag, ValueError) as error:
            raise SealBroken(f"can't open {binding}") from error

    def is_newest(self, sealed: bytes) -> bool:
        return sealed[:_TAG] == self._newest

    def fingerprint(self, merchant_id: int, value: str) -> str:
        """A keyed hash by which an address is found without being stored.

        Its key does not rotate: the suppressions of erased people hang on it.
        """
        text = f"{merchant_id}:{value}".encode()
        return hmac.new(self._hash_key, text, hashlib.sha256).hexdigest()


def new_key() -> str:
    """A fresh data key, as DATA_KEYS wants it."""
    return base64.b64encode(os.urandom(32)).decode()


def check_key(key: str) -> None:
    """Raises ValueError where `key` is no data key."""
    _decoded(key)


def _decoded(key: str) -> bytes:
    try:
        raw = base64.b64decode(key, validate=True)
    except ValueError as error:
        raise ValueError("a data key is 32 bytes in base64") from error
    if len(raw) != 32:
        raise ValueError("a data key is 32 bytes in base64")
    return raw


def _tag(key: bytes) -> bytes:
    return hashlib.sha256(b"kontor key id" + key).digest()[:_TAG]
