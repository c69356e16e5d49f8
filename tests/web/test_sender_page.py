"""From which address her mails go out: the page leads from a code to the records and says what is missing."""

import re
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask
from sqlalchemy import update

from core import clock
from core.db import transaction
from core.models import Merchant
from core.models.tables import sender_addresses
from engine import sender_records
from engine.machine import Machine
from integrations.mailbox import channel
from tests.fakes.dns import FakeNames
from tests.integrations.smtp.test_dkim import pem
from tests.web.browsing import Visitor
from tests.web.conftest import MakeApp
from tests.web.test_overview import told


@pytest.fixture
def names() -> Iterator[FakeNames]:
    with FakeNames() as running:
        yield running


@pytest.fixture
def app(make_app: MakeApp, names: FakeNames) -> Flask:
    """An operator who signs and says what to include."""
    return make_app(
        MAIL_FROM="post@kontor.example",
        DKIM_DOMAIN="kontor.example",
        DKIM_SELECTOR="k1",
        DKIM_PRIVATE_KEY=pem(rsa.generate_private_key(65537, 2048)),
        SPF_INCLUDE="spf.kontor.example",
        DNS_SERVERS=names.place,
    )


@pytest.fixture
def page(merchant: Merchant) -> str:
    return f"/m/{merchant.key}/sender?lang=en"


def code_of(machine: Machine, merchant: Merchant) -> str:
    newest = channel.listing(machine.runtime, merchant.id)[0]
    found = re.match(r"\d{6}", newest.subject)
    assert found is not None
    return found[0]


def test_from_a_code_to_the_records_to_her_own_address(
    visitor: Visitor, machine: Machine, merchant: Merchant, names: FakeNames, page: str
) -> None:
    assert "The operator's address Your mails come from:" in told(visitor, page)
    visitor.press("Send the code", address="hello@beans.example")
    assert "A code is on its way to hello@beans.example" in visitor.text
    visitor.press("Confirm", code="12")
    assert "This is not the code" in visitor.text
    visitor.press("Confirm", code=code_of(machine, merchant))
    shown = told(visitor, page)
    assert "Not everything is found yet" in visitor.text or "missing" in shown
    assert shown.count("missing") == 3
    assert "v=spf1 include:spf.kontor.example ~all" in shown
    assert "k1._domainkey.beans.example" in shown
    for record in sender_records.look_up(machine.config, "beans.example"):
        names.put(record.name, record.value)
    with transaction(machine.db) as db:
        db.execute(update(sender_addresses).values(looked_at=clock.now().replace(year=2020)))
    visitor.press("Look again")
    assert "All is found. From now on your mails go out from your own address." in visitor.text
    assert "hello@beans.example" in told(visitor, f"/m/{merchant.key}/settings?lang=en")
    visitor.open(page).press("Write from the operator's address again")
    assert "From now on your mails go out from the operator&#39;s address." in visitor.text


def test_in_german_too(visitor: Visitor, merchant: Merchant) -> None:
    shown = told(visitor, f"/m/{merchant.key}/sender?lang=de")
    assert "Adresse des Betreibers Ihre Mails kommen von:" in shown
    visitor.press("Code senden", address="hallo@bohnen.example")
    assert "Ein Code ist unterwegs an hallo@bohnen.example." in visitor.text


@pytest.mark.parametrize("typed", ["", "no address", "x@y", "x@y z.example", "x@" + "a" * 300 + ".example"])
def test_what_is_no_address_is_refused(visitor: Visitor, page: str, typed: str) -> None:
    visitor.open(page).press("Send the code", address=typed)
    assert "This is no e-mail address." in visitor.text


def test_the_operators_own_domain_is_refused(visitor: Visitor, page: str) -> None:
    visitor.open(page).press("Send the code", address="boss@kontor.example")
    assert "Nobody but the operator writes from this domain." in visitor.text


def test_where_the_operator_signs_nothing_it_is_not_offered(make_app: MakeApp) -> None:
    visitor = Visitor(make_app().test_client()).open("/sandbox?lang=en")
    found = re.search(r'href="(/m/[^/"]+)/settings', visitor.text)
    assert found is not None
    assert "This Kontor is not set up for addresses of your own" in told(
        visitor, f"{found[1]}/sender?lang=en"
    )
    assert not visitor.sees_button("Send the code")
