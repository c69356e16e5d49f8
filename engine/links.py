"""Signed links for shoppers: what a link may do is in its token, nowhere else.

Each kind of link signs with a key of its own, derived from SECRET_KEY. A token
names rows by number; where a click leads stands in the effect's row, so that
no address can be put into a link.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from itsdangerous import BadData, URLSafeSerializer

from core.config import Config

UNSUBSCRIBE, CLICK, SUMMARY = "kontor.unsubscribe", "kontor.click", "kontor.summary"
WAITING = "kontor.waiting"
_LONGEST_TOKEN = 300


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """The right to stop mail to one address of one merchant's; the effect is
    the message that carried the link."""

    merchant_id: int
    address_id: int
    effect_id: int


@dataclass(frozen=True, slots=True)
class Summed:
    """The right to stop the weekly summary of one member."""

    merchant_id: int
    member_id: int


@dataclass(frozen=True, slots=True)
class Clicked:
    """The right to be led to where `link` of this message leads."""

    merchant_id: int
    effect_id: int
    link: str


@dataclass(frozen=True, slots=True)
class Waits:
    """The right to confirm, to see and to end one sign-up for a waiting line."""

    merchant_id: int
    sign_up_id: int


def unsubscribe_url(config: Config, merchant_id: int, address_id: int, effect_id: int) -> str:
    return f"{config.app_url}/u/{signed(config, UNSUBSCRIBE, merchant_id, address_id, effect_id)}"


def unsubscribe_headers(url: str) -> dict[str, str]:
    """What lets a mail program show its own button, by RFC 8058."""
    return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def open_unsubscribe(config: Config, token: str) -> Unsubscribe | None:
    """What an unsubscribe link names; None for anything we did not sign."""
    match opened(config, UNSUBSCRIBE, token):
        case [int(merchant_id), int(address_id), int(effect_id)]:
            return Unsubscribe(merchant_id, address_id, effect_id)
    return None


def summary_url(config: Config, merchant_id: int, member_id: int) -> str:
    """Where the weekly summary is stopped."""
    return f"{config.app_url}/weekly/{signed(config, SUMMARY, merchant_id, member_id)}"


def open_summary(config: Config, token: str) -> Summed | None:
    match opened(config, SUMMARY, token):
        case [int(merchant_id), int(member_id)]:
            return Summed(merchant_id, member_id)
    return None


def click_url(config: Config, merchant_id: int, effect_id: int, link: str) -> str:
    return f"{config.app_url}/c/{signed(config, CLICK, merchant_id, effect_id, link)}"


def open_click(config: Config, token: str) -> Clicked | None:
    match opened(config, CLICK, token):
        case [int(merchant_id), int(effect_id), str(link)]:
            return Clicked(merchant_id, effect_id, link)
    return None


def leave_url(config: Config, merchant_id: int, sign_up_id: int) -> str:
    """Where somebody confirms her sign-up, sees her place in line and leaves it."""
    return f"{config.app_url}/w/{signed(config, WAITING, merchant_id, sign_up_id)}"


def open_waiting(config: Config, token: str) -> Waits | None:
    match opened(config, WAITING, token):
        case [int(merchant_id), int(sign_up_id)]:
            return Waits(merchant_id, sign_up_id)
    return None


def with_utm(url: str, campaign: str, step: int) -> str:
    """The address with tags for the shop's statistics. What it asks for
    already stays to the letter: it may be signed, or tagged by the merchant."""
    parts = urlsplit(url)
    taken = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    tags = {
        "utm_source": "kontor",
        "utm_medium": "email",
        "utm_campaign": campaign,
        "utm_content": f"step-{step}",
    }
    added = urlencode({name: value for name, value in tags.items() if name not in taken})
    return urlunsplit(parts._replace(query="&".join(part for part in (parts.query, added) if part)))


def signed(config: Config, purpose: str, *named: int | str) -> str:
    return str(_signer(config.secret_key, purpose).dumps(named))


def opened(config: Config, purpose: str, token: str) -> object:
    """What was signed for this purpose; None for anything else."""
    if len(token) > _LONGEST_TOKEN:
        return None
    try:
        return _signer(config.secret_key, purpose).loads(token)
    except BadData:
        return None


@lru_cache(maxsize=16)
def _signer(secret_key: str, purpose: str) -> URLSafeSerializer:
    """The secret itself signs nothing: each purpose has a key made of it."""
    return URLSafeSerializer(
        secret_key,
        salt=purpose,
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )
