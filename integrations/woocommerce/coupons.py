"""Coupons: one for each code, used once, by one address, until a moment that is told."""

from datetime import UTC
from decimal import Decimal, InvalidOperation

from core.errors import KontorError, Permanent
from core.money import Money
from integrations.roles import DiscountOrder
from integrations.woocommerce import refusals
from integrations.woocommerce.api import Row, StoreApi

KINDS = {"percent": "percent", "amount": "fixed_cart", "free_shipping": "fixed_cart"}
MOST_TWINS = 5
CENT = Decimal("0.01")  # The store tells amounts with two decimals, whatever its currency.


def create(api: StoreApi, order: DiscountOrder) -> None:
    """Making the same once more changes nothing."""
    wanted = _wanted(order)
    try:
        made = api.made("coupons", wanted)
    except KontorError as error:
        if not refusals.is_taken(error):
            raise
        _demand_same(_taken(api, order.code, error), wanted)
    else:
        _keep_if_same(api, made, wanted)


def _keep_if_same(api: StoreApi, made: Row, wanted: Row) -> None:
    """What the store made of our words must be what the message will say."""
    try:
        _demand_same(made, wanted)
    except Permanent:
        api.deleted(f"coupons/{made.get('id')}")
        raise


def _demand_same(made: Row, wanted: Row) -> None:
    if not _is_as(made, wanted):
        raise Permanent("the store has another coupon under this code")


def _wanted(order: DiscountOrder) -> Row:
    """`date_expires` is the one that is heard, and only with its Z as UTC:
    `date_expires_gmt` can be read but not written."""
    return {
        "code": order.code,
        "discount_type": KINDS[order.kind],
        "amount": _amount(order),
        "free_shipping": order.kind == "free_shipping",
        "usage_limit": 1,
        "email_restrictions": [order.email.lower()] if order.email else [],
        "minimum_amount": str(order.minimum.decimal()) if order.minimum else "",
        "date_expires": order.ends_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "description": "Kontor",
    }


def _amount(order: DiscountOrder) -> str:
    if order.kind == "free_shipping":
        return "0"
    return str(order.value) if order.kind == "percent" else str(Money(order.value, order.currency).decimal())


def _taken(api: StoreApi, code: str, error: KontorError) -> Row:
    """The coupon that holds the code already; removed meanwhile: as refused."""
    for row in named(api, code):
        return row
    raise error


def named(api: StoreApi, code: str) -> list[Row]:
    """The store writes every code small."""
    rows = api.page("coupons", code=code).rows
    return [row for row in rows if str(row.get("code")).casefold() == code.casefold()]


def remove(api: StoreApi, code: str) -> None:
    """The store finds one coupon under a code; should it have a twin, that comes to light after it."""
    for _ in range(MOST_TWINS):
        found = named(api, code)
        for row in found:
            api.deleted(f"coupons/{row.get('id')}")
        if not found:
            return


def _is_as(made: Row, wanted: Row) -> bool:
    amounts = all(_number(made.get(key)) == _number(wanted[key]) for key in ("amount", "minimum_amount"))
    ends = str(made.get("date_expires_gmt")).removesuffix("Z") == wanted["date_expires"].removesuffix("Z")
    same = ("discount_type", "free_shipping", "usage_limit", "email_restrictions")
    return amounts and ends and all(made.get(key) == wanted[key] for key in same)


def _number(said: object) -> Decimal | None:
    try:
        return Decimal(str(said or 0)).quantize(CENT)
    except InvalidOperation:
        return None
