"""A message as the bytes mail servers take, for every channel that sends mail.

The standard library's policies take more than a millisecond for a message, so
header lines are written directly: every value is checked for line breaks and
encoded by RFC 2047 where it is not plain ASCII. Parts go through C codecs.
"""

import base64
import binascii
import re
from datetime import datetime
from email.utils import format_datetime

from core.errors import Permanent
from integrations.roles import Message

_BOUNDARY = "=_kontor_alternative"  # "=_" occurs in no quoted-printable text.
_LINE = 76
_LONGEST_WORD = 400
_WORD_BYTES = 45
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\x80-\x9f\u2028\u2029]")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_PLAIN = re.compile(r"[!-~]+( [!-~]+)*")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+( [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
_MESSAGE_ID = re.compile(r"<[!-;=?A-~]+@[!-;=?A-~]+>")


def build(message: Message, now: datetime) -> bytes:
    """The whole message: multipart/alternative, text before HTML, CRLF.

    Raises Permanent where a value would break out of its header line or an
    address can't be written to.
    """
    head = "\r\n".join(_headers(message, now))
    parts = (_part("plain", message.text), _part("html", message.html))
    body = b"".join(b"--%b\r\n%b\r\n" % (_BOUNDARY.encode(), part) for part in parts)
    return b"%b\r\n\r\n%b--%b--\r\n" % (head.encode("ascii"), body, _BOUNDARY.encode())


def address(text: str) -> str:
    """The address in ASCII, its domain in IDNA; raises Permanent for none."""
    local, at, domain = text.strip().rpartition("@")
    try:
        plain = f"{local}{at}{domain.encode('idna').decode()}" if domain else ""
    except UnicodeError as error:
        raise Permanent("the domain of the address is not one") from error
    if not _ADDRESS.fullmatch(plain) or len(plain) > 254:
        raise Permanent("the address is not one that mail servers take")
    return plain


def _headers(message: Message, now: datetime) -> list[str]:
    reply_to = [_mailbox("Reply-To", "", message.reply_to)] if message.reply_to else []
    return [
        _mailbox("From", message.sender_name, message.sender_address),
        _mailbox("To", "", message.to),
        *reply_to,
        header("Subject", message.subject),
        f"Date: {format_datetime(now)}",
        f"Message-ID: {_message_id(message.message_id)}",
        "Auto-Submitted: auto-generated",
        *(header(name, value) for name, value in message.headers.items()),
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative; boundary="{_BOUNDARY}"',
    ]


def header(name: str, value: str) -> str:
    """One header, folded; encoded where it is not plain ASCII."""
    if not _NAME.fullmatch(name):
        raise Permanent("a header has an impossible name")
    _refuse_line_breaks(name, value)
    if not value:
        return f"{name}:"
    if _PLAIN.fullmatch(value) and "=?" not in value and not _has_long_word(value):
        return _folded(f"{name}: {value}")
    return f"{name}: {_encoded(value, len(name) + 2)}"


def _mailbox(name: str, shown: str, written: str) -> str:
    _refuse_line_breaks(name, shown)
    where = address(written)
    if not shown.strip():
        return f"{name}: {where}"
    phrase = _phrase(shown.strip(), len(name) + 2)
    line = f"{name}: {phrase} <{where}>"
    return line if len(line.rsplit("\r\n", 1)[-1]) <= _LINE else f"{name}: {phrase}\r\n <{where}>"


def _phrase(shown: str, column: int) -> str:
    """A display name: bare, quoted or encoded, whatever is the least."""
    if not shown.isascii() or "=?" in shown or len(shown) > 60:
        return _encoded(shown, column)
    if _ATOMS.fullmatch(shown):
        return shown
    quoted = shown.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'


def _message_id(given: str) -> str:
    whole = given if given.startswith("<") else f"<{given}>"
    if not _MESSAGE_ID.fullmatch(whole):
        raise Permanent("the Message-ID is not one")
    return whole


def _refuse_line_breaks(name: str, value: str) -> None:
    if _UNSAFE.search(value):
        raise Permanent(f"the header {name} holds a line break or control character")


def _has_long_word(value: str) -> bool:
    return len(value) > _LONGEST_WORD and any(len(word) > _LONGEST_WORD for word in value.split(" "))


def _folded(line: str) -> str:
    """Broken at single blanks, so that no line but a long word's is over 76."""
    lines, rest, start = [], line, line.index(":") + 2
    while len(rest) > _LINE:
        cut = rest.rfind(" ", start, _LINE + 1)
        cut = rest.find(" ", max(start, _LINE)) if cut < 0 else cut
        if cut < 0:
            break
        lines.append(rest[:cut])
        rest, start = rest[cut:], 1
    return "\r\n".join([*lines, rest])


def _encoded(value: str, column: int) -> str:
    """RFC 2047 words of at most 75 characters, cut between characters."""
    words, piece, room = [], b"", max(4, (_LINE - column - 12) // 4 * 3)
    for character in value.encode("utf-8", "replace").decode():
        encoded = character.encode()
        if len(piece) + len(encoded) > room:
            words.append(piece)
            piece, room = b"", _WORD_BYTES
        piece += encoded
    words.append(piece)
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(word).decode()}?=" for word in words)


def _part(subtype: str, text: str) -> bytes:
    """The codec ends its soft line breaks as it finds the first hard one ended:
    there is always one, in CRLF."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n") + "\n"
    lines = unified.replace("\n", "\r\n")
    body = binascii.b2a_qp(lines.encode("utf-8", "replace"), istext=True)
    head = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable'
    return b"%b\r\n\r\n%b" % (head.encode(), body)
