"""What a merchant must know reaches everybody who may act for her, each once, whoever else is deaf."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from core import clock
from core.db import transaction
from core.errors import InDoubt, KontorError, Permanent, Retryable
from core.models.tables import members, notices
from engine import notices as telling
from engine import sign_in
from integrations.roles import Message
from tests.engine.connected import AtWooCommerce
from tests.engine.stories import Postbox

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


def joins(woo: AtWooCommerce, email: str) -> None:
    with transaction(woo.machine.db) as session:
        row = {"merchant_id": woo.merchant_id, "platform_user": email, "name": email, "role": "colleague"}
        made = session.execute(members.insert().values(**row, created_at=clock.now()).returning(members.c.id))
        sign_in.confirm(session, woo.machine, woo.merchant_id, made.scalar_one(), email)


def tell(woo: AtWooCommerce, **later: float) -> None:
    """Whatever is due by then is told; nobody waits for it."""

    rows = woo.kontor.rows(notices, notices.c.tell_at.is_not(None))
    for row in rows:
        woo.kontor.write(
            update(notices).where(notices.c.id == row.id).values(tell_at=row.tell_at - timedelta(**later))
        )

    telling.run(woo.machine)


def notice(woo: AtWooCommerce) -> Any:
    (row,) = woo.kontor.rows(notices)
    return row


@pytest.mark.parametrize("trouble", [Permanent("550 no such mailbox"), InDoubt("the line broke")])
def test_a_dead_mailbox_keeps_no_colleague_from_being_told(
    woo: AtWooCommerce, town: Town, trouble: KontorError
) -> None:
    town.trouble[MARA] = trouble
    tell(woo)
    assert town.told() == [DORA, EMIL]
    assert notice(woo).told == 1
    assert notice(woo).tell_at > clock.now() + timedelta(days=2)


def test_a_full_mailbox_is_tried_again_and_nobody_else_is_told_twice(woo: AtWooCommerce, town: Town) -> None:
    town.trouble[DORA] = Retryable("452 mailbox full")
    for _ in range(3):
        tell(woo, minutes=11)
    assert town.told() == [MARA, EMIL]
    assert notice(woo).told == 0
    del town.trouble[DORA]
    tell(woo, minutes=11)
    assert town.told() == [MARA, EMIL, DORA]
    assert notice(woo).told == 1
    tell(woo, days=4)
    assert sorted(town.told()[3:]) == [DORA, EMIL, MARA], "after three days all are reminded"


def test_what_is_new_while_it_is_told_of_is_told_at_once(woo: AtWooCommerce, town: Town) -> None:
    """Else a second request under a term of 30 days would be told of three days late."""

    def more() -> None:
        town.meanwhile = lambda: None
        with transaction(woo.machine.db) as session:
            telling.raise_again(session, woo.merchant_id, "reconnect", "more")

    town.meanwhile = more
    tell(woo)
    assert town.told() == [MARA, DORA, EMIL] * 2
    assert (notice(woo).told, notice(woo).detail) == (1, "more")
