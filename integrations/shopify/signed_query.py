"""The two ways in which Shopify signs the parameters of an address, each as published."""

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from datetime import datetime
from urllib.parse import parse_qsl

# As Shopify's own libraries have it: long enough for clocks that differ and a slow line, too short for
# an address from somebody's log to be of use.
FRESH_SECONDS = 90
# What Shopify itself adds to a page of the shop. A shopper may add the same name: then it stands there twice.
OF_SHOPIFY = ("shop", "timestamp", "signature", "logged_in_customer_id", "path_prefix")
Pairs = Sequence[tuple[str, str]]


def signed_callback(query: str, secrets: Sequence[str], now: datetime) -> dict[str, str] | None:
    """The parameters with which the merchant's browser comes back from the
    grant screen; None unless Shopify signed them just now."""
    pairs = parse_qsl(query, keep_blank_values=True)
    told = dict(pairs)
    genuine = _once(pairs) and _matches(told.get("hmac"), callback_message(pairs), secrets)
    return told if genuine and _fresh(told.get("timestamp"), now) else None


def signed_proxy(query: str, secrets: Sequence[str], now: datetime) -> dict[str, str] | None:
    """The parameters of a page of the shop that Shopify fetches from us. The
    shop is proven, and who is signed in; the rest anybody may have written."""
    pairs = parse_qsl(query, keep_blank_values=True)
    told = dict(pairs)
    names = [name for name, _ in pairs]
    once = all(names.count(name) <= 1 for name in OF_SHOPIFY) and "shop" in told
    genuine = once and _matches(told.get("signature"), proxy_message(pairs), secrets)
    return told if genuine and _fresh(told.get("timestamp"), now) else None


def callback_message(pairs: Pairs) -> str:
    return "&".join(sorted(f"{name}={value}" for name, value in _callback_parts(pairs)))


def _callback_parts(pairs: Pairs) -> Iterator[tuple[str, str]]:
    """A list is written as one: ids=["2", "1"]."""
    for name in dict.fromkeys(name for name, _ in pairs if name != "hmac"):
        values = [_escaped(value) for known, value in pairs if known == name]
        if name.endswith("[]"):
            listed = ", ".join(f'"{value}"' for value in values)
            yield _escaped(name.removesuffix("[]"), "="), f"[{listed}]"
        else:
            yield _escaped(name, "="), values[0]


def _escaped(text: str, also: str = "") -> str:
    for sign in f"%& {also}":
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text


def proxy_message(pairs: Pairs) -> str:
    """Repeated values are joined by commas, and nothing stands between the pairs."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        if name != "signature":
            values.setdefault(name, []).append(value)
    return "".join(sorted(f"{name}={','.join(several)}" for name, several in values.items()))


def _once(pairs: Pairs) -> bool:
    """Of a parameter sent twice the signature may mean one and the reader the other."""
    names = [name for name, _ in pairs if not name.endswith("[]")]
    return len(names) == len(set(names))


def _matches(given: str | None, message: str, secrets: Sequence[str]) -> bool:
    """Every secret is tried, so that the time taken does not tell which one fits."""
    claimed = (given or "").encode(errors="replace")
    made = [hmac.new(one.encode(), message.encode(errors="replace"), hashlib.sha256) for one in secrets]
    fits = [hmac.compare_digest(digest.hexdigest().encode(), claimed) for digest in made]
    return any(fits)


def _fresh(timestamp: str | None, now: datetime) -> bool:
    digits = timestamp or ""
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 12):
        return False
    return abs(now.timestamp() - int(digits)) <= FRESH_SECONDS
