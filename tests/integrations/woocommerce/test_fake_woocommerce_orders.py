"""The shop made for the tests keeps orders, lists and coupons as a real one was measured to."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.woocommerce import Store
from tests.fakes.woocommerce.checkout import CouponRefused
from tests.fakes.woocommerce.receiver import Receiver, receiver
from tests.fakes.woocommerce.visitors import EVE, TOPICS, Caller, captured, heard, listen, selling, shape


@pytest.fixture
def store() -> Iterator[Store]:
    with selling() as one:
        yield one


@pytest.fixture
def app(store: Store) -> Caller:
    return Caller(store, store.new_key())


@pytest.fixture
def ear() -> Iterator[Receiver]:
    with receiver() as one:
        yield one


# From the cart to the order.


def test_a_cart_at_the_checkout_is_an_order_with_the_captured_shape(store: Store, app: Caller) -> None:
    opened = store.open_checkout([("MUG-1", 2)])
    empty = app.get(f"orders/{opened}").body
    assert empty["billing"]["email"] == ""
    like = json.loads(captured("order.updated__checkout_draft_email")["body"])
    store.fill_checkout(opened, EVE)
    body = app.get(f"orders/{opened}").body
    assert shape(body) == shape(like)
    for name in ("status", "total", "billing", "needs_payment", "is_editable", "created_via"):
        assert body[name] == like[name], name
    assert body["date_created_gmt"] == store.clock.gmt(store.clock.now())
    assert body["date_created"] != body["date_created_gmt"]
    assert body["payment_url"].endswith(f"/order-pay/{opened}/?pay_for_order=true&key={body['order_key']}")


def test_orders_products_and_customers_have_the_captured_shape(store: Store, app: Caller) -> None:
    placed = store.place(store.leave_draft(EVE, [("MUG-1", 2)]), "cod")
    like = json.loads(captured("order.created__checkout_placed_2of2")["body"])
    body = app.get(f"orders/{placed}").body
    assert shape(body) == shape(like)
    assert body["line_items"][0]["meta_data"][0]["value"] == "2"
    assert (body["status"], body["date_paid"], body["needs_payment"]) == ("processing", None, False)
    shirt = store.add_product("T-Shirt", "TS", "20", None)
    small = store.add_variation(shirt, "S", "TS-S", "20", 5)
    for product, name in (
        (11, "product.updated__stock_fell_by_order"),
        (small, "product.created__variation"),
    ):
        like = json.loads(captured(name)["body"])
        assert shape(app.get(f"products/{product}").body) == shape(like), name
    user = store.add_user("sub1@example.test", "subscriber")
    like = json.loads(captured("customer.created__role_subscriber")["body"])
    assert shape(app.get(f"customers/{user}").body) == shape(like)


def test_the_same_number_is_bought_updated_before_created_and_then_the_stock(
    store: Store, app: Caller, ear: Receiver
) -> None:
    listen(app, ear)
    order = store.open_checkout([("MUG-1", 2)])
    store.run_queue()
    store.fill_checkout(order, EVE)
    store.run_queue()
    store.place(order)
    store.run_queue()
    told = [(topic, body["id"], body["status"]) for topic, body in heard(ear)]
    assert told == [
        ("order.updated", order, "checkout-draft"),
        ("order.updated", order, "checkout-draft"),
        ("order.updated", order, "on-hold"),
        ("order.created", order, "on-hold"),
        ("product.updated", 11, "publish"),
    ]
    assert [body["billing"]["email"] for _, body in heard(ear)[:2]] == ["", EVE]
    assert heard(ear)[-1][1]["stock_quantity"] == 8


def test_an_unpaid_order_keeps_its_pay_link_until_it_is_paid(store: Store, app: Caller) -> None:
    order = store.place(store.leave_draft(EVE, [("MUG-1", 2)]), "card", "pending")
    unpaid = app.get(f"orders/{order}").body
    assert (unpaid["status"], unpaid["needs_payment"], stock(app)) == ("pending", True, 10)
    store.fail(order)
    assert app.get(f"orders/{order}").body["needs_payment"]
    store.pay(order)
    paid = app.get(f"orders/{order}").body
    assert (paid["status"], paid["needs_payment"], stock(app)) == ("processing", False, 8)
    assert paid["date_paid_gmt"]


def stock(app: Caller, product: int = 11) -> Any:
    return app.get(f"products/{product}").body["stock_quantity"]


def test_a_cancelled_order_gives_its_stock_back_a_binned_or_refunded_one_does_not(
    store: Store, app: Caller, ear: Receiver
) -> None:
    listen(app, ear)
    first, second, third = (store.order(EVE, [("MUG-1", 1)]) for _ in range(3))
    store.run_queue()
    ear.front.asked.clear()
    store.cancel(first)
    store.trash_order(second)
    store.set_status(third, "refunded")
    store.run_queue()
    assert stock(app) == 8
    told = [(topic, body["id"]) for topic, body in heard(ear)]
    assert told == [
        ("order.updated", first),
        ("product.updated", 11),
        ("order.deleted", second),
        ("order.updated", third),
    ]
    assert heard(ear)[2][1] == {"id": second}
    assert app.get(f"orders/{third}").body["refunds"][0]["total"] == "-12.50"


def test_a_refund_in_part_keeps_the_status_and_restocks_only_where_told(store: Store, app: Caller) -> None:
    order = store.order(EVE, [("MUG-1", 2)])
    store.refund(order, "5.00")
    body = app.get(f"orders/{order}").body
    assert (body["status"], body["refunds"][0]["total"], stock(app)) == ("processing", "-5.00", 8)
    store.refund(order, "20.00", restock=True)
    assert (app.get(f"orders/{order}").body["status"], stock(app)) == ("refunded", 10)


def test_what_is_deleted_for_good_expires_or_is_changed_in_the_database_is_told_to_nobody(
    store: Store, app: Caller, ear: Receiver
) -> None:
    draft = store.leave_draft(EVE, [("MUG-1", 1)])
    order = store.order(EVE, [("MUG-1", 1)])
    listen(app, ear, *TOPICS, "product.deleted")
    before = app.get("products/11").body["date_modified_gmt"]
    store.delete_order(order)
    store.advance(days=1)
    store.edit_stock_in_the_database("MUG-1", 3)
    assert (stock(app), app.get("products/11").body["date_modified_gmt"]) == (3, before)
    store.delete_product("MUG-1")
    assert (store.run_queue(), heard(ear)) == (0, [])
    assert app.get(f"orders/{draft}").code == "woocommerce_rest_shop_order_invalid_id"
    assert app.get(f"orders/{order}").status == 404


def test_a_draft_somebody_still_works_on_does_not_expire(store: Store, app: Caller) -> None:
    draft = store.open_checkout([("MUG-1", 1)])
    store.advance(hours=23)
    store.fill_checkout(draft, EVE)
    store.advance(hours=23)
    assert app.get(f"orders/{draft}").status == 200


def test_a_binned_product_is_told_as_a_coupon_too_and_a_binned_page_as_a_product(
    store: Store, app: Caller, ear: Receiver
) -> None:
    listen(app, ear, "product.deleted", "coupon.deleted")
    store.trash_product("MUG-1")
    page = store.trash_page()
    store.run_queue()
    told = [(topic, body["id"]) for topic, body in heard(ear)]
    assert told[:2] == [("product.deleted", 11), ("coupon.deleted", 11)]
    assert ("product.deleted", page) in told


def test_a_variation_counted_with_its_product_sells_the_products_stock(
    store: Store, app: Caller, ear: Receiver
) -> None:
    shirt = store.add_product("T-Shirt", "TS", "20", 6)
    shared, own = store.add_variation(shirt, "S", "TS-S", stock=None), store.add_variation(shirt, "M", "TS-M")
    listen(app, ear)
    store.advance(seconds=5)
    store.order(EVE, [(shared, 1), (own, 1)])
    store.run_queue()
    sold = [(body["id"], body["stock_quantity"]) for topic, body in heard(ear) if topic == "product.updated"]
    assert sold == [(shirt, 5), (own, 9)]
    assert app.get(f"products/{shared}").body["manage_stock"] == "parent"
    newer = app.get(f"products/{shirt}").body["date_modified_gmt"]
    assert newer == store.clock.gmt(store.clock.now())


# Lists.


def test_changes_are_read_back_after_a_moment_that_is_itself_left_out(store: Store, app: Caller) -> None:
    first = store.leave_draft(EVE, [("MUG-1", 1)])
    mark = store.clock.gmt(store.clock.now())
    store.advance(seconds=1)
    second = store.order(EVE, [("MUG-1", 1)])
    wanted = {"orderby": "modified", "order": "asc", "_fields": "id"}

    def since(at: str | None, **more: str) -> list[int]:
        return [one["id"] for one in app.get("orders", modified_after=at or "", **wanted, **more).body]

    assert since(mark, dates_are_gmt="true") == [second]
    assert since(f"{mark}Z") == [second]
    assert since(mark) == [first, second], "without the flag it is Madrid's time, an hour earlier"
    store.pay(first)
    assert since(mark, dates_are_gmt="true") == [first, second]


def test_lists_leave_the_bin_out_but_drafts_in(store: Store, app: Caller) -> None:
    draft, held = store.leave_draft(EVE, [("MUG-1", 1)]), store.order(EVE, [("MUG-1", 1)], "bacs")
    binned = store.order(EVE, [("MUG-1", 1)])
    store.trash_order(binned)

    def ids(**wanted: str) -> set[int]:
        return {one["id"] for one in app.get("orders", **wanted).body}

    assert ids() == ids(status="any") == {draft, held}
    assert ids(status="trash") == {binned}
    assert ids(status="on-hold,processing") == {held}
    assert ids(status="checkout-draft") == {draft}
    assert ids(created_via="store-api", search=EVE) == {draft, held}
    assert ids(include=f"{held},{binned},999") == {held}
    assert app.get(f"orders/{binned}").body["status"] == "trash"
    assert app.get("orders", status="nonsense").code == "rest_invalid_param"


def test_pages_say_how_many_there_are_and_where_the_next_is(store: Store, app: Caller) -> None:
    ids = [store.leave_draft(EVE, [("MUG-1", 1)]) for _ in range(5)]
    said = app.get("orders", per_page="2", order="asc", orderby="id", page="2", _fields="id,billing.email")
    assert said.body == [{"id": one, "billing": {"email": EVE}} for one in ids[2:4]]
    assert (said.headers["x-wp-total"], said.headers["x-wp-totalpages"]) == ("5", "3")
    assert 'page=3>; rel="next"' in said.headers["link"]
    assert app.get("orders", page="9").body == []
    assert len(app.get("orders").body) == 5
    assert app.get("orders", per_page="101").body["data"]["params"] == {
        "per_page": "per_page must be between 1 (inclusive) and 100 (inclusive)"
    }
    assert app.get("orders", modified_after="yesterday").status == 400


def test_customers_cannot_be_read_back_by_date(store: Store, app: Caller) -> None:
    ana = store.add_user("ana@example.test")
    store.add_user("sub@example.test", "subscriber")
    listed = app.get("customers", modified_after="2030-01-01T00:00:00")
    assert [one["id"] for one in listed.body] == [ana]
    assert len(app.get("customers", role="all").body) == 3
    assert app.get("customers", orderby="modified").status == 400


def test_variations_are_listed_only_under_their_product_or_by_sku(store: Store, app: Caller) -> None:
    shirt = store.add_product("T-Shirt", "TS", "20", None)
    small = store.add_variation(shirt, "S", "TS-S", "20", 5)
    assert {one["id"] for one in app.get("products").body} == {11, shirt}
    assert {one["id"] for one in app.get("products", sku="TS-S,MUG-1").body} == {11, small}
    assert app.get("products", include=str(small)).body == []
    assert app.get("products", type="variation").status == 400
    assert app.get(f"products/{small}").body["type"] == "variation"
    assert app.put(f"products/{small}", stock_quantity=3).status == 404
    assert app.put(f"products/{shirt}/variations/{small}", stock_quantity=3).body["stock_quantity"] == 3
    assert [one["id"] for one in app.get(f"products/{shirt}/variations").body] == [small]


def test_stock_is_written_only_where_it_is_counted(store: Store, app: Caller) -> None:
    poster = store.add_product("Poster", "P", "8", None)
    assert app.put(f"products/{poster}", stock_quantity=4).body["stock_quantity"] is None
    assert app.put(f"products/{poster}", manage_stock=True, stock_quantity=4).body["stock_quantity"] == 4
    assert app.put("products/11", stock_quantity=1.5).status == 400
    assert app.put("products/11", manage_stock=False).body["low_stock_amount"] is None


def test_a_batch_answers_item_by_item_and_takes_a_hundred(app: Caller) -> None:
    said = app.post("coupons/batch", create=[{"code": "a"}, {"code": "A"}], delete=[999])
    assert said.status == 200
    assert [one.get("code") or one["error"]["code"] for one in said.body["create"]] == [
        "a",
        "woocommerce_rest_coupon_code_already_exists",
    ]
    assert said.body["delete"][0]["error"]["data"]["status"] == 404
    assert app.post("coupons/batch", delete=list(range(101))).status == 413


def test_the_shop_tells_its_version_and_currency(app: Caller) -> None:
    said = app.get("system_status", _fields="environment.version,environment.wp_version,settings.currency")
    assert said.body == {
        "environment": {"version": "9.9.5", "wp_version": "6.9"},
        "settings": {"currency": "EUR"},
    }
    assert app.get("data/currencies/current").body["code"] == "EUR"
    assert app.get("webhooks/1/deliveries").code == "rest_no_route"


# Coupons.


def test_a_coupons_code_is_made_lower_case_and_found_however_it_is_written(app: Caller) -> None:
    made = app.post("coupons", code="COME-Back10", amount="10", discount_type="percent", usage_limit=1)
    assert (made.status, made.body["code"], made.body["amount"]) == (201, "come-back10", "10.00")
    assert [one["id"] for one in app.get("coupons", code="COME-BACK10").body] == [made.body["id"]]
    assert app.get("coupons", code="other").body == []
    twin = app.post("coupons", code="come-BACK10", amount="5")
    assert (twin.status, twin.code) == (400, "woocommerce_rest_coupon_code_already_exists")


def test_of_two_dates_of_expiry_only_the_one_without_gmt_is_heard(store: Store, app: Caller) -> None:
    deaf = app.post("coupons", code="a", date_expires_gmt="2030-01-01T12:00:00").body
    assert (deaf["date_expires"], deaf["date_expires_gmt"]) == (None, None)
    local = app.post("coupons", code="b", date_expires="2030-01-01T12:00:00").body
    assert local["date_expires_gmt"] == "2030-01-01T11:00:00"
    utc = app.post("coupons", code="c", date_expires="2030-01-01T12:00:00Z").body
    assert utc["date_expires_gmt"] == "2030-01-01T12:00:00"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"amount": 10}, "rest_invalid_param"),
        ({"discount_type": "half"}, "rest_invalid_param"),
        ({"discount_type": "percent", "amount": "101"}, "coupon_invalid_amount"),
        ({"email_restrictions": ["nobody"]}, "coupon_invalid_email_address"),
        ({"code": ""}, "woocommerce_rest_empty_coupon_code"),
    ],
)
def test_a_coupon_that_is_not_right_is_not_made(app: Caller, given: dict[str, Any], code: str) -> None:
    said = app.post("coupons", **{"code": "x", **given})
    assert (said.status, said.code) == (400, code)
    assert app.get("coupons").body == []


def test_a_coupon_is_good_once_for_her_and_until_its_end(store: Store, app: Caller) -> None:
    limits = {"usage_limit": 1, "email_restrictions": [EVE.upper()], "minimum_amount": "20"}
    until = f"{store.clock.gmt(store.clock.now())}Z".replace("2026-", "2027-")
    app.post("coupons", code="ten", amount="10", discount_type="percent", date_expires=until, **limits)
    with pytest.raises(CouponRefused, match="not yours"):
        store.place(store.leave_draft("ana@example.test", [("MUG-1", 2)]), coupon="TEN")
    with pytest.raises(CouponRefused, match="minimum"):
        store.place(store.leave_draft(EVE, [("MUG-1", 1)]), coupon="TEN")
    bought = store.place(store.leave_draft(EVE, [("MUG-1", 2)]), coupon="TEN")
    body = app.get(f"orders/{bought}").body
    assert (body["total"], body["discount_total"], body["coupon_lines"][0]["code"]) == (
        "22.50",
        "2.50",
        "ten",
    )
    with pytest.raises(CouponRefused, match="limit"):
        store.place(store.leave_draft(EVE, [("MUG-1", 2)]), coupon="TEN")


def test_a_coupon_in_the_bin_is_not_found_and_its_code_is_free_again(store: Store, app: Caller) -> None:
    first = app.post("coupons", code="ten").body["id"]
    app.delete(f"coupons/{first}")
    assert app.get("coupons", code="ten").body == []
    second = app.post("coupons", code="ten").body["id"]
    assert app.delete(f"coupons/{second}", force="true").status == 200
    assert [one.code for one in store.coupons_ever] == ["ten", "ten"]


def test_two_coupons_of_one_code_made_at_the_same_instant_both_pass(store: Store, app: Caller) -> None:
    app.post("coupons", code="ten")
    store.let_twin_coupons_pass()
    assert app.post("coupons", code="ten").status == 201
    assert app.post("coupons", code="ten").status == 400
