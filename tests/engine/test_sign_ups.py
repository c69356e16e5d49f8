"""Waiting for what is sold out: in line, at the place one came at, and out again at any time."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from sqlalchemy import event, select, update

from core import clock
from core.db import reading, transaction
from core.errors import InDoubt, Permanent, Retryable
from core.events import Contact, Stock
from core.facts import Mode
from core.models.tables import (
    addresses,
    consents,
    effects,
    mailbox_messages,
    merchants,
    people,
    sign_up_letters,
    sign_ups,
    tallies,
    variants,
)
from engine import data_acts, links, privacy, retention, sign_up_endings, waitlist, whole_export
from engine import sign_up_letters as letters_engine
from engine import sign_ups as engine_sign_ups
from engine.consent import opt_out
from engine.dossier import dossier
from engine.identity import fingerprint, resolve
from engine.merging import merge
from engine.tallies import Limit
from tests.engine.stories import ANNA, BEN, with_postbox
from tests.support.kontor import Kontor
from tests.support.waiting import (
    BLANKET,
    SOLD_OUT,
    SOME,
    TEXT,
    crowd,
    letters,
    sign_up,
    stock,
    switch,
)

CARLA = "carla@example.com"


@pytest.fixture
def shop(kontor_on_both: Kontor) -> Kontor:
    """A shop with waiting lines, and a blanket that is sold out."""
    switch(kontor_on_both.machine, kontor_on_both.merchant_id)
    stock(kontor_on_both.machine, kontor_on_both.merchant_id, SOLD_OUT)
    return kontor_on_both


def states(shop: Kontor) -> list[tuple[str, str | None]]:
    return [(row.state, row.reason) for row in shop.rows(sign_ups)]


def acts(shop: Kontor) -> list[tuple[str, str, str]]:
    return [(row.purpose, row.state, row.source) for row in shop.rows(consents)]


def confirm(shop: Kontor, sign_up_id: int | None) -> bool:
    return engine_sign_ups.confirm(shop.machine, shop.merchant_id, sign_up_id or 0)


def in_line(shop: Kontor, email: str, **wish: Any) -> int:
    """Signed up and confirmed; her number."""
    joined = sign_up(shop, email, **wish)
    assert joined.sign_up_id is not None
    confirm(shop, joined.sign_up_id)
    return joined.sign_up_id


def place(shop: Kontor, sign_up_id: int) -> int | None:
    seen = waitlist.look(shop.machine, shop.merchant_id, sign_up_id)
    return seen.place if seen else None


def link_in(text: str) -> str:
    found = re.search(r"http\S+/w/\S+", text)
    assert found
    return found[0]


# Joining and confirming.


def test_nobody_is_in_line_before_she_has_confirmed(shop: Kontor) -> None:
    postbox = with_postbox(shop)
    joined = sign_up(shop, ANNA)

    assert joined.outcome == "unconfirmed"
    assert states(shop) == [("unconfirmed", None)]
    assert acts(shop) == [(f"back_in_stock:{BLANKET}", "pending", "waitlist_form")]
    assert letters(shop) == 1
    (mail,) = postbox.sent
    assert mail.to == ANNA
    assert mail.subject == "Please confirm: Wool blanket, Clay at Birch & Ember"
    assert mail.sender_name == "Birch & Ember"
    asked = links.open_waiting(shop.machine.config, link_in(mail.text).rpartition("/")[2])
    assert asked == links.Waits(shop.merchant_id, joined.sign_up_id or 0)

    assert confirm(shop, joined.sign_up_id)
    assert states(shop) == [("waiting", None)]
    assert acts(shop)[1:] == [(f"back_in_stock:{BLANKET}", "opted_in", "waitlist_form")]
    assert [row.text for row in shop.rows(consents)] == [TEXT, TEXT]
    assert not confirm(shop, joined.sign_up_id)


def test_a_german_is_written_in_german(shop: Kontor) -> None:
    postbox = with_postbox(shop)
    sign_up(shop, ANNA, locale="de-AT")
    letters(shop)
    assert postbox.sent[0].subject == "Bitte bestätigen: Wool blanket, Clay bei Birch & Ember"
    assert "Das war ich nicht" in postbox.sent[0].html


def test_where_the_shop_asks_for_no_confirmation_she_waits_at_once(shop: Kontor) -> None:
    postbox = with_postbox(shop)
    switch(shop.machine, shop.merchant_id, double_opt_in=False)

    assert sign_up(shop, ANNA).outcome == "waiting"
    assert sign_up(shop, BEN).outcome == "waiting"
    assert states(shop) == [("waiting", None)] * 2
    assert {state for _, state, _ in acts(shop)} == {"opted_in"}
    letters(shop)
    assert [mail.subject for mail in postbox.sent] == ["You are in line: Wool blanket, Clay"] * 2
    assert ["You are number 1 in line" in mail.text for mail in postbox.sent] == [True, False]
    assert "List-Unsubscribe" in postbox.sent[0].headers


def test_the_place_is_that_of_signing_up_however_late_she_confirms(shop: Kontor) -> None:
    anna = sign_up(shop, ANNA).sign_up_id
    ben = in_line(shop, BEN)
    assert place(shop, ben) == 1
    confirm(shop, anna)
    assert (place(shop, anna or 0), place(shop, ben)) == (1, 2)


def test_to_wait_is_no_yes_to_newsletters_and_a_newsletter_no_yes_to_waiting(shop: Kontor) -> None:
    in_line(shop, ANNA)
    assert {row.purpose for row in shop.rows(consents)} == {f"back_in_stock:{BLANKET}"}


def test_whoever_is_in_line_and_asks_again_keeps_her_place_and_is_told_it_by_mail(shop: Kontor) -> None:
    postbox = with_postbox(shop)
    anna = in_line(shop, ANNA)
    in_line(shop, BEN)
    letters(shop)
    again = sign_up(shop, ANNA.upper())

    assert (again.outcome, again.sign_up_id, again.double) == ("already", anna, True)
    assert letters(shop) == 1
    assert postbox.sent[-1].to == ANNA
    assert "You are number 1 in line" in postbox.sent[-1].text
    # Nobody fills her mailbox by asking on and on.
    sign_up(shop, ANNA)
    assert letters(shop) == 0


def test_asked_again_a_moment_later_no_second_letter_asks_to_confirm(shop: Kontor) -> None:
    sign_up(shop, ANNA)
    sign_up(shop, ANNA)
    assert len(shop.rows(sign_ups)) == 1
    assert len(shop.rows(sign_up_letters)) == 1
    shop.write(update(sign_up_letters).values(asked_at=clock.now() - timedelta(hours=1)))
    sign_up(shop, ANNA)
    assert len(shop.rows(sign_up_letters)) == 2


def test_one_person_waits_for_two_things_in_two_lines(shop: Kontor) -> None:
    stock(shop.machine, shop.merchant_id, SOLD_OUT, "blanket-moss", colour="Moss")
    first, second = in_line(shop, ANNA), in_line(shop, ANNA, ref="blanket-moss")
    assert (place(shop, first), place(shop, second)) == (1, 1)
    assert len(shop.rows(people)) == 1


@pytest.mark.parametrize(
    ("told", "published", "outcome"),
    [
        (SOME, True, "available"),
        (Stock("unknown"), True, "available"),
        (Stock("always"), True, "available"),
        (SOLD_OUT, False, "unknown"),
        (None, True, "unknown"),
    ],
)
def test_only_what_is_sold_out_has_a_line(
    shop: Kontor, told: Stock | None, published: bool, outcome: str
) -> None:
    stock(shop.machine, shop.merchant_id, told, "mug", published=published)
    assert sign_up(shop, ANNA, ref="mug").outcome == outcome
    assert sign_up(shop, ANNA, ref="no-such").outcome == "unknown"
    assert (shop.rows(sign_ups), shop.rows(people)) == ([], [])


@pytest.mark.parametrize("mode", ["off", "shadow"])
def test_nobody_is_let_into_a_line_that_would_not_be_told(shop: Kontor, mode: Mode) -> None:
    switch(shop.machine, shop.merchant_id, mode)
    assert sign_up(shop, ANNA).outcome == "off"
    assert letters(shop) == 0


def test_whoever_confirms_when_it_has_come_back_meanwhile_is_told(shop: Kontor) -> None:
    joined = sign_up(shop, ANNA)
    stock(shop.machine, shop.merchant_id, SOME, minutes=1)
    assert joined.sign_up_id is not None
    assert engine_sign_ups.confirm(shop.machine, shop.merchant_id, joined.sign_up_id)
    (look,) = shop.rows(effects, effects.c.kind == "release_wave")
    assert look.state == "pending"


def test_a_shop_that_has_left_offers_nothing(shop: Kontor) -> None:
    with transaction(shop.machine.db) as session:
        privacy.uninstall(session, session.get_one(type(shop.merchant), shop.merchant_id))
    assert sign_up(shop, ANNA).outcome == "off"


def test_whoever_presses_many_times_at_once_is_in_line_once(shop: Kontor) -> None:
    with ThreadPoolExecutor(6) as pool:
        outcomes = [one.outcome for one in pool.map(lambda _: sign_up(shop, ANNA), range(6))]
    assert sorted(outcomes) == ["already"] * 5 + ["unconfirmed"]
    assert (len(shop.rows(sign_ups)), len(shop.rows(people))) == (1, 1)


def test_what_comes_back_this_very_moment_takes_no_more_sign_ups(shop: Kontor) -> None:
    """News of stock finds everybody who signed up before it, and nobody signs up after it."""
    with ThreadPoolExecutor(1) as pool:
        with transaction(shop.machine.db) as session:
            back = {"stock_kind": "units", "stock_units": 3}
            session.execute(update(variants).where(variants.c.ref == BLANKET).values(**back))
            joining = pool.submit(sign_up, shop, ANNA)
            time.sleep(0.5)
            assert not joining.done()
        assert joining.result().outcome == "available"
    assert (shop.rows(sign_ups), shop.rows(sign_up_letters)) == ([], [])


# Limits.


def test_one_address_is_tried_so_often_a_day(shop: Kontor) -> None:
    most = engine_sign_ups.OF_ADDRESS.most
    tried = [sign_up(shop, ANNA).outcome for _ in range(most + 1)]
    assert (tried[0], tried[-2], tried[-1]) == ("unconfirmed", "already", "too_many")
    assert sign_up(shop, BEN).outcome == "unconfirmed"
    shop.write(update(tallies).values(since=clock.now() - timedelta(days=1)))
    assert sign_up(shop, ANNA).outcome == "already"


def test_one_visitor_signs_up_so_many_and_nobody_elses_room_is_used_up(shop: Kontor) -> None:
    most = engine_sign_ups.OF_VISITOR.most
    tried = [sign_up(shop, f"p{n}@example.com", visitor="203.0.113.7").outcome for n in range(most + 3)]
    assert tried.count("unconfirmed") == most
    assert sign_up(shop, BEN, visitor="203.0.113.8").outcome == "unconfirmed"
    with reading(shop.machine.db) as session:
        counted = {row.key.split(":")[0]: row.times for row in session.execute(select(tallies))}
    assert counted["waiting_merchant"] == most + 1


def test_a_whole_network_of_the_newer_kind_is_one_visitor(shop: Kontor) -> None:
    most = engine_sign_ups.OF_VISITOR.most
    for n in range(most):
        sign_up(shop, f"p{n}@example.com", visitor=f"2001:db8:1:2::{n:x}")
    assert sign_up(shop, BEN, visitor="2001:db8:1:2:ffff::1").outcome == "too_many"


def test_a_form_is_good_for_a_few_tries(shop: Kontor) -> None:
    most = engine_sign_ups.OF_FORM.most
    tried = [sign_up(shop, f"p{n}@example.com", form="mark").outcome for n in range(most + 1)]
    assert tried == ["unconfirmed"] * most + ["too_many"]


def test_a_shop_takes_so_many_an_hour(shop: Kontor, monkeypatch: pytest.MonkeyPatch) -> None:
    few = Limit("waiting_merchant", 2, timedelta(hours=1))
    monkeypatch.setattr(engine_sign_ups, "OF_MERCHANT", few)
    assert [sign_up(shop, one).outcome for one in (ANNA, BEN, CARLA)] == ["unconfirmed"] * 2 + ["too_many"]


def test_tries_are_forgotten_after_a_day(shop: Kontor) -> None:
    sign_up(shop, ANNA, visitor="203.0.113.7")
    retention.retention(shop.machine)
    with reading(shop.machine.db) as session:
        kept = session.execute(select(tallies.c.key)).scalars().all()
        assert kept
        assert not any("203.0.113" in key or "anna" in key for key in kept)
    shop.write(update(tallies).values(since=clock.now() - timedelta(days=1, minutes=1)))
    retention.retention(shop.machine)
    with reading(shop.machine.db) as session:
        assert session.execute(select(tallies)).all() == []


# Out of the line.


def test_she_leaves_at_any_time(shop: Kontor) -> None:
    anna, ben = in_line(shop, ANNA), in_line(shop, BEN)
    assert engine_sign_ups.leave(shop.machine, shop.merchant_id, anna)
    assert states(shop) == [("over", "left_line"), ("waiting", None)]
    assert acts(shop)[-1] == (f"back_in_stock:{BLANKET}", "opted_out", "kontor")
    assert place(shop, ben) == 1
    assert not engine_sign_ups.leave(shop.machine, shop.merchant_id, anna)
    # She may think again, at the end of the line.
    assert place(shop, in_line(shop, ANNA)) == 2


def test_who_never_was_asked_for_is_gone_at_once_with_all_that_was_known(shop: Kontor) -> None:
    joined = sign_up(shop, ANNA)
    letters(shop)
    assert shop.rows(mailbox_messages)
    assert engine_sign_ups.leave(shop.machine, shop.merchant_id, joined.sign_up_id or 0)
    for table in (sign_ups, sign_up_letters, consents, addresses, people, mailbox_messages):
        assert shop.rows(table) == []


def test_what_nobody_confirms_is_deleted_after_three_days(shop: Kontor) -> None:
    anna = sign_up(shop, ANNA).sign_up_id
    sign_up_endings.expire(shop.machine)
    assert states(shop) == [("unconfirmed", None)]
    shop.forward(days=3, minutes=1)
    assert not confirm(shop, anna)
    assert sign_up_endings.expire(shop.machine) == 1
    assert (shop.rows(sign_ups), shop.rows(people), shop.rows(addresses)) == ([], [], [])


def test_a_customer_who_never_confirmed_stays_a_customer(shop: Kontor) -> None:
    with transaction(shop.machine.db) as session:
        known = Contact(email=ANNA, customer_ref="17")
        resolve(session, shop.machine.vault, shop.merchant_id, known, clock.now())
    sign_up(shop, ANNA)
    shop.forward(days=4)
    sign_up_endings.expire(shop.machine)
    assert [row.channel for row in shop.rows(addresses)] == ["customer"]
    assert len(shop.rows(people)) == 1


def test_a_yes_to_newsletters_is_not_forgotten_with_it(shop: Kontor) -> None:
    shop.leave_cart(ANNA, opted_in=True)
    before = acts(shop)
    sign_up(shop, ANNA)
    shop.forward(days=4)
    sign_up_endings.expire(shop.machine)
    assert acts(shop) == before
    assert len(shop.rows(people)) == 1


def test_whoever_waited_long_enough_is_let_go_by_the_shops_own_clock(shop: Kontor) -> None:
    in_line(shop, ANNA)
    shop.forward(days=89)
    sign_up_endings.expire(shop.machine)
    assert states(shop) == [("waiting", None)]
    shop.forward(days=1, minutes=1)
    assert sign_up_endings.expire(shop.machine) == 1
    assert states(shop) == [("over", "waited_long")]


def test_by_real_time_it_is_so_too(shop: Kontor) -> None:
    in_line(shop, ANNA)
    real = clock.now()
    shop.write(update(merchants).values(clock_offset_ms=0))
    shop.write(update(sign_ups).values(ends_at=real + timedelta(hours=1)))
    assert sign_up_endings.expire(shop.machine) == 0
    shop.write(update(sign_ups).values(ends_at=real - timedelta(hours=1)))
    assert sign_up_endings.expire(shop.machine) == 1


def test_whoever_objects_waits_for_nothing_any_more(shop: Kontor) -> None:
    in_line(shop, ANNA)
    stock(shop.machine, shop.merchant_id, SOLD_OUT, "blanket-moss", colour="Moss")
    moss = sign_up(shop, ANNA, ref="blanket-moss").sign_up_id
    in_line(shop, BEN)
    address = shop.rows(addresses)[0].id

    assert opt_out(shop.machine, shop.merchant_id, address, "unsubscribe_page", shop.now())
    assert not confirm(shop, moss)
    assert sign_up_endings.expire(shop.machine) == 1
    assert states(shop) == [("over", "unsubscribed"), ("waiting", None)]
    # What she signs up for later is a new wish.
    assert sign_up(shop, ANNA).outcome == "unconfirmed"


def test_an_objection_from_before_ends_nothing_that_came_after_it(shop: Kontor) -> None:
    earlier = shop.now() - timedelta(minutes=5)
    in_line(shop, ANNA)
    opt_out(shop.machine, shop.merchant_id, shop.rows(addresses)[0].id, "unsubscribe_page", earlier)
    assert states(shop) == [("waiting", None)]


# Erasure, export, merging.


def test_whoever_is_erased_waits_for_nothing_and_is_never_written_to_again(shop: Kontor) -> None:
    postbox = with_postbox(shop)
    in_line(shop, ANNA)
    sign_up(shop, BEN)
    print_ = fingerprint(shop.machine.vault, shop.merchant_id, "email", ANNA)
    assert data_acts.erase_person(shop.machine, shop.merchant_id, print_, "Mara") == 1
    assert [row.sign_up_id for row in shop.rows(sign_up_letters)] == [shop.rows(sign_ups)[0].id]
    assert letters(shop) == 1
    assert [mail.to for mail in postbox.sent] == [BEN]

    # The answer is as to everybody, and nothing is kept or sent.
    asked = sign_up(shop, ANNA)
    assert (asked.outcome, asked.sign_up_id) == ("unconfirmed", None)
    assert letters(shop) == 0
    assert len(shop.rows(sign_ups)) == 1
    assert [row.masked for row in shop.rows(addresses)] == ["b…@example.com"]


def test_what_lies_in_our_own_mailbox_is_erased_too(shop: Kontor) -> None:
    in_line(shop, ANNA)
    letters(shop)
    sign_up(shop, ANNA)
    letters(shop)
    print_ = fingerprint(shop.machine.vault, shop.merchant_id, "email", ANNA)
    data_acts.erase_person(shop.machine, shop.merchant_id, print_, "Mara")
    assert shop.rows(mailbox_messages) == []


def test_what_is_told_of_a_person_names_what_she_waits_for(shop: Kontor) -> None:
    in_line(shop, ANNA)
    with reading(shop.machine.db) as session:
        told = dossier(shop.machine, session, shop.merchant_id, shop.rows(people)[0].id)
    (waits,) = told["waits_for"]
    assert (waits["product"], waits["state"], waits["text"]) == ("Wool blanket, Clay", "waiting", TEXT)
    assert told["consents"][-1]["purpose"] == f"back_in_stock:{BLANKET}"


def test_what_is_told_of_the_shop_has_its_lines_and_the_letters_about_them(shop: Kontor) -> None:
    in_line(shop, ANNA)
    packed = b"".join(whole_export.of(shop.machine, shop.merchant_id))
    with ZipFile(BytesIO(packed)) as archive:
        tables = {name: archive.read(name).decode().splitlines() for name in archive.namelist()}
    assert (len(tables["sign_ups.csv"]), len(tables["sign_up_letters.csv"])) == (2, 2)
    assert TEXT in tables["sign_ups.csv"][1]
    assert "tallies.csv" not in tables


def test_two_who_are_found_to_be_one_wait_as_one(shop: Kontor) -> None:
    in_line(shop, ANNA)
    in_line(shop, BEN)
    elder, younger = (row.id for row in shop.rows(people))
    with transaction(shop.machine.db) as session:
        merge(session, shop.merchant_id, younger, elder)
    assert {row.person_id for row in shop.rows(sign_ups)} == {elder}


def test_a_strangers_number_opens_nothing(shop: Kontor) -> None:
    anna = sign_up(shop, ANNA).sign_up_id or 0
    other = shop.merchant_id + 1
    assert not engine_sign_ups.leave(shop.machine, other, anna)
    assert waitlist.look(shop.machine, other, anna) is None
    assert states(shop) == [("unconfirmed", None)]


def test_the_number_of_who_was_forgotten_is_never_anybody_elses(shop: Kontor) -> None:
    anna = sign_up(shop, ANNA).sign_up_id or 0
    engine_sign_ups.leave(shop.machine, shop.merchant_id, anna)
    assert sign_up(shop, BEN).sign_up_id != anna


# Letters that don't get through.


@pytest.mark.parametrize(("error", "state"), [(Permanent("no"), "failed"), (InDoubt("cut"), "unknown")])
def test_what_is_refused_or_in_doubt_is_not_sent_again(shop: Kontor, error: Exception, state: str) -> None:
    postbox = with_postbox(shop)
    sign_up(shop, ANNA)
    postbox.failing = error
    assert letters(shop) == 1
    postbox.failing = None
    assert letters(shop) == 0
    assert [(row.state, row.send_at) for row in shop.rows(sign_up_letters)] == [(state, None)]


def test_a_server_that_is_busy_is_asked_again_later_and_keeps_nobody_else_waiting(shop: Kontor) -> None:
    postbox = with_postbox(shop)
    sign_up(shop, ANNA)
    sign_up(shop, BEN)
    postbox.failing = Retryable("busy")
    assert letters(shop) == 1
    postbox.failing = None
    assert letters(shop) == 1
    assert [mail.to for mail in postbox.sent] == [BEN]
    shop.write(update(sign_up_letters).where(sign_up_letters.c.state == "wanted").values(send_at=clock.now()))
    letters(shop)
    assert [mail.to for mail in postbox.sent] == [BEN, ANNA]


def test_whoever_dies_while_sending_has_perhaps_sent_it(shop: Kontor) -> None:
    postbox = with_postbox(shop)
    sign_up(shop, ANNA)
    letters_engine._claim(shop.machine, ())
    assert letters(shop) == 0
    shop.write(update(sign_up_letters).values(send_at=clock.now()))
    letters(shop)
    assert (postbox.sent, shop.rows(sign_up_letters)[0].state) == ([], "unknown")


def test_a_letter_that_came_too_late_to_be_true_is_not_sent(shop: Kontor) -> None:
    postbox = with_postbox(shop)
    anna = sign_up(shop, ANNA).sign_up_id
    confirm(shop, anna)
    letters(shop)
    assert (postbox.sent, shop.rows(sign_up_letters)[0].state) == ([], "dropped")


def test_a_letter_has_no_word_of_advertising_and_no_picture_from_elsewhere(shop: Kontor) -> None:
    postbox = with_postbox(shop)
    sign_up(shop, ANNA)
    letters(shop)
    (mail,) = postbox.sent
    assert "<img" not in mail.html
    assert set(re.findall(r'href="([^"]+)"', mail.html)) == {link_in(mail.text)}
    assert "Hafenstraße 1" in mail.text


# However many wait.


def test_what_is_asked_while_many_wait_is_answered_by_indexes(kontor: Kontor) -> None:
    switch(kontor.machine, kontor.merchant_id)
    number = stock(kontor.machine, kontor.merchant_id, SOLD_OUT)
    crowd(kontor, number)
    last = kontor.rows(sign_ups)[-1].id
    asked: list[tuple[str, Any]] = []

    def hear(_connection: Any, _cursor: Any, statement: str, values: Any, *_more: Any) -> None:
        asked.append((statement, values))

    event.listen(kontor.machine.db, "before_cursor_execute", hear)
    waitlist.look(kontor.machine, kontor.merchant_id, last)
    kontor.write(update(sign_ups).values(ends_at=kontor.now() + timedelta(days=1)))
    sign_up_endings.expire(kontor.machine)
    letters(kontor)
    event.remove(kontor.machine.db, "before_cursor_execute", hear)
    with kontor.machine.db.connect() as connection:
        plans = [
            (
                statement,
                " ".join(
                    str(row) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
                ),
            )
            for statement, values in asked
            if statement.startswith("SELECT")
        ]
    of_lines = [(statement, plan) for statement, plan in plans if "FROM sign_up" in statement]
    assert len(of_lines) >= 5
    for statement, plan in of_lines:
        assert "SCAN sign_up" not in plan, statement
    used = " ".join(plan for _, plan in of_lines)
    for index in ("ix_sign_ups_line", "ix_sign_ups_ends", "ix_sign_up_letters_due"):
        assert index in used, index
