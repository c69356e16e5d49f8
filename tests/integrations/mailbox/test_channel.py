"""What is sent to the mailbox lies there once, sealed, and only for its merchant."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select, update

from core.config import read_config
from core.db import autocommit, reading, transaction
from core.models import Merchant, metadata
from core.models.tables import mailbox_messages
from core.runtime import Runtime
from core.vault import SealBroken
from integrations import channel_for
from integrations.mailbox.channel import MailboxChannel, listing, read
from integrations.roles import Message

OWNER, STRANGER = 1, 2


@pytest.fixture
def runtime(database_url: str) -> Iterator[Runtime]:
    config = read_config({"KONTOR_ENV": "development", "DATABASE_URL": database_url})
    opened = Runtime.open(config)
    metadata.create_all(opened.db)
    with transaction(opened.db) as session:
        session.add_all([Merchant(key=key, name=key, platform="sandbox") for key in ("owner", "stranger")])
    yield opened
    opened.db.dispose()


def letter(number: int, subject: str = "Grüße 🫖") -> Message:
    return Message(
        key=f"effect-{number}",
        message_id=f"<effect-{number}@kontor.test>",
        sender_name="Tee & Töpfe",
        sender_address="post@kontor.test",
        to="anna@example.org",
        subject=subject,
        html="<p>Hallo Anna</p>",
        text="Hallo Anna",
        headers={"List-Unsubscribe": "<https://kontor.test/u/x>"},
    )


def test_the_merchant_finds_her_messages_newest_first(runtime: Runtime) -> None:
    channel = MailboxChannel(runtime)
    channel.send(letter(1, "first"), OWNER)
    channel.send(letter(2, "second"), OWNER)

    entries = listing(runtime, OWNER)
    assert [entry.subject for entry in entries] == ["second", "first"]
    assert entries[0].to == "anna@example.org"
    assert entries[0].sender == "Tee & Töpfe <post@kontor.test>"
    assert entries[0].at.tzinfo is not None


def test_a_message_opens_as_the_shopper_sees_it(runtime: Runtime) -> None:
    MailboxChannel(runtime).send(letter(1), OWNER)

    opened = read(runtime, OWNER, listing(runtime, OWNER)[0].id)
    assert opened is not None
    assert opened.html.strip() == "<p>Hallo Anna</p>"
    assert opened.text.strip() == "Hallo Anna"
    assert dict(opened.headers)["Subject"] == "Grüße 🫖"
    assert dict(opened.headers)["List-Unsubscribe"] == "<https://kontor.test/u/x>"
    assert opened.mime.startswith(b"From: ")


def test_the_same_message_sent_twice_lies_there_once(runtime: Runtime) -> None:
    channel = MailboxChannel(runtime)
    names = {channel.send(letter(1), OWNER) for _ in range(2)}

    assert names == {"<effect-1@kontor.test>"}
    assert len(listing(runtime, OWNER)) == 1


def test_the_mailbox_tells_exactly_what_was_sent(runtime: Runtime) -> None:
    channel = MailboxChannel(runtime)
    channel.send(letter(1), OWNER)

    assert channel.was_sent("effect-1", OWNER) is True
    assert channel.was_sent("effect-2", OWNER) is False
    assert channel.was_sent("effect-1", STRANGER) is False


def test_a_stranger_sees_and_opens_nothing(runtime: Runtime) -> None:
    MailboxChannel(runtime).send(letter(1), OWNER)
    number = listing(runtime, OWNER)[0].id

    assert listing(runtime, STRANGER) == []
    assert read(runtime, STRANGER, number) is None


def test_nothing_in_the_table_can_be_read_or_moved(runtime: Runtime) -> None:
    channel = MailboxChannel(runtime)
    channel.send(letter(1), OWNER)
    with reading(runtime.db) as session:
        stored = session.execute(select(mailbox_messages.c.mime)).scalar_one()
    assert b"anna" not in stored

    with autocommit(runtime.db) as connection:
        connection.execute(update(mailbox_messages).values(merchant_id=STRANGER))
    with pytest.raises(SealBroken):
        listing(runtime, STRANGER)


def test_mail_goes_to_the_mailbox_while_no_mail_server_is_set(runtime: Runtime) -> None:
    assert channel_for(runtime).key == "mailbox"
