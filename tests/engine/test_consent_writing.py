"""An objection made at Kontor is written back where the shop keeps consent, and its echo changes nothing."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from core import clock
from core.errors import InDoubt, Permanent, Retryable
from core.models.tables import addresses, consents, effects, enrolments, merchants, work
from engine import sweep
from engine.consent import opt_out
from integrations.live import ConsentWrite
from integrations.roles import Access
from tests.engine.connected import ANNA, AtShopify, AtWooCommerce, Connected, goes_live

ECHO = "customers_email_marketing_consent/update"


def knows(shopify: AtShopify, email: str = ANNA) -> Any:
    """A customer who has agreed to advertising and left a checkout."""
    shopify.shop.set_consent(shopify.shop.add_customer(email), "SUBSCRIBED")
    shopify.fake.forward(seconds=-60)
    shopify.shop.leave_checkout(email, accepts_marketing=True)
    shopify.fake.forward(seconds=60)
    shopify.settle()
    return shopify.shop.memory.customer_of(email)


def objects(connected: Connected) -> bool:
    address = next(row for row in connected.kontor.rows(addresses) if row.channel == "email")
    at = connected.kontor.now() + timedelta(seconds=2)
    return opt_out(connected.machine, connected.merchant_id, address.id, "page", at)


def written(connected: Connected) -> list[tuple[str, str | None]]:
    rows = connected.kontor.rows(effects, effects.c.kind == "write_consent")
    return [(row.state, row.reason) for row in rows]


def again(connected: Connected) -> None:
    """What was put off is due now."""
    now = clock.now()
    mine = (effects.c.merchant_id == connected.merchant_id, effects.c.state == "pending")
    connected.kontor.write(update(effects).where(*mine).values(wake_at=now))
    connected.kontor.write(
        update(work).where(work.c.merchant_id == connected.merchant_id).values(next_at=now)
    )
    connected.kontor.settle()


def failing(shopify: AtShopify, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def write_consent(access: Access, consent: ConsentWrite) -> None:
        raise error

    monkeypatch.setattr(shopify.live, "write_consent", write_consent)


def test_an_objection_is_written_to_shopify_once(shopify: AtShopify) -> None:
    customer = knows(shopify)
    assert customer.email_state == "SUBSCRIBED"
    assert objects(shopify)
    assert written(shopify) == [("pending", None)]
    shopify.settle()
    assert written(shopify) == [("done", None)]
    assert customer.email_state == "UNSUBSCRIBED"
    assert shopify.fake.asked()["customerEmailMarketingConsentUpdate"] == 1


def test_a_store_keeps_no_consent_so_nothing_is_written_there(woo: AtWooCommerce) -> None:
    woo.check_up()
    woo.store.leave_draft(ANNA, [("MUG", 1)])
    woo.deliver()
    assert objects(woo)
    woo.settle()
    assert written(woo) == []
    assert [row.state for row in woo.kontor.rows(consents)] == ["opted_out"]


def test_the_echo_of_our_own_writing_is_not_the_shoppers_act(shopify: AtShopify) -> None:
    """She objects, we write it, Shopify tells us; then she agrees again at the shop."""
    customer = knows(shopify)
    objects(shopify)
    shopify.settle()
    newest = max(shopify.kontor.rows(consents), key=lambda row: (row.act_at, row.id))
    assert newest.state == "opted_out"
    (ours,) = [row for row in shopify.kontor.rows(consents) if row.source == "kontor"]
    echoes = [one for one in shopify.fake.hooks.sent if one.topic == ECHO]
    assert len(echoes) == 2, "her own agreeing, and our writing"
    assert all(row.act_at <= ours.act_at for row in shopify.kontor.rows(consents))
    mine = merchants.c.id == shopify.merchant_id
    shopify.kontor.write(update(merchants).where(mine).values(clock_offset_ms=600_000))
    shopify.fake.forward(minutes=5)
    shopify.shop.set_consent(customer, "SUBSCRIBED")
    shopify.settle()
    newest = max(shopify.kontor.rows(consents), key=lambda row: (row.act_at, row.id))
    assert newest.state == "opted_in"
    assert written(shopify) == [("done", None)], "her own word is not written over"


def test_a_shop_that_is_silent_is_told_later(shopify: AtShopify, monkeypatch: pytest.MonkeyPatch) -> None:
    customer = knows(shopify)
    failing(shopify, monkeypatch, Retryable("answered 503"))
    objects(shopify)
    shopify.settle()
    assert written(shopify) == [("pending", "shop_unreachable")]
    monkeypatch.undo()
    again(shopify)
    assert written(shopify) == [("done", None)]
    assert customer.email_state == "UNSUBSCRIBED"


def test_a_shop_that_refuses_is_not_asked_for_ever(
    shopify: AtShopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    knows(shopify)
    failing(shopify, monkeypatch, Permanent("no such customer"))
    objects(shopify)
    shopify.settle()
    assert written(shopify) == [("failed", "provider_refused")]


def test_where_the_answer_is_lost_it_is_written_again_for_that_does_no_harm(
    shopify: AtShopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = knows(shopify)
    failing(shopify, monkeypatch, InDoubt("no answer in time"))
    objects(shopify)
    shopify.settle()
    assert written(shopify) == [("unknown", "unknown")]
    monkeypatch.undo()
    shopify.kontor.write(
        update(effects).where(effects.c.state == "unknown").values(lease_until=clock.now() - timedelta(1))
    )
    sweep.leases(shopify.machine)
    again(shopify)
    assert written(shopify) == [("done", None)]
    assert customer.email_state == "UNSUBSCRIBED"


def test_of_a_person_erased_meanwhile_nothing_is_told(shopify: AtShopify) -> None:
    customer = knows(shopify)
    objects(shopify)
    shopify.shop.redact_customer(customer)
    shopify.settle()
    assert written(shopify) == [("skipped", "erased")]
    assert customer.email_state == "SUBSCRIBED"


def test_it_ends_what_waits_for_her_at_once(shopify: AtShopify) -> None:
    goes_live(shopify)
    knows(shopify)
    assert [row.state for row in shopify.kontor.rows(enrolments)] == ["active"]
    objects(shopify)
    assert [(row.state, row.reason) for row in shopify.kontor.rows(enrolments)] == [
        ("exited", "unsubscribed")
    ]
    shopify.settle()
    assert written(shopify) == [("done", None)], "the end of her trip does not end this"
