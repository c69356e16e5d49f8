"""Mail over SMTP: what the server said decides what happens next.

The one moment of doubt lies between the message's first byte and the server's
answer to its last. No address and no text of the server, which often repeats
one, gets into an error.
"""

import re
import smtplib
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn

from core import clock
from core.config import Config
from core.errors import AccountRefused, AddressRefused, InDoubt, Permanent, Retryable
from integrations.mime import address, build
from integrations.roles import MailAccount, Message
from integrations.smtp.line import Line, MailServer

if TYPE_CHECKING:
    from core.dkim import Signer

_BROKEN = (smtplib.SMTPServerDisconnected, OSError)
_SIGN_IN_FAULTS = frozenset({530, 534, 535, 538})
_CLOSING = 421
# RFC 3463: no such mailbox or domain, moved, disabled. A policy (5.7) says nothing of the address.
_NO_SUCH_MAILBOX = re.compile(rb"^5\.(1\.(1|2|3|6|10)|2\.1)$")
_ENHANCED = re.compile(rb"^[245]\.\d{1,3}\.\d{1,3}\b")


class _LineLost(Exception):
    """The line broke before the message was begun; it surely did not go."""


class SmtpChannel:
    """One line per thread, kept open between messages."""

    key = "smtp"

    def __init__(self, config: Config, account: MailAccount | None = None) -> None:
        """By a merchant's own `account`, where one is given: her server signs."""
        self._server = MailServer.of_merchant(config, account) if account else MailServer.of(config)
        self._signer = None if account else _signer(config)
        self._lines: dict[threading.Thread, Line] = {}
        self._lock = threading.Lock()

    def send(self, message: Message, merchant_id: int) -> str:
        """The server's own name for the message, as it answered."""
        content = self._signed(build(message, clock.now()), message)
        sender, recipient = address(message.returns_to or message.sender_address), address(message.to)
        line = self._kept_line()
        if line is not None:
            try:
                return self._deliver(line, sender, recipient, content)
            except _LineLost:
                self._lose(line)
        line = self._new_line()
        try:
            return self._deliver(line, sender, recipient, content)
        except _LineLost:
            self._lose(line)
            raise Retryable("the mail server closed the line before the message was begun") from None

    def was_sent(self, key: str, merchant_id: int) -> bool | None:
        """A mail server can't be asked."""
        return None

    def close(self) -> None:
        """End all lines, when the worker ends."""
        with self._lock:
            lines = list(self._lines.values())
            self._lines.clear()
        for line in lines:
            line.close()

    def _signed(self, content: bytes, message: Message) -> bytes:
        if self._signer is None:
            return content
        return self._signer.signed(content, message.sender_address, clock.now())

    def _deliver(self, line: Line, sender: str, recipient: str, content: bytes) -> str:
        self._announce(line, sender, recipient, content)
        return self._hand_over(line, content)

    def _announce(self, line: Line, sender: str, recipient: str, content: bytes) -> None:
        """MAIL, RCPT and DATA; nothing of the message has gone yet."""
        smtp = line.smtp
        ask = _asked_at_once if smtp.has_extn("pipelining") else _asked_in_turn
        size = [f"size={len(content)}"] if smtp.has_extn("size") else []
        answers = ask(smtp, sender, size, recipient)
        try:
            for wanted, what in ((250, "the sender"), (250, "the recipient"), (354, "the message")):
                self._demand(line, next(answers), wanted, what)
        except (*_BROKEN, smtplib.SMTPResponseException):
            raise _LineLost from None

    def _hand_over(self, line: Line, content: bytes) -> str:
        """From here on a broken line means that nobody knows."""
        try:
            line.smtp.send(_with_dots_doubled(content))
            code, said = line.smtp.getreply()
        except (*_BROKEN, smtplib.SMTPResponseException):
            self._lose(line)
            raise InDoubt("the line broke before the mail server confirmed the message") from None
        if code != 250:
            self._judge(line, code, said)
        line.used()
        return said.decode("ascii", "replace")[:200]

    def _judge(self, line: Line, code: int, said: bytes) -> NoReturn:
        """An answer to the message that is no yes: a no, or nothing to go by."""
        if 400 <= code < 600:
            self._refuse(line, code, said, "the message")
        self._lose(line)
        raise InDoubt(f"the mail server's answer to the message is no answer: {code}")

    def _demand(self, line: Line, answer: tuple[int, bytes], wanted: int, what: str) -> None:
        code, said = answer
        if code == wanted or (wanted == 250 and _is_yes(answer)):
            return
        if code == _CLOSING and line.messages:
            raise _LineLost
        self._refuse(line, code, said, what)

    def _refuse(self, line: Line, code: int, said: bytes, what: str) -> NoReturn:
        """The line stays of use unless the server is closing it. A refused
        sender or sign-in is the operator's or the merchant's to mend, not the message's fault."""
        self._reset(line, code)
        detail = _ENHANCED.match(said)
        why = f"the mail server refused {what}: {code}{f' {detail[0].decode()}' if detail else ''}"
        ours = code in _SIGN_IN_FAULTS or what == "the sender"
        if 500 <= code < 600 and ours and self._server.guard:
            raise AccountRefused(why)
        if 500 <= code < 600 and not ours:
            is_none = detail and what == "the recipient" and _NO_SUCH_MAILBOX.match(detail[0])
            raise AddressRefused(why) if is_none else Permanent(why)
        raise Retryable(why)

    def _reset(self, line: Line, code: int) -> None:
        try:
            stays = code != _CLOSING and line.smtp.rset()[0] == 250
        except (smtplib.SMTPException, OSError):
            stays = False
        if not stays:
            self._lose(line)

    def _kept_line(self) -> Line | None:
        with self._lock:
            line = self._lines.get(threading.current_thread())
        if line is None or line.is_fresh():
            return line
        self._forget(line)
        line.close()
        return None

    def _new_line(self) -> Line:
        line = Line.open(self._server)
        with self._lock:
            orphans = [self._lines.pop(thread) for thread in list(self._lines) if not thread.is_alive()]
            self._lines[threading.current_thread()] = line
        for orphan in orphans:
            orphan.close()
        return line

    def _lose(self, line: Line) -> None:
        self._forget(line)
        line.drop()

    def _forget(self, line: Line) -> None:
        with self._lock:
            self._lines = {thread: kept for thread, kept in self._lines.items() if kept is not line}


