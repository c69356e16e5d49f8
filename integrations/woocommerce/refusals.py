"""What a WooCommerce refusal means, read from what was said with it.

Between us and the store stand hosts, firewalls and maintenance pages that
speak HTML with any status; only WooCommerce's own words, in JSON, are taken as
the store's. Words may be translated, codes are not.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from core.errors import KontorError, NeedsMerchant, Permanent, Refusal, Retryable

MOVED = (301, 308)
# More than any store's page has: ten megabytes of crumbs would take hundreds of them unpacked.
MOST_VALUES = 400_000
OWN = "woocommerce_rest_"


def parsed(body: bytes) -> Any:
    """Raises ValueError. Amounts stay exact."""
    if sum(body.count(sign) for sign in (b",", b"[", b"{")) > MOST_VALUES:
        raise ValueError("too many values")
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_refuse)
    except (ArithmeticError, RecursionError) as error:
        raise ValueError("no usable JSON") from error


def _refuse(name: str) -> None:
    raise ValueError(name)


def is_json(headers: Mapping[str, str]) -> bool:
    kind = headers.get("content-type", "").split(";", 1)[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


def code(refusal: Refusal | None) -> str | None:
    """The store's own word for its refusal; None where it was not the store that spoke."""
    if refusal is None or not is_json(refusal.headers):
        return None
    try:
        said = parsed(refusal.body)
    except ValueError:
        return None
    word = said.get("code") if isinstance(said, dict) else None
    return word if isinstance(word, str) else None


def sorted_again(error: KontorError) -> KontorError:
    """The client sorts by status alone; a refusal the store never uttered says
    nothing of the store and may be over in a while."""
    refusal = error.refusal
    if refusal is None:
        return error
    if refusal.status in MOVED:
        return _with(NeedsMerchant("moved"), refusal)
    foreign = code(refusal) is None or code(refusal) == "rest_no_route"
    if isinstance(error, NeedsMerchant | Permanent) and foreign:
        return _with(Retryable(f"answered {refusal.status}, and not as WooCommerce does"), refusal)
    return error


def _with(error: KontorError, refusal: Refusal) -> KontorError:
    error.refusal = refusal
    return error


def is_absence(error: KontorError) -> bool:
    """WooCommerce itself says that there is no such thing; a missing route is
    WooCommerce missing, and says nothing of the thing."""
    said = code(error.refusal)
    return error.refusal is not None and error.refusal.status == 404 and (said or "").startswith(OWN)


def is_taken(error: KontorError) -> bool:
    return code(error.refusal) == "woocommerce_rest_coupon_code_already_exists"
