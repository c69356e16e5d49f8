"""A message written quickly must read the same as one written by the book."""

import email
import email.policy
import re
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Permanent
from integrations.mime import address, build
from integrations.roles import Message

NOW = datetime(2025, 11, 4, 9, 30, tzinfo=UTC)
WRITABLE = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=120)
BODIES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200)


def message(**changed: object) -> Message:
    fields: dict[str, object] = {
        "key": "effect-7",
        "message_id": "<effect-7@kontor.test>",
        "sender_name": "Haus & Hof Keramik",
        "sender_address": "post@kontor.test",
        "to": "anna@example.org",
        "subject": "Your cart",
        "html": "<p>Hello</p>",
        "text": "Hello",
    }
    return Message(**(fields | changed))  # type: ignore[arg-type]


def parsed(written: Message) -> EmailMessage:
    return email.message_from_bytes(build(written, NOW), policy=email.policy.default)


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def sender_of(raw: bytes) -> tuple[str, str]:
    """Read as RFC 2047 says; the newer parser leaves blanks between the encoded words of a name."""
    given = email.message_from_bytes(raw, policy=email.policy.compat32)["From"]
    name, where = parseaddr(re.sub(r"\r\n(?=[ ])", "", given))
    return str(make_header(decode_header(name))), where


def unified(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")


def test_every_header_a_shopper_and_her_mail_program_need_is_there() -> None:
    headers = {
        "List-Unsubscribe": "<https://kontor.test/u/abc>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    mail = parsed(message(reply_to="hallo@haus.example", headers=headers))

    assert mail["From"] == "Haus & Hof Keramik <post@kontor.test>"
    assert mail["To"] == "anna@example.org"
    assert mail["Reply-To"] == "hallo@haus.example"
    assert mail["Date"].datetime == NOW
    assert mail["Message-ID"] == "<effect-7@kontor.test>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] == "<https://kontor.test/u/abc>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize(
    "subject",
    [
        "Ihr Warenkorb wartet: Grüße aus Köln",
        "🫖 Tee für zwei 👨‍👩‍👧‍👦",
        "word " * 120 + "end",
        "ü" * 500,
        "x" * 2000,
        "=?utf-8?b?ZXZpbA==?=",
        "two  blanks and one at the end ",
        "x" * 380 + " y",
        "",
    ],
)
def test_a_subject_reads_as_it_was_written(subject: str) -> None:
    assert parsed(message(subject=subject))["Subject"] == subject


@pytest.mark.parametrize(
    "name", ["Müller & Söhne", 'The "Best" Shop, Inc. <x@y>', "a\\b", "Tee 🫖", "plain", "x" * 200, "=?x?="]
)
def test_a_shops_name_stands_before_its_address(name: str) -> None:
    assert sender_of(build(message(sender_name=name), NOW)) == (name, "post@kontor.test")


@settings(max_examples=60, deadline=None)
@given(subject=WRITABLE, name=WRITABLE, text=BODIES, html=BODIES)
def test_whatever_is_written_reads_the_same_and_fits_the_lines(
    subject: str, name: str, text: str, html: str
) -> None:
    written = message(subject=subject, sender_name=name, text=text, html=html)
    raw = build(written, NOW)
    mail = email.message_from_bytes(raw, policy=email.policy.default)

    assert mail["Subject"] == subject
    assert sender_of(raw) == (name.strip(), "post@kontor.test")
    assert unified(body(mail, "plain")) == unified(text)
    assert unified(body(mail, "html")) == unified(html)
    lines = raw.split(b"\r\n")
    assert all(b"\n" not in line and b"\r" not in line for line in lines)
    assert max(map(len, lines)) < 998
    assert all(len(word) <= 75 for line in lines for word in line.split() if word.startswith(b"=?"))
    assert mail.defects == []


def test_lines_of_the_usual_kind_stay_within_78() -> None:
    raw = build(message(subject="A rather long but plain subject " * 6, sender_name="Größe " * 20), NOW)
    assert max(map(len, raw.split(b"\r\n"))) <= 78


@pytest.mark.parametrize("bad", ["a\r\nBcc: eve@example.org", "a\nb", "a\rb", "a\0b", "a\u2028b", "\x85"])
@pytest.mark.parametrize(
    "field", ["subject", "sender_name", "sender_address", "to", "reply_to", "message_id"]
)
def test_nothing_breaks_out_of_its_header(field: str, bad: str) -> None:
    with pytest.raises(Permanent):
        build(message(**{field: bad}), NOW)


@pytest.mark.parametrize("name", ["Bcc: eve@example.org\r\nX", "", "Näme", "X Y", "X:"])
def test_a_header_with_an_impossible_name_is_refused(name: str) -> None:
    with pytest.raises(Permanent):
        build(message(headers={name: "value"}), NOW)


def test_a_line_break_in_an_extra_header_is_refused() -> None:
    with pytest.raises(Permanent):
        build(message(headers={"X-Shop": "a\r\nBcc: eve@example.org"}), NOW)


def test_half_a_pair_of_a_character_does_not_stop_the_mail() -> None:
    mail = parsed(message(subject="cup \ud83e", text="cup \ud83e"))
    assert mail["Subject"] == "cup ?"
    assert body(mail, "plain").strip() == "cup ?"


def test_a_domain_with_umlauts_is_written_in_idna() -> None:
    assert address("anna@töpferei.example") == "anna@xn--tpferei-90a.example"


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "anna",
        "@example.org",
        "anna@",
        "änna@example.org",
        "anna@example..org",
        "a b@example.org",
        "a@b@c.example",
        "<anna@example.org>",
        "anna@example.org, eve@example.org",
        "x" * 250 + "@example.org",
    ],
)
def test_what_is_no_address_is_refused(bad: str) -> None:
    with pytest.raises(Permanent):
        address(bad)
