"""The return address of each message: signed, so that what comes back names its message
whatever else stands in it."""

import hmac
from dataclasses import dataclass

from core.config import Config
from engine.member_sessions import hashed

MARK = 20


@dataclass(frozen=True, slots=True)
class Sent:
    """Which message, and to which address."""

    merchant_id: int
    address_id: int
    effect_id: int


def returns_to(config: Config, sent: Sent) -> str | None:
    """The envelope's sender; None where the operator takes nothing back."""
    if config.bounce_address is None:
        return None
    local, _, domain = config.bounce_address.rpartition("@")
    named = f"{sent.merchant_id}-{sent.address_id}-{sent.effect_id}"
    return f"{local}+{named}-{_mark(config, named)}@{domain}"


def opened(config: Config, address: str) -> Sent | None:
    """What a return address names; None for any that we did not make. Servers
    may change small letters to large ones."""
    named, _, mark = address.rpartition("@")[0].rpartition("+")[2].lower().rpartition("-")
    parts = named.split("-")
    if not mark.isascii() or not hmac.compare_digest(mark, _mark(config, named)):
        return None
    return Sent(*(int(part) for part in parts)) if len(parts) == 3 else None


def _mark(config: Config, named: str) -> str:
    """In small letters and short, unlike the tokens of links: it is a part of an address."""
    return hashed(config, "bounce", named)[:MARK]
