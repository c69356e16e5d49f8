"""What goes out directly is signed, so that a receiver who knows nothing of us finds it unaltered."""

from collections.abc import Iterator

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from core.config import ConfigError, read_config
from core.dkim import Signer
from integrations.smtp.channel import SmtpChannel
from tests.fakes.smtp import FakeMailServer
from tests.integrations.smtp.test_channel import letter

DOMAIN, SELECTOR = "kontor.test", "k1"


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    encoding, kind = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, kind, serialization.NoEncryption()).decode()


SHORT = pem(rsa.generate_private_key(65537, 1024))  # noqa: S505 - It is to be refused.


@pytest.fixture(scope="module")
def key() -> str:
    return pem(rsa.generate_private_key(65537, 2048))


@pytest.fixture
def server() -> Iterator[FakeMailServer]:
    with FakeMailServer() as running:
        yield running


def settings(key: str, **other: str) -> dict[str, str]:
    told = {"DKIM_DOMAIN": DOMAIN, "DKIM_SELECTOR": SELECTOR, "DKIM_PRIVATE_KEY": key}
    return {"MAIL_FROM": f"post@{DOMAIN}"} | told | other


def verified(content: bytes, key: str, domain: str = DOMAIN) -> bool:
    """As a receiver does it: with the record of the domain and nothing of ours."""
    records = {f"{SELECTOR}._domainkey.{domain}.": f"v=DKIM1; k=rsa; p={Signer.of('x', 'x', key).public_key}"}

    def look_up(name: bytes | str, timeout: int = 5) -> bytes | None:
        asked = name.decode() if isinstance(name, bytes) else name
        return records[asked].encode() if asked in records else None

    return bool(dkim.verify(content, dnsfunc=look_up))


@pytest.mark.parametrize(
    "text", ["Hello\n", ".\n..\n.three\n", "tail   \n\n\n\n", "\ttabs\t and   blanks\n", "", "Grüße " * 200]
)
def test_a_receiver_finds_the_signature_right(server: FakeMailServer, key: str, text: str) -> None:
    channel = SmtpChannel(read_config(settings(key, SMTP_URL=server.url)))
    channel.send(letter(text=text), 1)
    channel.close()
    (accepted,) = server.accepted
    assert verified(accepted.content, key)
    assert (
        str(accepted.mail["DKIM-Signature"]).replace(" ", "").startswith("v=1;a=rsa-sha256;c=relaxed/relaxed")
    )
    assert max(len(line) for line in accepted.content.split(b"\r\n")) <= 998


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"Subject: Ihr Warenkorb", b"Subject: Gewonnen!"),
        (b"Hello", b"Hallo"),
        (b"From:", b"From: evil@evil.test\r\nFrom:"),
        (b"To: anna@", b"To: eve@"),
    ],
)
def test_whoever_alters_the_mail_breaks_it(
    server: FakeMailServer, key: str, before: bytes, after: bytes
) -> None:
    channel = SmtpChannel(read_config(settings(key, SMTP_URL=server.url)))
    channel.send(letter(), 1)
    channel.close()
    content = server.accepted[0].content
    assert before in content
    assert not verified(content.replace(before, after, 1), key)


def test_mail_from_a_merchants_own_domain_is_signed_in_its_name(key: str) -> None:
    signer = Signer.of(DOMAIN, SELECTOR, key)
    assert signer.signs_for(f"post@mail.{DOMAIN}") == DOMAIN
    assert signer.signs_for("hello@beans.example") == "beans.example"
    assert signer.signs_for(f"post@not{DOMAIN}") == f"not{DOMAIN}"


def test_without_a_key_nothing_is_signed(server: FakeMailServer) -> None:
    channel = SmtpChannel(read_config({"SMTP_URL": server.url}))
    channel.send(letter(), 1)
    channel.close()
    assert server.accepted[0].mail["DKIM-Signature"] is None


def test_a_key_on_one_line_is_the_same_key(key: str) -> None:
    one_line = key.replace("\n", "\\n")
    assert Signer.of("x", "x", one_line).public_key == Signer.of("x", "x", key).public_key
    assert "PRIVATE" not in repr(read_config(settings(one_line)))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"DKIM_SELECTOR": ""}, "belong together"),
        ({"DKIM_PRIVATE_KEY": "no key"}, "DKIM_PRIVATE_KEY is malformed"),
        ({"DKIM_PRIVATE_KEY": SHORT}, "2048 bits"),
        ({"DKIM_PRIVATE_KEY": pem(ec.generate_private_key(ec.SECP256R1()))}, "an RSA key"),
        ({"MAIL_FROM": "post@elsewhere.test"}, "DKIM_DOMAIN is not MAIL_FROM's"),
    ],
)
def test_what_can_not_sign_ends_the_start(key: str, wrong: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        read_config(settings(key) | wrong)
