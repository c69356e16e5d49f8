"""What a merchant must know reaches everybody who may act for her, each once, whoever else is deaf."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from core import clock
from core.db import transaction
from core.errors import InDoubt, KontorError, Permanent, Retryable
from core.models.tables import effects, members, notices
from engine import awaiting, blast, doubt, jobs, notice_letters, sign_in, sweep
from engine import notices as telling
from integrations.roles import Message
from tests.engine.connected import AtWooCommerce
from tests.engine.stories import Postbox, mode
from tests.engine.test_blast_guard import AT_LEAST, HERD, come
from tests.support.kontor import Kontor

DORA, EMIL = "dora@example.test", "emil@example.test"
MARA = "mara@example.test"


class Town(Postbox):
    """A mail server at which some mailboxes have trouble of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.trouble: dict[str, KontorError] = {}
        self.meanwhile: Callable[[], None] = lambda: None

    def send(self, message: Message, merchant_id: int) -> str:
        self.meanwhile()
        if message.to in self.trouble:
            raise self.trouble[message.to]
        return super().send(message, merchant_id)

    def told(self) -> list[str]:
        return [message.to for message in self.sent]


@pytest.fixture
def town(woo: AtWooCommerce) -> Town:
    """Mara has two colleagues, and her shop something to tell."""
    town = Town()
    object.__setattr__(woo.kontor.machine, "channel", town)
    for email in (DORA, EMIL):
        joins(woo, email)
    with transaction(woo.machine.db) as session:
        telling.raise_notice(session, woo.merchant_id, "reconnect", "keys_refused")
    return town


def joins(shop: AtWooCommerce | Kontor, email: str) -> None:
    with transaction(shop.machine.db) as session:
        row = {"merchant_id": shop.merchant_id, "platform_user": email, "name": email, "role": "colleague"}
        made = session.execute(members.insert().values(**row, created_at=clock.now()).returning(members.c.id))
        sign_in.confirm(session, shop.machine, shop.merchant_id, made.scalar_one(), email)


def tell(kontor: Kontor, **later: float) -> None:
    """Whatever is due by then is told; nobody waits for it."""
    for row in kontor.rows(notices, notices.c.tell_at.is_not(None)):
        sooner = update(notices).where(notices.c.id == row.id)
        kontor.write(sooner.values(tell_at=row.tell_at - timedelta(**later)))
    awaiting.mend_where_over(kontor.machine)
    telling.run(kontor.machine)


def notice(kontor: Kontor) -> Any:
    (row,) = kontor.rows(notices)
    return row


@pytest.mark.parametrize("trouble", [Permanent("550 no such mailbox"), InDoubt("the line broke")])
def test_a_dead_mailbox_keeps_no_colleague_from_being_told(
    woo: AtWooCommerce, town: Town, trouble: KontorError
) -> None:
    town.trouble[MARA] = trouble
    tell(woo.kontor)
    assert town.told() == [DORA, EMIL]
    assert notice(woo.kontor).told == 1
    assert notice(woo.kontor).tell_at > clock.now() + timedelta(days=2)


def test_a_full_mailbox_is_tried_again_and_nobody_else_is_told_twice(woo: AtWooCommerce, town: Town) -> None:
    town.trouble[DORA] = Retryable("452 mailbox full")
    for _ in range(3):
        tell(woo.kontor, minutes=11)
    assert town.told() == [MARA, EMIL]
    assert notice(woo.kontor).told == 0
    del town.trouble[DORA]
    tell(woo.kontor, minutes=11)
    assert town.told() == [MARA, EMIL, DORA]
    assert notice(woo.kontor).told == 1
    tell(woo.kontor, days=4)
    assert sorted(town.told()[3:]) == [DORA, EMIL, MARA], "after three days all are reminded"


def test_what_is_new_while_it_is_told_of_is_told_at_once(woo: AtWooCommerce, town: Town) -> None:
    """Else a second request under a term of 30 days would be told of three days late."""

    def more() -> None:
        town.meanwhile = lambda: None
        with transaction(woo.machine.db) as session:
            telling.raise_again(session, woo.merchant_id, "reconnect", "more")

    town.meanwhile = more
    tell(woo.kontor)
    assert town.told() == [MARA, DORA, EMIL] * 2
    assert (notice(woo.kontor).told, notice(woo.kontor).detail) == (1, "more")


@pytest.fixture
def letters(kontor_on_both: Kontor, monkeypatch: pytest.MonkeyPatch) -> Town:
    """Mara and Dora look after a shop in which five people an hour are usual."""
    monkeypatch.setattr(blast, "AT_LEAST", AT_LEAST)
    town = Town()
    object.__setattr__(kontor_on_both.machine, "channel", town)
    for email in (MARA, DORA):
        joins(kontor_on_both, email)
    return town


def about(town: Town, email: str = MARA) -> list[str]:
    """What she was written about, without her shop's name."""
    return [message.subject.partition(": ")[2] for message in town.sent if message.to == email]


def activity(kontor: Kontor) -> str:
    return f"{kontor.machine.config.app_url}/shops/{kontor.merchant.key}/activity"


HELD, FREE = "messages are held until you have looked", "no messages are held any more"
UNCLEAR = "it is unclear whether a message has arrived"
CLEAR = "no message in doubt waits for you any more"


def test_however_many_are_held_she_is_told_once_again_after_three_days_and_when_it_is_over(
    kontor_on_both: Kontor, letters: Town
) -> None:
    kontor = kontor_on_both
    come(kontor, HERD)
    tell(kontor)
    come(kontor, 2, HERD)
    tell(kontor, days=2)
    assert about(letters) == about(letters, DORA) == [HELD]
    tell(kontor, days=1)
    tell(kontor, days=9)
    assert about(letters) == [HELD, HELD], "twice is enough"
    assert blast.release(kontor.machine, kontor.merchant_id, "cart_recovery", "Mara") == HERD - AT_LEAST + 2
    tell(kontor)
    tell(kontor, days=9)
    assert about(letters) == about(letters, DORA) == [HELD, HELD, FREE]


