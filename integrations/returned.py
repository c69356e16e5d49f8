"""Mail that came back: to which of our addresses, and whether for good.

What mail servers say of it (RFC 3464, and whatever else they write) flufl.bounce knows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message
from email.utils import getaddresses
from typing import Literal

import structlog

log = structlog.get_logger()
Kind = Literal["permanent", "passing"]
# Where the server that took it in says to whom it came.
TO = ("X-Original-To", "Delivered-To", "Envelope-To", "X-Envelope-To", "To")
MOST_ADDRESSES = 20


@dataclass(frozen=True, slots=True)
class Returned:
    """`to` are the addresses it came back to; `kind` is None for what is no
    returned mail, as an answer from somebody on holiday."""

    to: Sequence[str]
    kind: Kind | None


def read(raw: bytes) -> Returned:
    """Whatever the bytes are; nothing in them is trusted but what we signed."""
    mail = message_from_bytes(raw, policy=policy.compat32)
    return Returned(_to(mail), _kind(mail))


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
    told = [str(value) for name in TO for value in mail.get_all(name, [])[:MOST_ADDRESSES]]
    return [address for _, address in getaddresses(told)[:MOST_ADDRESSES] if address]