def _signer(config: Config) -> "Signer | None":
    if not (config.dkim_domain and config.dkim_selector and config.dkim_private_key):
        return None
    # Whoever signs nothing need not hold what signs.
    from core.dkim import Signer

    return Signer.of(config.dkim_domain, config.dkim_selector, config.dkim_private_key)


Answers = Iterator[tuple[int, bytes]]


def _asked_in_turn(smtp: smtplib.SMTP, sender: str, size: list[str], recipient: str) -> Answers:
    yield smtp.mail(sender, size)
    yield smtp.rcpt(recipient)
    yield smtp.docmd("DATA")


def _asked_at_once(smtp: smtplib.SMTP, sender: str, size: list[str], recipient: str) -> Answers:
    """RFC 2920: the three wait for one answer's journey instead of three. A
    server that takes the text although it refused the recipient gets an empty
    one, which ends the matter: it is for nobody."""
    mail = " ".join([f"MAIL FROM:{smtplib.quoteaddr(sender)}", *size])
    smtp.send(f"{mail}\r\nRCPT TO:{smtplib.quoteaddr(recipient)}\r\nDATA\r\n")
    first = smtp.getreply()
    second = _reply_or_end(smtp)
    third = _reply_or_end(smtp) if second != _ENDED else _ENDED
    if third[0] == 354 and not _is_yes(second):
        smtp.send(b".\r\n")
        _reply_or_end(smtp)
    elif third[0] == 354 and not _is_yes(first):
        # It has a recipient after all: an empty mail must not go to anybody.
        smtp.close()
    yield first
    for answer in (second, third):
        if answer == _ENDED:
            raise smtplib.SMTPServerDisconnected
        yield answer


_ENDED = (-1, b"")


def _reply_or_end(smtp: smtplib.SMTP) -> tuple[int, bytes]:
    """A server that says no to the first may hang up before the others."""
    try:
        return smtp.getreply()
    except _BROKEN:
        return _ENDED


def _is_yes(answer: tuple[int, bytes]) -> bool:
    return answer[0] in (250, 251)


def _with_dots_doubled(content: bytes) -> bytes:
    """A line of a single dot ends the message, so a leading dot is doubled.
    The message ends in CRLF already."""
    dotted = content.replace(b"\r\n.", b"\r\n..")
    return (b"." + dotted if dotted.startswith(b".") else dotted) + b".\r\n"