def test_the_letters_button_leads_to_what_is_held(kontor_on_both: Kontor, letters: Town) -> None:
    come(kontor_on_both, HERD)
    tell(kontor_on_both)
    place = activity(kontor_on_both)
    assert f"Look, then decide: {place}#held-cart_recovery" in letters.sent[0].text
    blast.discard(kontor_on_both.machine, kontor_on_both.merchant_id, "cart_recovery", "Mara")
    tell(kontor_on_both)
    assert about(letters) == [HELD, FREE]
    assert f"See the activity: {place}\n" in letters.sent[-1].text


def test_nobody_is_told_of_what_was_over_before(kontor_on_both: Kontor, letters: Town) -> None:
    come(kontor_on_both, HERD)
    mode(kontor_on_both, "off")
    tell(kontor_on_both)
    assert letters.sent == []


def test_what_is_held_ends_with_its_flow_and_she_is_told_so(kontor_on_both: Kontor, letters: Town) -> None:
    come(kontor_on_both, HERD)
    tell(kontor_on_both)
    mode(kontor_on_both, "off")
    jobs._upkeep(kontor_on_both.machine)
    assert about(letters) == [HELD, FREE]


def test_a_second_crowd_is_told_of_anew(kontor_on_both: Kontor, letters: Town) -> None:
    come(kontor_on_both, HERD)
    blast.discard(kontor_on_both.machine, kontor_on_both.merchant_id, "cart_recovery", "Mara")
    come(kontor_on_both, 1, HERD)
    tell(kontor_on_both)
    assert about(letters) == about(letters, DORA) == [HELD]


def breaks(kontor: Kontor, town: Town, *guests: str) -> list[int]:
    """The line breaks while these guests are reminded."""
    town.trouble = {guest: InDoubt("the line broke") for guest in guests}
    for guest in guests:
        kontor.leave_cart(guest)
    kontor.forward(hours=1, minutes=5)
    return [row.id for row in kontor.rows(effects, effects.c.state == "unknown")]


def test_messages_in_doubt_are_told_of_once_and_again_and_when_the_last_is_decided(
    kontor_on_both: Kontor, letters: Town
) -> None:
    kontor = kontor_on_both
    first, second = breaks(kontor, letters, "anna@example.com", "ben@example.com")
    tell(kontor)
    tell(kontor, days=2)
    assert about(letters) == about(letters, DORA) == [UNCLEAR]
    assert f"See which: {activity(kontor)}?outcome=in_doubt\n" in letters.sent[0].text
    tell(kontor, days=1)
    assert doubt.leave(kontor.machine, kontor.merchant_id, first, "Mara") == "done"
    tell(kontor, days=9)
    assert about(letters) == [UNCLEAR, UNCLEAR], "one still waits for her"
    assert doubt.send_again(kontor.machine, kontor.merchant_id, second, "Mara") == "done"
    tell(kontor)
    tell(kontor, days=9)
    assert about(letters) == about(letters, DORA) == [UNCLEAR, UNCLEAR, CLEAR]


def test_while_the_mail_server_can_be_asked_nobody_is_told_and_when_it_cannot_tell_she_is(
    kontor_on_both: Kontor, letters: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is with a message whose worker died while it was sent."""
    kontor = kontor_on_both
    (which,) = breaks(kontor, letters, "anna@example.com")
    over = clock.now() - timedelta(minutes=1)
    kontor.write(notices.delete())
    kontor.write(update(effects).where(effects.c.id == which).values(state="acting", lease_until=over))
    tell(kontor)
    assert letters.sent == []
    monkeypatch.setattr(letters, "was_sent", lambda key, merchant_id: None)
    sweep.leases(kontor.machine)
    tell(kontor)
    assert about(letters) == [UNCLEAR]


def test_a_late_answer_ends_the_doubt_without_her(kontor_on_both: Kontor, letters: Town) -> None:
    (which,) = breaks(kontor_on_both, letters, "anna@example.com")
    tell(kontor_on_both)
    kontor_on_both.write(update(effects).where(effects.c.id == which).values(state="done", reason=None))
    tell(kontor_on_both)
    assert about(letters) == [UNCLEAR, CLEAR]


def test_a_shop_without_anybody_to_write_to_comes_to_no_harm(
    kontor_on_both: Kontor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As every sandbox: what needs somebody stands on its pages alone."""
    monkeypatch.setattr(blast, "AT_LEAST", AT_LEAST)
    town = Town()
    object.__setattr__(kontor_on_both.machine, "channel", town)
    breaks(kontor_on_both, town, "anna@example.com")
    come(kontor_on_both, HERD)
    for _ in range(3):
        tell(kontor_on_both, days=4)
    assert town.sent == []
    assert [(row.kind, row.told) for row in kontor_on_both.rows(notices)] == [("doubt", 2), ("held", 2)]
    blast.discard(kontor_on_both.machine, kontor_on_both.merchant_id, "cart_recovery", "Mara")
    tell(kontor_on_both)
    assert town.sent == []


@pytest.mark.parametrize("kind", sorted(telling.REMINDED | {"quiet"}))
@pytest.mark.parametrize("mended", [False, True])
def test_every_letter_is_there_in_both_languages(kind: str, mended: bool) -> None:
    english, german = (notice_letters.words_of(kind, locale, mended=mended) for locale in ("en", "de"))
    assert english.keys() == german.keys() == {"subject", "body", "button"}
    assert not set(english.values()) & set(german.values())
