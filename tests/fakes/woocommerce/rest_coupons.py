"""Coupons by REST: the code is made lower-case, and of two dates only one is heard."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from tests.fakes.woocommerce.listing import Page, answer, by_date, by_id, ordered
from tests.fakes.woocommerce.messages import Reply, RestError
from tests.fakes.woocommerce.other_bodies import coupon_body
from tests.fakes.woocommerce.params import invalid, missing
from tests.fakes.woocommerce.records import Coupon
from tests.fakes.woocommerce.rest import Api, Call

ORDER_BY = ("date", "id", "include", "title", "slug", "modified")
KINDS = ("percent", "fixed_cart", "fixed_product")
TEXTS = ("amount", "description", "discount_type", "minimum_amount", "maximum_amount")
FLAGS = ("individual_use", "free_shipping", "exclude_sale_items")
NUMBERS = ("usage_limit", "usage_limit_per_user", "limit_usage_to_x_items")
LISTS = (
    "product_ids",
    "excluded_product_ids",
    "product_categories",
    "excluded_product_categories",
    "email_restrictions",
)
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Coupons:
    """`made` keeps every coupon that was ever made, also those deleted since.
    `blind` is how many creations see no twin: the look and the writing are two
    steps, and nothing in the database keeps two at the same instant apart."""

    def __init__(self, api: Api) -> None:
        self.shop, self.memory = api.shop, api.shop.memory
        self.made: list[Coupon] = []
        self.blind = 0
        api.route("GET", "/wc/v3/coupons", self.list)
        api.route("POST", "/wc/v3/coupons", self.create)
        api.route("GET", r"/wc/v3/coupons/(\d+)", self.show)
        api.route("PUT", r"/wc/v3/coupons/(\d+)", self.change)
        api.route("DELETE", r"/wc/v3/coupons/(\d+)", self.delete)

    def body(self, coupon: Coupon) -> dict[str, Any]:
        return coupon_body(coupon, self.shop.site, self.shop.clock)

    def list(self, call: Call) -> Reply:
        page = Page.of(call.params, ORDER_BY)
        rows = by_date([one for one in self.memory.coupons.values() if one.status != "trash"], call.params)
        call.may_list()
        code = call.params.text("code")
        if code:
            found = self.memory.coupon_by_code(code)
            rows = [one for one in rows if one is found]
        rows = ordered(by_id(rows, call.params), page)
        return answer(rows, page, call.params, self.shop.site.rest("coupons"), self.body)

    def find(self, id: int, status: int = 404) -> Coupon:
        coupon = self.memory.coupons.get(id)
        if coupon is None:
            raise RestError(status, "woocommerce_rest_shop_coupon_invalid_id", "Invalid ID.")
        return coupon

    def show(self, call: Call) -> Reply:
        coupon = self.find(call.ids[0])
        call.may_view()
        return call.shown(self.body(coupon))

    def create(self, call: Call) -> Reply:
        given = call.params.body
        if "code" not in given:
            raise missing("code")
        _check(given)
        call.may_create()
        if not given["code"]:
            text = "The coupon code cannot be empty."
            raise RestError(400, "woocommerce_rest_empty_coupon_code", text)
        code = str(given["code"]).strip().lower()
        if self.blind > 0:
            self.blind -= 1
        else:
            self._refuse_twin(code, None)
        now = self.shop.clock.now()
        coupon = Coupon(next(self.memory.post_ids), code, now, now, _nothing())
        self._write(coupon, given)
        self.memory.coupons[coupon.id] = coupon
        self.made.append(coupon)
        self.shop.hooks.fire("coupon.created", coupon.id)
        return call.shown(self.body(coupon), 201, self.shop.site.rest(f"coupons/{coupon.id}"))

    def change(self, call: Call) -> Reply:
        coupon = self.find(call.ids[0], 400)
        _check(call.params.body)
        call.may_edit()
        if "code" in call.params.body:
            code = str(call.params.body["code"]).strip().lower()
            self._refuse_twin(code, coupon)
            coupon.code = code
        self._write(coupon, call.params.body)
        self.shop.hooks.fire("coupon.updated", coupon.id)
        return call.shown(self.body(coupon))

    def delete(self, call: Call) -> Reply:
        coupon = self.find(call.ids[0])
        call.may_delete()
        before = self.body(coupon)
        if call.params.flag("force"):
            del self.memory.coupons[coupon.id]
        else:
            coupon.before_trash, coupon.status = coupon.status, "trash"
            self.shop.post_trashed(coupon.id)
        return call.shown(before)

    def _refuse_twin(self, code: str, besides: Coupon | None) -> None:
        known = self.memory.coupon_by_code(code)
        if known is not None and known is not besides:
            text = "The coupon code already exists"
            raise RestError(400, "woocommerce_rest_coupon_code_already_exists", text)

    def _write(self, coupon: Coupon, given: dict[str, Any]) -> None:
        """`date_expires_gmt` is in the schema and has no setter: it is passed over."""
        fields = {**coupon.fields, **{name: given[name] for name in coupon.fields if name in given}}
        _check_amount(fields)
        for name in ("amount", "minimum_amount", "maximum_amount"):
            fields[name] = f"{_decimal(fields[name]):.2f}"
        fields["email_restrictions"] = _emails(fields["email_restrictions"])
        coupon.fields, coupon.modified = fields, self.shop.clock.now()
        if "date_expires" in given:
            coupon.expires = self.shop.clock.read(str(given["date_expires"] or ""))


def _nothing() -> dict[str, Any]:
    texts: dict[str, Any] = {"amount": "0", "description": "", "discount_type": "fixed_cart"}
    amounts: dict[str, Any] = {"minimum_amount": "0", "maximum_amount": "0"}
    flags = dict.fromkeys(FLAGS, False)
    numbers = dict.fromkeys(NUMBERS, 0)
    return {**texts, **amounts, **flags, **numbers, **{name: [] for name in LISTS}}


def _check(given: dict[str, Any]) -> None:
    """Amounts are text: a number is refused."""
    for name in (*TEXTS, "code"):
        if name in given and not isinstance(given[name], str):
            raise invalid(name, f"{name} is not of type string.", "rest_invalid_type")
    if given.get("discount_type", KINDS[0]) not in KINDS:
        text = f"discount_type is not one of {', '.join(KINDS)}."
        raise invalid("discount_type", text, "rest_not_in_enum")
    for name in NUMBERS:
        if name in given and not re.fullmatch(r"-?\d+", str(given[name])):
            raise invalid(name, f"{name} is not of type integer.", "rest_invalid_type")


def _check_amount(fields: dict[str, Any]) -> None:
    amount = _decimal(fields["amount"])
    if amount < 0 or (fields["discount_type"] == "percent" and amount > 100):
        raise RestError(400, "coupon_invalid_amount", "Invalid discount amount")


def _emails(given: list[str]) -> list[str]:
    for email in given:
        if not EMAIL.fullmatch(email):
            text = "Invalid email address restriction"
            raise RestError(400, "coupon_invalid_email_address", text)
    return [email.lower() for email in given]


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text or "0")
    except InvalidOperation:
        return Decimal(0)
