"""The address to which the operator's mail server posts what came back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.doorstep import Doorstep, doorstep

SECRET = "a-secret-of-more-than-24-letters"
MAIL = (Path(__file__).parent.parent / "payloads/bounces/no_such_mailbox.eml").read_bytes()


@pytest.fixture
def door(tmp_path: Path, sqlite_url: str) -> Iterator[Doorstep]:
    given = {"BOUNCE_ADDRESS": "bounces@mail.kontor.example", "BOUNCE_SECRET": SECRET}
    with doorstep(tmp_path, sqlite_url, **given) as found:
        yield found


def posted(door: Doorstep, secret: str, body: bytes) -> tuple[int, str]:
    answer = door.app.test_client().post(f"/mail/bounces/{secret}", data=body, content_type="message/rfc822")
    return answer.status_code, answer.text.strip()


def test_whoever_knows_the_address_may_post_and_hears_what_became_of_it(door: Doorstep) -> None:
    assert posted(door, SECRET, MAIL) == (200, "stranger")
    assert posted(door, SECRET, b"\0junk") == (200, "no_bounce")


def test_what_is_folded_a_thousandfold_need_not_come_again(door: Doorstep) -> None:
    parts = (b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (n, n) for n in range(3000))
    assert posted(door, SECRET, b"".join(parts)) == (200, "no_bounce")


@pytest.mark.parametrize("secret", ["", "wrong", SECRET[:-1], f"{SECRET}x", "%C3%A9"])
def test_nobody_else_gets_in(door: Doorstep, secret: str) -> None:
    assert posted(door, secret, MAIL)[0] == 404


def test_what_is_too_large_is_refused(door: Doorstep) -> None:
    assert posted(door, SECRET, b"x" * (600 * 1024))[0] == 413


def test_where_no_secret_is_set_there_is_no_such_address(tmp_path: Path, sqlite_url: str) -> None:
    with doorstep(tmp_path, sqlite_url) as door:
        assert posted(door, SECRET, MAIL)[0] == 404
