"""Mail kept in our own database instead of sent: the sandbox's post.

Each message is the very text a mail server would get, sealed and bound to its
key. Here, unlike with a mail server, what was sent can be told exactly.
"""

import email
import email.policy
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage

from sqlalchemy import select

from core import clock
from core.db import autocommit, insert, reading
from core.models.tables import mailbox_messages
from core.runtime import Runtime
from integrations.mime import build
from integrations.roles import Message


@dataclass(frozen=True, slots=True)
class Entry:
    """One message in the mailbox's list."""

    id: int
    sender: str
    to: str
    subject: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    """One message as the shopper sees it, and as it was transported."""

    entry: Entry
    headers: tuple[tuple[str, str], ...]
    html: str
    text: str
    mime: bytes


class MailboxChannel:
    """The channel used where no mail server is set."""

    key = "mailbox"

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def send(self, message: Message, merchant_id: int) -> str:
        """Storing the same key twice stores it once."""
        now = clock.now()
        sealed = self._runtime.vault.seal(build(message, now), _binding(merchant_id, message.key))
        values = {"merchant_id": merchant_id, "key": message.key, "mime": sealed, "at": now}
        with autocommit(self._runtime.db) as connection:
            connection.execute(insert(mailbox_messages, connection).values(values).on_conflict_do_nothing())
        return message.message_id

    def was_sent(self, key: str, merchant_id: int) -> bool | None:
        wanted = select(mailbox_messages.c.id).where(
            mailbox_messages.c.merchant_id == merchant_id, mailbox_messages.c.key == key
        )
        with reading(self._runtime.db) as session:
            return session.execute(wanted).first() is not None


def listing(runtime: Runtime, merchant_id: int, most: int = 100) -> list[Entry]:
    """The merchant's newest messages, newest first."""
    wanted = (
        select(mailbox_messages)
        .where(mailbox_messages.c.merchant_id == merchant_id)
        .order_by(mailbox_messages.c.id.desc())
        .limit(most)
    )
    with reading(runtime.db) as session:
        rows = session.execute(wanted).all()
    return [_entry(row.id, row.at, _parsed(_mime(runtime, merchant_id, row.key, row.mime))) for row in rows]


def read(runtime: Runtime, merchant_id: int, id: int) -> Opened | None:
    """One message opened; None where this merchant has none of that number."""
    wanted = select(mailbox_messages).where(
        mailbox_messages.c.merchant_id == merchant_id, mailbox_messages.c.id == id
    )
    with reading(runtime.db) as session:
        row = session.execute(wanted).one_or_none()
    if row is None:
        return None
    mime = _mime(runtime, merchant_id, row.key, row.mime)
    mail = _parsed(mime)
    headers = tuple((name, str(value)) for name, value in mail.items())
    return Opened(_entry(row.id, row.at, mail), headers, _body(mail, "html"), _body(mail, "plain"), mime)


def _mime(runtime: Runtime, merchant_id: int, key: str, sealed: bytes) -> bytes:
    return runtime.vault.open(sealed, _binding(merchant_id, key))


def _binding(merchant_id: int, key: str) -> str:
    return f"mailbox:{merchant_id}:{key}"


def _parsed(mime: bytes) -> EmailMessage:
    return email.message_from_bytes(mime, policy=email.policy.default)


def _entry(id: int, at: datetime, mail: EmailMessage) -> Entry:
    return Entry(id, str(mail["From"]), str(mail["To"]), str(mail["Subject"]), at)


def _body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    return str(part.get_content()) if part is not None else ""
