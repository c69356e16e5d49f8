"""Mail that came back: to which of our addresses, and whether for good; and complaints.

What mail servers say of it (RFC 3464, and whatever else they write) flufl.bounce knows.
A complaint is what mailbox providers send when somebody presses "spam" (RFC 5965).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message
from email.utils import getaddresses
from typing import Literal

import structlog

log = structlog.get_logger()
Kind = Literal["permanent", "passing", "complaint"]
# Where the server that took it in says to whom it came.
TO = ("X-Original-To", "Delivered-To", "Envelope-To", "X-Envelope-To", "To")
# The same of a message that somebody complains about: its envelope's sender.
ORIGINALLY_FROM = ("Original-Mail-From", "Return-Path")
MOST_ADDRESSES = 20
# "not-spam" takes back, "auth-failure" tells of signatures.
COMPLAINTS = frozenset({"abuse", "fraud", "virus", "opt-out", "other"})


@dataclass(frozen=True, slots=True)
class Returned:
    """`to` are the addresses it came back to; `kind` is None for what is no
    returned mail, as an answer from somebody on holiday."""

    to: Sequence[str]
    kind: Kind | None


def read(raw: bytes) -> Returned:
    """Whatever the bytes are; nothing in them is trusted but what we signed."""
    try:
        return _read(message_from_bytes(raw, policy=policy.compat32))
    except RecursionError:
        # Parts within parts, a thousandfold: nobody's mail server writes so.
        return Returned((), None)


def _read(mail: Message) -> Returned:
    if mail.get_param("report-type") == "feedback-report":
        return _complaint(mail)
    return Returned(_to(mail), _kind(mail))


def _complaint(mail: Message) -> Returned:
    """It goes to the operator; to whom the message would have come back is told
    by the report, and by the message itself, of which a copy is enclosed."""
    report = _enclosed(mail, "message/feedback-report")
    copy = _enclosed(mail, "message/rfc822") or _enclosed(mail, "text/rfc822-headers")
    told = [value for part in (report, copy) if part for value in _all(part, ORIGINALLY_FROM)]
    kind = str(report.get("Feedback-Type", "")).strip().lower() if report else ""
    return Returned(_addresses(told), "complaint" if kind in COMPLAINTS else None)


def _enclosed(mail: Message, kind: str) -> Message | None:
    """The headers of what is enclosed as a part of this kind."""
    for part in mail.walk():
        if part.get_content_type() == kind:
            held = part.get_payload()
            if isinstance(held, list):
                return held[0] if held and isinstance(held[0], Message) else None
            return message_from_bytes(part.get_payload(decode=True) or b"", policy=policy.compat32)  # type: ignore[arg-type] # A part that is no list is bytes once decoded.
    return None


def _kind(mail: Message) -> Kind | None:
    # It is loaded when the first mail comes back.
    from flufl.bounce import all_failures

    try:
        passing, permanent = all_failures(mail)
    except Exception:
        # It asks a dozen ways of writing a return, some of which stumble over what is no mail at all.
        log.warning("returned_mail_not_understood", exc_info=True)
        return None
    if permanent:
        return "permanent"
    return "passing" if passing else None


def _to(mail: Message) -> list[str]:
    return _addresses(_all(mail, TO))


def _all(mail: Message, names: Sequence[str]) -> list[str]:
    return [str(value) for name in names for value in mail.get_all(name, [])[:MOST_ADDRESSES]]


def _addresses(told: Sequence[str]) -> list[str]:
    return [address for _, address in getaddresses(told)[:MOST_ADDRESSES] if address]
