"""Her own mail server: entered on a page that never shows the password, proven by the code in a mail."""

import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from core.models import Merchant
from engine.machine import Machine
from tests.fakes.smtp import FakeMailServer
from tests.integrations.smtp.certificate import make_certificate
from tests.web.browsing import Visitor
from tests.web.conftest import MakeApp
from tests.web.test_overview import told

HOST, SECRET = "smtp.beans.example", "a secret of hers"
RIGHT: dict[str, Any] = {"host": HOST, "port": "587", "user": "beans", "password": SECRET}
RIGHT["sender"] = "hello@beans.example"
TRY = "Try it with a mail to myself"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FakeMailServer]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*make_certificate(tmp_path, HOST))
    with FakeMailServer(tls=context, login=("beans", SECRET)) as running:
        yield running


@pytest.fixture
def app(make_app: MakeApp, server: FakeMailServer, tmp_path: Path) -> Iterator[Flask]:
    made = make_app(
        ALLOW_PRIVATE_SHOPS="1",
        EXTRA_CA_FILE=f"{tmp_path}/certificate.pem",
        DEVELOPMENT_HOSTS=f"{HOST}=127.0.0.1:{server.port}",
    )
    yield made
    machine: Machine = made.extensions["kontor"]
    kept = getattr(machine.accounts._kept, "line", None)  # type: ignore[union-attr]
    if kept is not None:
        kept[1].close()


@pytest.fixture
def page(merchant: Merchant) -> str:
    return f"/m/{merchant.key}/mail-server?lang=en"


def test_entered_tried_and_taken_out(
    visitor: Visitor, server: FakeMailServer, merchant: Merchant, page: str
) -> None:
    visitor.open(page).press(TRY, **RIGHT)
    assert "Your server has taken a mail to hello@beans.example." in visitor.text
    assert "Not in use yet" in visitor.text
    code = re.search(r"\d{6}", server.accepted[-1].mail["Subject"])
    assert code is not None
    visitor.press("Confirm", code=code[0])
    assert "From now on your mails go out by your own server." in visitor.text
    assert SECRET not in visitor.text
    assert f"Your mails go out by {HOST}" in told(visitor, f"/m/{merchant.key}/sender?lang=en")
    assert "hello@beans.example" in told(visitor, f"/m/{merchant.key}/settings?lang=en")
    visitor.open(page).press("Take the account out")
    assert "its password is forgotten" in visitor.text
    assert HOST not in told(visitor, page)


def test_a_wrong_password_is_said_and_not_written_back(visitor: Visitor, page: str) -> None:
    visitor.open(page).press(TRY, **RIGHT | {"password": "wrong one"})
    assert "The server refuses this user name, password or sender address." in visitor.text
    assert "wrong one" not in visitor.text
    assert f'value="{HOST}"' in visitor.text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"host": "http://smtp.x"}, "This is no name of a server"),
        ({"host": ""}, "This is no name of a server"),
        ({"port": "25"}, "Choose one of the ports."),
        ({"user": ""}, "Enter the user name"),
        ({"password": ""}, "Enter the password"),
        ({"user": "x\r\ny"}, "Enter the user name"),
        ({"user": "müller"}, "Letters with accents are not possible here"),
        ({"password": "Kaffee für alle"}, "Letters with accents are not possible here"),
        ({"sender": "nobody"}, "This is no e-mail address."),
    ],
)
def test_what_is_not_right_is_said_beside_its_field(
    visitor: Visitor, server: FakeMailServer, page: str, wrong: dict[str, str], said: str
) -> None:
    visitor.open(page).press(TRY, **RIGHT | wrong)
    assert said in visitor.text
    assert server.connections == 0


def test_in_german(visitor: Visitor, merchant: Merchant) -> None:
    page = told(visitor, f"/m/{merchant.key}/mail-server?lang=de")
    assert "Ihre Mails können über Ihr eigenes Konto bei einem Mailanbieter hinausgehen" in page


def test_in_a_hosted_sandbox_there_is_no_such_page(
    app: Flask, visitor: Visitor, machine: Machine, page: str
) -> None:
    object.__setattr__(machine, "own_channels", {"sandbox": machine.channel})
    assert visitor.client.get(page).status_code == 404
