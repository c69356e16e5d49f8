"""Letting go of a store, and of what was ours in it."""

from datetime import timedelta
from typing import Any

import pytest

from core import clock
from core.db import insert, transaction
from core.models.tables import discount_codes, effects
from engine import jobs, privacy
from engine.disconnecting import disconnect
from engine.work import announce
from integrations.roles import Access
from tests.engine.connected import AtShopify, AtWooCommerce, Connected


def a_code_is_to_be_taken_out(connected: Connected) -> None:
    """It was made by us, nobody used it, and its time is over."""
    now, whose = clock.now(), connected.merchant_id
    common = {"merchant_id": whose, "flow": "cart_recovery"}
    effect = {
        "mode": "live",
        "step": 3,
        "purpose": "service",
        "settings_version": 1,
        "claim": 0,
        "attempts": 0,
    }
    made_at = {"due_at": now, "wake_at": now}
    with transaction(connected.machine.db) as session:

        def kept(kind: str, state: str, undo: bool, **payload: Any) -> int:
            row = common | effect | made_at | {"key": kind, "kind": kind, "state": state, "undo": undo}
            made = insert(effects, session).values(**row, payload=payload).returning(effects.c.id)
            return int(session.execute(made).scalar_one())

        made_by = kept("create_discount", "done", False)
        kept("remove_discount", "pending", True, made_by=made_by)
        code = {"effect_id": made_by, "code": "KONTOR7", "kind": "percent", "value": 10, "currency": "EUR"}
        ended = {
            "reserved_minor": 100,
            "ends_at": now - timedelta(hours=2),
            "made_at": now - timedelta(days=2),
        }
        session.execute(insert(discount_codes, session).values(**common, **code, **ended))
        announce(session, whose, now)


def removal(connected: Connected) -> Any:
    (row,) = connected.kontor.rows(effects, effects.c.kind == "remove_discount")
    return row


def test_what_is_still_ours_in_a_shop_that_left_waits_until_she_comes_back(shopify: AtShopify) -> None:
    """It is not tried every half an hour for ever."""
    a_code_is_to_be_taken_out(shopify)
    with transaction(shopify.machine.db) as session:
        merchant = shopify.kontor.merchant
        privacy.uninstall(session, session.merge(merchant))
    jobs.settle_all(shopify.machine)
    assert (removal(shopify).state, removal(shopify).reason) == ("held", "needs_merchant")
    assert shopify.connection().state == "uninstalled"
    shopify.reconnect()
    jobs.settle_all(shopify.machine)
    assert removal(shopify).state == "done"


def test_who_connects_anew_while_her_store_is_let_go_of_stays_connected(
    woo: AtWooCommerce, monkeypatch: pytest.MonkeyPatch
) -> None:
    woo.check_up()
    honest = woo.live.drop_hooks

    def drop_hooks(access: Access, url: str) -> None:
        honest(access, url)
        woo.reconnect()
        woo.change_connection(hooks_at=clock.now() + timedelta(hours=6))

    monkeypatch.setattr(woo.live, "drop_hooks", drop_hooks)
    disconnect(woo.machine, woo.merchant_id)
    row = woo.connection()
    assert (row.state, row.token is not None, woo.kontor.merchant.uninstalled_at) == ("active", True, None)
    assert row.hooks_at is None, "the webhooks are looked after at once"
