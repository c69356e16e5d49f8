"""A recorded webhook, edited, moved to now and signed, arrives as a real one would."""

import argparse
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.web.doorstep import Doorstep, Resident, doorstep
from web.replaying import CannotReplay, Delivery, prepare

PAYLOADS = Path(__file__).parents[1] / "payloads"
CHECKOUT = PAYLOADS / "shopify" / "checkouts_create.json"
DRAFT = PAYLOADS / "woocommerce" / "order.updated__checkout_draft_email.json"
NOW = datetime(2027, 2, 3, 12, 30, tzinfo=UTC)


@pytest.fixture
def door(sqlite_url: str, tmp_path: Path) -> Iterator[Doorstep]:
    with doorstep(tmp_path, sqlite_url) as found:
        yield found


def replayed(door: Doorstep, file: Path, *edits: str, **more: Any) -> Delivery:
    options = {"sign": True, "rebase": False, "keep_dates": False, "topic": None, "merchant": None} | more
    return prepare(door.machine, argparse.Namespace(file=str(file), edits=list(edits), **options), NOW)


def arrives(door: Doorstep, shop: Resident, delivery: Delivery) -> int:
    assert delivery.merchant_key == shop.key
    return door.knock(delivery.path, delivery.body, delivery.headers)


def test_unedited_it_arrives_byte_for_byte(door: Doorstep) -> None:
    beans, mugs = door.resident("shopify"), door.resident("woocommerce")
    checkout, draft = replayed(door, CHECKOUT), replayed(door, DRAFT)
    assert checkout.body == CHECKOUT.read_bytes()
    assert draft.body == json.loads(DRAFT.read_bytes())["request"]["body"].encode()
    assert arrives(door, beans, checkout) == arrives(door, mugs, draft) == 200
    assert [row.topic for row in door.kept(beans)] == ["checkouts/create"]
    assert [row.topic for row in door.kept(mugs)] == ["order.updated"]


def test_unsigned_a_capture_keeps_the_signature_it_came_with(door: Doorstep) -> None:
    shop = door.resident("woocommerce")
    came = dict(json.loads(DRAFT.read_bytes())["request"]["headers"])
    sent = replayed(door, DRAFT, sign=False)
    told = {name.lower(): value for name, value in came.items()}["x-wc-webhook-signature"]
    assert {name.lower(): value for name, value in sent.headers.items()}["x-wc-webhook-signature"] == told
    assert arrives(door, shop, sent) == 401


def test_an_edit_reaches_into_lists_and_parts_and_keeps_its_kind(door: Doorstep) -> None:
    shop = door.resident("woocommerce")
    sent = replayed(
        door,
        DRAFT,
        "billing.email=eve@example.test",
        "line_items.0.quantity=3",
        "meta_data=[]",
        "needs_payment=false",
    )
    told = json.loads(sent.body)
    assert told["billing"]["email"] == "eve@example.test"
    assert (told["line_items"][0]["quantity"], told["meta_data"], told["needs_payment"]) == (3, [], False)
    assert arrives(door, shop, sent) == 200


def test_edited_its_dates_move_to_now_together(door: Doorstep) -> None:
    door.resident("shopify"), door.resident("woocommerce")
    draft = json.loads(replayed(door, DRAFT, "customer_note=x").body)
    assert draft["date_modified_gmt"] == "2027-02-03T12:30:00"
    before = json.loads(json.loads(DRAFT.read_bytes())["request"]["body"])
    spans = [
        datetime.fromisoformat(body["date_modified"]) - datetime.fromisoformat(body["date_modified_gmt"])
        for body in (before, draft)
    ]
    assert spans[0] == spans[1] == timedelta(hours=1)
    checkout = json.loads(replayed(door, CHECKOUT, "note=x").body)
    assert datetime.fromisoformat(checkout["updated_at"]) == NOW


def test_dates_may_be_kept_or_moved_alone(door: Doorstep) -> None:
    door.resident("woocommerce")
    kept = json.loads(replayed(door, DRAFT, "customer_note=x", keep_dates=True).body)
    assert kept["date_modified_gmt"] == "2026-11-21T22:25:28"
    moved = json.loads(replayed(door, DRAFT, rebase=True).body)
    assert moved["date_modified_gmt"] == "2027-02-03T12:30:00"


def test_it_goes_to_the_merchant_named_else_to_the_newest(door: Doorstep) -> None:
    first, second = door.resident("shopify"), door.resident("shopify")
    assert replayed(door, CHECKOUT).merchant_key == second.key
    named = replayed(door, CHECKOUT, merchant=first.key)
    assert arrives(door, first, named) == 200
    assert (len(door.kept(first)), len(door.kept(second))) == (1, 0)


@pytest.mark.parametrize(
    ("edit", "complaint"),
    [
        ("billing.email", "PATH=VALUE"),
        ("nobody.email=x", "no 'nobody'"),
        ("line_items.9.quantity=1", "no '9'"),
        ("line_items.9=1", "no place 9"),
        ("line_items.x=1", "leads nowhere"),
        ("id.deeper=1", "leads nowhere"),
    ],
)
def test_an_edit_that_leads_nowhere_says_so(door: Doorstep, edit: str, complaint: str) -> None:
    door.resident("woocommerce")
    with pytest.raises(CannotReplay, match=complaint):
        replayed(door, DRAFT, edit)


def test_without_such_a_merchant_it_says_how_to_make_one(door: Doorstep) -> None:
    with pytest.raises(CannotReplay, match="merchant-add shopify"):
        replayed(door, CHECKOUT)


def test_every_recorded_body_can_be_replayed_edited(door: Doorstep) -> None:
    """But for what is no webhook: the greeting and the hand-over of keys."""
    residents = {platform: door.resident(platform) for platform in ("shopify", "woocommerce")}
    for platform, shop in residents.items():
        for file in sorted((PAYLOADS / platform).glob("*.json")):
            if file.stem.startswith("_") or file.stem in ("vectors", "ping", "wc-auth_callback"):
                continue
            assert arrives(door, shop, replayed(door, file, "kontor_test=1")) == 200, file.name
    door.settle()
    assert all(row.state in ("done", "unreadable") for shop in residents.values() for row in door.kept(shop))
