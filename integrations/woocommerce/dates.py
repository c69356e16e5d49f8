"""WooCommerce's dates: those ending in _gmt are UTC without saying so, the others are of no use."""

from datetime import datetime

from integrations.payload import Payload


def utc(payload: Payload, key: str, otherwise: str) -> datetime:
    """The time under `key`, or under `otherwise` where that was never set."""
    return utc_or_none(payload, key) or utc_or_none(payload, otherwise) or payload.time(key)


def utc_or_none(payload: Payload, key: str) -> datetime | None:
    return payload.time_or_none(key, assume_utc=True)
