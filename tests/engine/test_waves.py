"""Waiting lines told in waves: in order, never too many, and whoever is not told keeps the place."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.db import transaction
from core.errors import AddressRefused, InDoubt, NeedsMerchant, Permanent
from core.models.tables import consents, effects, sign_ups
from engine import blast, consent, doubt, privacy, restocks
from integrations.sandbox.records import Records
from tests.engine.line import MUG, join, lines, name, open_line, reasons, states, switch, told
from tests.engine.stories import mode, save_shop, with_postbox
from tests.support.kontor import Kontor
from tests.support.waiting import BACK_IN_STOCK


def test_people_are_told_in_their_order_three_for_each_piece_and_the_rest_an_hour_later(
    kontor_on_both: Kontor,
) -> None:
    kontor = kontor_on_both
    postbox = with_postbox(kontor)
    open_line(kontor, 10)
    kontor.hear(kontor.store.restock(MUG, 2))
    kontor.forward(minutes=1)
    assert told(postbox) == []
    kontor.forward(minutes=2)
    assert told(postbox) == [0, 1, 2, 3, 4, 5]
    kontor.forward(minutes=55)
    assert len(told(postbox)) == 6
    kontor.forward(minutes=10)
    assert sorted(told(postbox)) == list(range(10))
    assert set(states(kontor)) == {"told"}
    kontor.forward(minutes=60)
    assert lines(kontor) == [("over", None)]


def test_a_piece_that_goes_within_two_minutes_tells_nobody(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    open_line(kontor, 3)
    for _ in range(3):
        kontor.hear(kontor.store.restock(MUG, 1))
        kontor.forward(minutes=1)
        kontor.hear(kontor.store.sell_out(MUG))
        kontor.forward(minutes=5)
    assert told(postbox) == []
    assert states(kontor) == ["waiting"] * 3
    assert set(lines(kontor)) == {("over", "out_of_stock")}


def test_shadow_mode_tells_nobody_and_leaves_everybody_in_place(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    open_line(kontor, 5, mode="shadow")
    kontor.hear(kontor.store.restock(MUG, 1))
    kontor.forward(hours=5)
    assert told(postbox) == []
    assert states(kontor) == ["waiting"] * 5
    shown = kontor.rows(effects, effects.c.kind == "send_message")
    assert [(row.state, row.reason) for row in shown] == [("skipped", "shadow")] * 5
    assert all(row.content for row in shown)


def test_whoever_bought_it_meanwhile_is_not_told_and_the_next_one_is(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    open_line(kontor, 5)
    kontor.store.switch("loses_webhooks", on=True)
    buy(kontor, name(1), in_stock=1)
    kontor.store.switch("loses_webhooks", on=False)
    kontor.hear(kontor.store.restock(MUG, 1))
    kontor.forward(minutes=10)
    assert told(postbox) == [0, 2, 3]
    assert states(kontor) == ["told", "over:bought", "told", "told", "waiting"]


def test_whoever_bought_something_else_is_told_all_the_same(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    open_line(kontor, 1)
    buy(kontor, name(0), "candle")
    kontor.hear(kontor.store.restock(MUG, 1))
    kontor.forward(minutes=10)
    assert told(postbox) == [0]


def test_it_sells_out_before_all_who_were_called_are_told_and_they_keep_their_place(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    open_line(kontor, 60)
    kontor.hear(kontor.store.restock(MUG, 30))
    kontor.forward(minutes=10)
    kontor.hear(kontor.store.sell_out(MUG))
    blast.release(kontor.machine, kontor.merchant_id, BACK_IN_STOCK.key, "Mara")
    kontor.settle()
    assert told(postbox) == list(range(50))
    assert states(kontor)[50:] == ["waiting"] * 10
    assert set(reasons(kontor)) == {"out_of_stock"}
    kontor.forward(hours=2)
    kontor.hear(kontor.store.restock(MUG, 30))
    kontor.forward(minutes=10)
    assert told(postbox) == list(range(60))


def test_there_is_less_than_when_they_were_called_and_only_so_many_are_told(kontor_on_both: Kontor) -> None:
    kontor = kontor_on_both
    postbox = with_postbox(kontor)
    open_line(kontor, 60)
    kontor.hear(kontor.store.restock(MUG, 20))
    kontor.forward(minutes=10)
    kontor.store.restock(MUG, 18)
    blast.release(kontor.machine, kontor.merchant_id, BACK_IN_STOCK.key, "Mara")
    kontor.settle()
    assert told(postbox) == list(range(54))
    assert set(reasons(kontor)) == {"next_wave"}
    assert states(kontor)[54:] == ["waiting"] * 6


def test_quiet_hours_keep_the_place_but_not_the_unit(kontor: Kontor) -> None:
    """It is ten in the morning in Berlin, and six in the evening in Tokyo."""
    postbox = with_postbox(kontor)
    switch(kontor, "live")
    save_shop(kontor, quiet_email=True, quiet_from=16)
    kontor.hear(kontor.store.sell_out(MUG))
    join(kontor, [name(0)], country="JP")
    kontor.forward(minutes=1)
    join(kontor, [name(number) for number in range(1, 5)], country="DE")
    kontor.hear(kontor.store.restock(MUG, 1))
    kontor.forward(minutes=10)
    assert told(postbox) == [1, 2, 3]
    assert states(kontor) == ["waiting", "told", "told", "told", "waiting"]


def test_everybody_is_asleep_and_told_at_eight(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    open_line(kontor, 4)
    save_shop(kontor, quiet_email=True)
    kontor.forward(hours=14)
    kontor.hear(kontor.store.restock(MUG, 1))
    kontor.forward(hours=7)
    assert told(postbox) == []
    assert states(kontor) == ["waiting"] * 4
    kontor.forward(hours=1, minutes=30)
    assert told(postbox) == [0, 1, 2]


def test_whoever_unsubscribes_after_signing_up_is_not_told(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    open_line(kontor, 2)
    kontor.forward(minutes=1)
    address = kontor.rows(sign_ups)[0].address_id
    assert consent.opt_out(kontor.machine, kontor.merchant_id, address, "page", kontor.now())
    kontor.hear(kontor.store.restock(MUG, 1))
    kontor.forward(minutes=10)
    assert told(postbox) == [1]
    assert states(kontor) == ["over:unsubscribed", "told"]


def test_a_newsletter_unsubscribed_long_ago_does_not_stop_what_was_asked_for_since(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    open_line(kontor, 1)
    address = kontor.rows(sign_ups)[0].address_id
    long_ago = kontor.now() - timedelta(days=30)
    kontor.write(
        consents.insert().values(
            merchant_id=kontor.merchant_id,
            address_id=address,
            channel="email",
            purpose="marketing",
            state="opted_out",
            act_at=long_ago,
            source="shop",
            recorded_at=long_ago,
        )
    )
    kontor.hear(kontor.store.restock(MUG, 1))
    kontor.forward(minutes=10)
    assert told(postbox) == [0]


def test_a_variant_that_the_shop_has_removed_closes_the_line(kontor: Kontor) -> None:
    open_line(kontor, 2, "blanket-moss")
    (blanket,) = [one for one in kontor.store.products() if one.ref == "blanket"]
    left = tuple(one for one in blanket.variants if one.ref != "blanket-moss")
    later = blanket.model_copy(update={"variants": left, "updated_at": kontor.now()})
    kontor.hear([kontor.store.webhook("product.updated", later)])
    assert states(kontor) == ["over:no_longer_sold"] * 2


def test_nobody_is_told_of_what_is_not_published_until_it_is(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    open_line(kontor, 2)
    publish(kontor, on=False)
    kontor.hear(kontor.store.restock(MUG, 3))
    kontor.forward(hours=2)
    assert told(postbox) == []
    publish(kontor, on=True)
    kontor.forward(minutes=10)
    assert told(postbox) == [0, 1]


def test_the_mail_names_the_price_of_the_moment_and_leads_to_the_product(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    open_line(kontor, 1)
    change(kontor, price=2100)
    kontor.hear(kontor.store.restock(MUG, 1))
    kontor.forward(minutes=10)
    (mail,) = postbox.sent
    assert "Enamel mug is back" in mail.subject
    assert "€21.00" in mail.text
    assert "asked" in mail.text
    assert "List-Unsubscribe" in mail.headers


def test_less_than_the_minimum_wakes_nobody(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    open_line(kontor, 2, minimum=5)
    kontor.hear(kontor.store.restock(MUG, 4))
    kontor.forward(hours=2)
    assert told(postbox) == []
    kontor.hear(kontor.store.restock(MUG, 5))
    kontor.forward(minutes=10)
    assert told(postbox) == [0, 1]


def test_a_wave_much_larger_than_usual_waits_for_the_merchant(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    open_line(kontor, 70)
    kontor.hear(kontor.store.restock(MUG, 30))
    kontor.forward(minutes=10)
    assert len(told(postbox)) == 50
    assert blast.release(kontor.machine, kontor.merchant_id, BACK_IN_STOCK.key, "Mara") == 20
    kontor.settle()
    assert sorted(told(postbox)) == list(range(70))


def test_a_held_wave_that_the_merchant_does_not_want_leaves_everybody_in_place(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    open_line(kontor, 70)
    kontor.hear(kontor.store.restock(MUG, 30))
    kontor.forward(minutes=10)
    assert blast.discard(kontor.machine, kontor.merchant_id, BACK_IN_STOCK.key, "Mara") == 20
    kontor.forward(hours=5)
    assert len(told(postbox)) == 50
    assert states(kontor).count("waiting") == 20


def test_off_ends_what_waits_and_nobody_loses_the_place(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    open_line(kontor, 8)
    kontor.hear(kontor.store.restock(MUG, 1))
    kontor.forward(minutes=10)
    mode(kontor, "off", BACK_IN_STOCK)
    kontor.forward(hours=3)
    assert told(postbox) == [0, 1, 2]
    assert states(kontor).count("waiting") == 5
    assert lines(kontor) == [("over", "flow_off")]


def test_a_member_has_the_next_ones_told_now_and_never_more_than_there_is(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    open_line(kontor, 9)
    kontor.hear(kontor.store.restock(MUG, 1))
    kontor.forward(minutes=10)
    assert told(postbox) == [0, 1, 2]
    (variant,) = {row.variant_id for row in kontor.rows(sign_ups)}
    for _ in range(3):
        assert restocks.notify_now(kontor.machine, kontor.merchant_id, variant, 2, "Mara")
        kontor.settle()
    assert told(postbox) == [0, 1, 2]
    kontor.hear(kontor.store.restock(MUG, 3))
    assert restocks.notify_now(kontor.machine, kontor.merchant_id, variant, 2, "Mara")
    kontor.settle()
    assert told(postbox) == [0, 1, 2, 3, 4]


def test_a_member_need_not_wait_until_the_stock_has_settled(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    open_line(kontor, 2)
    kontor.hear(kontor.store.restock(MUG, 1))
    (variant,) = {row.variant_id for row in kontor.rows(sign_ups)}
    assert restocks.notify_now(kontor.machine, kontor.merchant_id, variant, 5, "Mara")
    kontor.settle()
    assert told(postbox) == [0, 1]


def test_what_the_mail_server_refuses_for_the_shop_costs_nobody_the_place(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    open_line(kontor, 2)
    postbox.failing = Permanent("554 over quota")
    kontor.hear(kontor.store.restock(MUG, 5))
    kontor.forward(hours=3)
    assert states(kontor) == ["waiting", "waiting"]
    postbox.failing = None
    kontor.forward(days=1, hours=2)
    assert told(postbox) == [0, 1]


def test_an_address_that_does_not_exist_leaves_the_line(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    open_line(kontor, 1)
    postbox.failing = AddressRefused("550 no such user")
    kontor.hear(kontor.store.restock(MUG, 5))
    kontor.forward(hours=3)
    assert states(kontor) == ["over:bounced"]


def test_whoever_was_called_while_the_shop_must_be_reconnected_is_told_afterwards(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    open_line(kontor, 2)
    postbox.failing = NeedsMerchant("the access is gone")
    kontor.hear(kontor.store.restock(MUG, 5))
    kontor.forward(minutes=30)
    assert states(kontor) == ["called", "called"]
    postbox.failing = None
    with transaction(kontor.machine.db) as session:
        privacy.mended(session, kontor.merchant_id)
    kontor.settle()
    assert told(postbox) == [0, 1]
    assert states(kontor) == ["told", "told"]


def test_a_message_in_doubt_can_be_sent_again(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    open_line(kontor, 1)
    postbox.failing = InDoubt("the line broke")
    kontor.hear(kontor.store.restock(MUG, 5))
    kontor.forward(minutes=30)
    assert states(kontor) == ["told"]
    postbox.failing = None
    (doubtful,) = kontor.rows(effects, effects.c.state == "unknown")
    assert doubt.send_again(kontor.machine, kontor.merchant_id, doubtful.id, "Mara") == "done"
    kontor.settle()
    assert told(postbox) == [0]
    assert states(kontor) == ["told"]


def test_what_was_to_be_sent_again_and_does_not_go_gives_nobody_a_second_turn(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    open_line(kontor, 1)
    postbox.failing = InDoubt("the line broke")
    kontor.hear(kontor.store.restock(MUG, 1))
    kontor.forward(minutes=30)
    postbox.failing = None
    kontor.hear(kontor.store.sell_out(MUG))
    (doubtful,) = kontor.rows(effects, effects.c.state == "unknown")
    assert doubt.send_again(kontor.machine, kontor.merchant_id, doubtful.id, "Mara") == "done"
    kontor.settle()
    assert reasons(kontor) == ["out_of_stock"]
    assert states(kontor) == ["told"]
    kontor.hear(kontor.store.restock(MUG, 5))
    kontor.forward(hours=3)
    assert told(postbox) == []


def test_a_look_that_failed_is_not_the_last(kontor: Kontor, monkeypatch: pytest.MonkeyPatch) -> None:
    postbox = with_postbox(kontor)
    open_line(kontor, 2)

    def broken(*_: object) -> None:
        raise ValueError("a fault of ours")

    with monkeypatch.context() as patched:
        patched.setattr(type(BACK_IN_STOCK), "wake", broken)
        kontor.hear(kontor.store.restock(MUG, 5))
        kontor.forward(minutes=30)
    assert told(postbox) == []
    restocks.look_again_at_forgotten(kontor.machine)
    kontor.forward(minutes=30)
    assert told(postbox) == [0, 1]


def test_whom_the_daily_ceiling_holds_is_told_the_next_day(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    ceiling = {"daily_mail": 2, "daily_mail_first_week": 2}
    config = kontor.machine.config.model_copy(update=ceiling)
    kontor.machine = replace(kontor.machine, runtime=replace(kontor.machine.runtime, config=config))
    open_line(kontor, 4)
    kontor.hear(kontor.store.restock(MUG, 5))
    kontor.forward(hours=3)
    assert told(postbox) == [0, 1]
    assert states(kontor) == ["told", "told", "waiting", "waiting"]
    kontor.forward(hours=12)
    assert told(postbox) == [0, 1, 2, 3]


def test_somebody_told_gets_no_cart_mail_on_the_same_day(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    open_line(kontor, 1)
    cart = kontor.store.begin_cart()
    kontor.hear(kontor.store.add_to_cart(cart, "candle"))
    kontor.hear(kontor.store.leave_email(cart, name(0), opted_in=True))
    kontor.hear(kontor.store.restock(MUG, 1))
    kontor.forward(hours=12)
    assert [mail.subject for mail in postbox.sent] == ["Enamel mug is back"]
    carts_ = kontor.rows(effects, effects.c.flow == "cart_recovery", effects.c.step == 1)
    assert [(row.state, row.reason) for row in carts_] == [("pending", "capped")]


def buy(kontor: Kontor, email: str, variant: str = MUG, in_stock: int | None = None) -> None:
    """Somebody buys one; with `in_stock` there are so many for that, and none afterwards."""
    store = kontor.store
    if in_stock is not None:
        store.restock(variant, in_stock)
    cart = store.begin_cart()
    kontor.hear(store.add_to_cart(cart, variant))
    kontor.hear(store.leave_email(cart, email))
    kontor.hear(store.pay(cart))


def publish(kontor: Kontor, *, on: bool) -> None:
    change(kontor, published=on)


def change(kontor: Kontor, price: int | None = None, **changed: Any) -> None:
    """The shop changes the mug."""
    (mug,) = [one for one in kontor.store.products() if one.ref == MUG]
    if price is not None:
        changed["variants"] = tuple(one.model_copy(update={"price": price}) for one in mug.variants)
    later = mug.model_copy(update={**changed, "updated_at": kontor.now()})
    with transaction(kontor.machine.db) as session:
        Records(session, kontor.merchant_id).put("product", MUG, later)
    kontor.hear([kontor.store.webhook("product.updated", later)])
