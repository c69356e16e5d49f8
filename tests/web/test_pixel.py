"""What pages tell of looks and carts: small, of known shape, not too much, and naming nobody."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from core import clock
from core.db import reading, transaction
from core.models.tables import merchants, shop_views, tallies
from engine import retention
from engine import shop_views as engine_views
from engine.tallies import Limit
from tests.web.doorstep import Doorstep, Resident, doorstep

LOOK = {"kind": "viewed", "product": "632910392", "variant": "808950810", "client": "c-1", "cart": "t-1"}


@pytest.fixture
def door(migrated_url: str, tmp_path: Path) -> Iterator[Doorstep]:
    with doorstep(tmp_path, migrated_url) as found:
        yield found


@pytest.fixture
def shop(door: Doorstep) -> Resident:
    return door.resident("shopify")


def tell(door: Doorstep, shop: Resident, body: Any, kind: str = "text/plain;charset=UTF-8") -> int:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return door.client.post(f"/pixel/{shop.key}", data=data, content_type=kind).status_code


def kept(door: Doorstep) -> list[Any]:
    with reading(door.machine.db) as session:
        return list(session.execute(select(shop_views).order_by(shop_views.c.id)))


def test_a_look_is_kept_and_names_nobody(door: Doorstep, shop: Resident) -> None:
    assert tell(door, shop, LOOK) == 204
    [row] = kept(door)
    assert (row.merchant_id, row.kind, row.product_ref, row.variant_ref) == (
        shop.id,
        "viewed",
        "632910392",
        "808950810",
    )
    assert "c-1" not in str(row)
    assert "t-1" not in str(row)
    assert abs(clock.now() - row.at) < timedelta(minutes=1)


def test_the_same_browser_is_known_again_in_one_shop_and_not_in_another(
    door: Doorstep, shop: Resident
) -> None:
    other = door.resident("shopify")
    for whose, told in ((shop, LOOK), (shop, LOOK | {"kind": "added"}), (other, LOOK)):
        assert tell(door, whose, told) == 204
    first, second, third = kept(door)
    assert (first.client, first.cart) == (second.client, second.cart)
    assert {first.client, first.cart}.isdisjoint({third.client, third.cart})


def test_a_look_at_the_cart_needs_no_product(door: Doorstep, shop: Resident) -> None:
    assert tell(door, shop, {"kind": "cart", "client": "c-1"}) == 204
    assert kept(door)[0].product_ref is None


@pytest.mark.parametrize(
    "told",
    [
        b"",
        b"\xff",
        b"[" * 2000,
        [],
        "viewed",
        {},
        {"kind": "viewed"},
        {"kind": "bought", "client": "c"},
        {"kind": ["viewed"], "client": "c"},
        LOOK | {"client": ""},
        LOOK | {"client": None},
        LOOK | {"client": 7},
        LOOK | {"variant": {"id": 1}},
        LOOK | {"variant": "<b>"},
        LOOK | {"variant": "\u0000"},
        LOOK | {"cart": "x" * 101},
        LOOK | {"product": "anna@example.com"},
    ],
)
def test_what_is_of_another_shape_is_refused(door: Doorstep, shop: Resident, told: Any) -> None:
    assert tell(door, shop, told) == 400
    assert kept(door) == []


def test_what_is_long_is_not_read(door: Doorstep, shop: Resident) -> None:
    assert tell(door, shop, LOOK | {"more": "x" * 3000}) == 413
    assert kept(door) == []


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", ""])
def test_however_it_is_called_it_is_read_the_same(door: Doorstep, shop: Resident, kind: str) -> None:
    """A form is no JSON to us, and whoever sends one is refused; nothing stumbles."""
    assert tell(door, shop, LOOK, kind) in (204, 400)


def test_nobody_is_told_for_a_shop_that_is_none_or_has_left(door: Doorstep, shop: Resident) -> None:
    for key in ("nobody", "%00", "x" * 500):
        assert door.client.post(f"/pixel/{key}", data=json.dumps(LOOK)).status_code == 404
    with transaction(door.machine.db) as session:
        gone = update(merchants).where(merchants.c.id == shop.id).values(uninstalled_at=clock.now())
        session.execute(gone)
    assert tell(door, shop, LOOK) == 404
    assert kept(door) == []


def test_too_much_from_one_visitor_is_not_kept(
    door: Doorstep, shop: Resident, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = Limit("view_visitor", 3, timedelta(minutes=10))
    monkeypatch.setattr(engine_views, "OF_VISITOR", few)
    assert [tell(door, shop, LOOK) for _ in range(5)] == [204, 204, 204, 429, 429]
    assert len(kept(door)) == 3
    with reading(door.machine.db) as session:
        assert "127.0.0.1" not in str(list(session.execute(select(tallies))))


def test_it_goes_after_thirty_days(door: Doorstep, shop: Resident) -> None:
    tell(door, shop, LOOK)
    tell(door, shop, LOOK | {"kind": "added"})
    old = clock.now() - timedelta(days=30, minutes=1)
    with transaction(door.machine.db) as session:
        session.execute(update(shop_views).where(shop_views.c.kind == "viewed").values(at=old))
    retention.retention(door.machine)
    assert [row.kind for row in kept(door)] == ["added"]
