"""A token that ends: renewed once, in time, by one at a time, and never lost."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
import structlog
import time_machine
from sqlalchemy import update

from core import clock
from core.errors import NeedsMerchant, Permanent, Retryable
from core.models.tables import addresses, effects, members, notices, work
from engine import access, inbox
from engine import notices as telling
from engine.access import access_to
from engine.consent import opt_out
from engine.machine import Machine
from integrations.live import Tokens
from tests.engine.connected import AtShopify
from tests.engine.stories import Postbox
from tests.engine.tokens import SOON, another_machine, ends_in, renewing, stored, token_of, while_renewing
from tests.fakes.shopify.tokens import DOCUMENTED, SEEN_IN_2026


def test_a_token_that_lasts_is_used_and_nobody_asks_for_another(shopify: AtShopify) -> None:
    assert token_of(shopify) == stored(shopify)[0]
    assert shopify.token_calls() == 0


def test_a_token_that_ends_soon_is_renewed_with_its_refresh_token_in_one_go(shopify: AtShopify) -> None:
    before = stored(shopify)
    ends_in(shopify, SOON)
    assert token_of(shopify) != before[0]
    after = stored(shopify)
    assert not set(after) & set(before)
    row = shopify.connection()
    assert row.token_ends_at > clock.now() + timedelta(minutes=55)
    assert row.refresh_ends_at > clock.now() + timedelta(days=89)
    assert row.renewal_until is None
    assert shopify.live.profile(access_to(shopify.machine, shopify.merchant_id)).domain == shopify.shop.domain
    assert shopify.token_calls() == 1


def test_ten_threads_on_each_of_two_machines_renew_it_once(shopify: AtShopify) -> None:
    ends_in(shopify, SOON)
    other = another_machine(shopify)
    together = threading.Barrier(20)

    def want(machine: Machine) -> str | None:
        together.wait(20)
        return access_to(machine, shopify.merchant_id).token

    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(want, [shopify.machine, other] * 10))
    assert shopify.token_calls() == 1
    opening = {token for token in found if shopify.shop.installation.opens(token, shopify.fake.now())}
    assert opening == set(found), "whoever came too early has the old one, which lasts"
    assert stored(shopify)[0] in shopify.shop.installation.accesses
    other.db.dispose()


def test_who_looked_while_another_renewed_it_does_not_renew_it_again(shopify: AtShopify) -> None:
    """The lease is free again by then, and its number the one that was seen."""
    ends_in(shopify, SOON)
    seen: list[Any] = []
    with while_renewing(shopify, lambda: seen.append(shopify.connection())):
        token_of(shopify)
    assert seen[0].renewal == shopify.connection().renewal
    late = access._renewed(shopify.machine, seen[0])
    assert shopify.token_calls() == 1
    assert late.token == shopify.connection().token


def test_no_transaction_is_open_during_the_call(shopify: AtShopify) -> None:
    ends_in(shopify, SOON)
    held: list[int] = []
    with while_renewing(shopify, lambda: held.append(shopify.machine.db.pool.checkedout())):  # type: ignore[attr-defined]
        token_of(shopify)
    assert held == [0]


def test_who_overslept_the_lease_writes_nothing(shopify: AtShopify) -> None:
    ends_in(shopify, SOON)
    newer: list[tuple[str, str]] = []

    def overslept() -> None:
        shopify.change_connection(renewal_until=clock.now() - timedelta(seconds=1))
        access_to(another, shopify.merchant_id)
        newer.append(stored(shopify))

    another = another_machine(shopify)
    with while_renewing(shopify, overslept):
        assert token_of(shopify) == newer[0][0]
    assert stored(shopify) == newer[0]
    assert shopify.connection().state == "active"
    another.db.dispose()


def test_who_overslept_and_was_refused_because_of_it_troubles_nobody(shopify: AtShopify) -> None:
    ends_in(shopify, SOON)
    before = stored(shopify)
    another = another_machine(shopify)

    def gone(domain: str, refresh: str) -> Tokens:
        shopify.change_connection(renewal_until=clock.now() - timedelta(seconds=1))
        access_to(another, shopify.merchant_id)
        raise NeedsMerchant("invalid_grant")

    renewing(shopify, gone)
    assert token_of(shopify) == stored(shopify)[0] != before[0]
    assert shopify.connection().state == "active"
    assert shopify.kontor.rows(notices) == []
    another.db.dispose()


def test_a_renewal_under_way_does_not_undo_the_merchants_coming_back(shopify: AtShopify) -> None:
    ends_in(shopify, SOON)
    with while_renewing(shopify, lambda: came_back(shopify)):
        token = token_of(shopify)
    assert token == stored(shopify)[0]
    assert stored(shopify)[1] == list(shopify.shop.installation.refreshes)[-1]
    assert shopify.connection().renewal_until is None


def came_back(shopify: AtShopify) -> None:
    assert shopify.reconnect() == shopify.merchant_id


def test_where_shopify_is_silent_the_old_token_serves_while_it_lasts(shopify: AtShopify) -> None:
    before = stored(shopify)
    ends_in(shopify, SOON)
    shopify.fake.fail("status", times=9, on="token")
    assert token_of(shopify) == before[0]
    ends_in(shopify, -SOON)
    with pytest.raises(Retryable):
        token_of(shopify)
    assert shopify.connection().state == "active", "silence is nothing the merchant could mend"
    shopify.fake.faults.clear()
    rested(shopify)
    assert token_of(shopify) == stored(shopify)[0] != before[0]


def test_after_a_call_in_vain_the_others_do_not_wait_for_another(shopify: AtShopify) -> None:
    ends_in(shopify, SOON)
    shopify.fake.fail("status", times=9, on="token")
    for _ in range(5):
        token_of(shopify)
    assert shopify.fake.faults.left == 8
    again_at = shopify.connection().renewal_until
    assert clock.now() < again_at <= clock.now() + timedelta(seconds=10), "nor for long"


def rested(shopify: AtShopify) -> None:
    """Ten seconds after a call in vain."""
    shopify.change_connection(renewal_until=clock.now() - timedelta(seconds=1))


def test_after_that_what_is_due_waits_and_says_that_the_shop_can_not_be_reached(shopify: AtShopify) -> None:
    effect_waits(shopify)
    ends_in(shopify, -SOON)
    shopify.fake.fail("status", times=9, on="token")
    shopify.settle()
    assert [(row.state, row.reason) for row in shopify.kontor.rows(effects)] == [
        ("pending", "shop_unreachable")
    ]
    shopify.fake.faults.clear()
    rested(shopify)
    due_now(shopify)
    assert [row.state for row in shopify.kontor.rows(effects)] == ["done"]


def effect_waits(shopify: AtShopify) -> None:
    """An objection that is to be written to the shop: an effect that needs its token."""

    shopify.shop.add_customer("anna@example.com")
    shopify.shop.leave_checkout("anna@example.com")
    inbox.run(shopify.machine)
    address = next(row for row in shopify.kontor.rows(addresses) if row.channel == "email")
    assert opt_out(shopify.machine, shopify.merchant_id, address.id, "page", shopify.kontor.now())


def due_now(shopify: AtShopify) -> None:

    mine = effects.c.merchant_id == shopify.merchant_id
    now = clock.now()
    shopify.kontor.write(update(effects).where(mine, effects.c.state == "pending").values(wake_at=now))
    shopify.kontor.write(update(work).where(work.c.merchant_id == shopify.merchant_id).values(next_at=now))
    shopify.settle()


def test_an_operators_mistake_fails_nothing_for_good(shopify: AtShopify) -> None:
    ends_in(shopify, -SOON)

    def unknown_app(domain: str, refresh: str) -> Tokens:
        raise Permanent("Shopify does not know this app")

    renewing(shopify, unknown_app)
    with pytest.raises(Retryable) as caught:
        token_of(shopify)
    assert access.is_refused(caught.value)
    assert shopify.connection().state == "active"


@pytest.mark.parametrize("refusal", [DOCUMENTED, SEEN_IN_2026])
def test_a_dead_refresh_token_holds_everything_until_the_merchant_opens_the_app(
    shopify: AtShopify, refusal: Any
) -> None:
    effect_waits(shopify)
    ends_in(shopify, SOON)
    shopify.shop.installation.revoke()
    shopify.fake.tokens.dead_refresh = refusal
    shopify.settle()
    row = shopify.connection()
    assert (row.state, row.token is None) == ("needs_merchant", False)
    assert [(row.state, row.reason) for row in shopify.kontor.rows(effects)] == [("held", "needs_merchant")]
    assert mails(shopify) == ["Beans & Mugs: Kontor can no longer reach your shop"]
    at = clock.now()
    assert mails_at(shopify, at + timedelta(days=2)) == []
    assert mails_at(shopify, at + timedelta(days=4)) == ["Beans & Mugs: Kontor can no longer reach your shop"]
    assert mails_at(shopify, at + timedelta(days=9)) == []
    assert shopify.reconnect() == shopify.merchant_id
    assert mails(shopify) == ["Beans & Mugs: Kontor is connected again"]
    shopify.settle()
    assert [row.state for row in shopify.kontor.rows(effects)] == ["done"]
    assert mails(shopify) == []


def mails(shopify: AtShopify) -> list[str]:
    """What is written to the merchant now."""
    box = shopify.machine.channel
    assert isinstance(box, Postbox)
    before = len(box.sent)
    telling.run(shopify.machine)
    assert {message.to for message in box.sent[before:]} <= {"mara@example.test"}
    return [message.subject for message in box.sent[before:]]


def mails_at(shopify: AtShopify, moment: datetime) -> list[str]:
    with time_machine.travel(moment, tick=True):
        return mails(shopify)


def test_a_member_who_comes_without_an_address_is_told_at_the_shops_own(shopify: AtShopify) -> None:

    shopify.kontor.write(
        update(members).where(members.c.merchant_id == shopify.merchant_id).values(email=None)
    )
    shopify.kontor.write(notices.insert().values(**a_notice(shopify)))
    telling.run(shopify.machine)
    box = shopify.machine.channel
    assert isinstance(box, Postbox)
    assert [message.to for message in box.sent] == [shopify.shop.memory.profile.email]


def a_notice(shopify: AtShopify) -> dict[str, Any]:
    now = clock.now()
    told = {"merchant_id": shopify.merchant_id, "kind": "reconnect", "detail": "", "told": 0, "claim": 0}
    return told | {"raised_at": now, "tell_at": now}


def test_an_idle_shops_token_is_renewed_by_its_hourly_reading(shopify: AtShopify) -> None:
    shopify.read_back()
    before, calls = stored(shopify), shopify.token_calls()
    for hour in (1, 2, 3):
        ends_in(shopify, SOON)
        shopify.read_back()
        assert shopify.token_calls() == calls + hour
    assert stored(shopify)[1] != before[1]
    assert shopify.reading_of().trouble is None


def test_nothing_secret_is_logged(shopify: AtShopify, caplog: pytest.LogCaptureFixture) -> None:
    pair = stored(shopify)
    with caplog.at_level(logging.DEBUG), structlog.testing.capture_logs() as told:
        ends_in(shopify, SOON)
        shopify.fake.fail("status", times=1, on="token")
        token_of(shopify)
        rested(shopify)
        token_of(shopify)
        shopify.shop.installation.revoke()
        ends_in(shopify, SOON)
        with pytest.raises(NeedsMerchant):
            token_of(shopify)
    said = f"{told} {caplog.text} {shopify.connection().state_reason}"
    assert "token_not_renewed" in said
    assert not any(secret in said for secret in (*pair, *stored(shopify), shopify.fake.client_secret))
