"""What Shopify tells of people and of what they allowed."""

from datetime import UTC, datetime

import pytest

from core.events import ConsentChanged, Contact, LookUp, PersonChanged
from tests.integrations.shopify.reading import read

NEW_YEAR = datetime(2022, 1, 1, tzinfo=UTC)
BOB = "706405506930370084"


@pytest.mark.parametrize("name", ["customers_create", "customers_update"])
def test_a_customer_is_told_but_not_proven(name: str) -> None:
    contact = Contact(email="bob@biller.com", customer_ref=BOB, first_name="Bob", country="CA")
    assert read(name) == [PersonChanged(contact, NEW_YEAR, proven=False)]


def test_a_deleted_customer_is_looked_up() -> None:
    assert read("customers_delete") == [LookUp("customer", BOB)]


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("subscribed", "opted_in"),
        ("unsubscribed", "opted_out"),
        ("pending", "pending"),
        ("PENDING", "pending"),
    ],
)
def test_an_act_of_consent_counts_from_its_own_moment(word: str, state: str) -> None:
    consent = {"state": word, "opt_in_level": None, "consent_updated_at": "2021-12-31T19:00:00-05:00"}
    (event,) = read("customers_email_marketing_consent_update", email_marketing_consent=consent)
    assert isinstance(event, ConsentChanged)
    assert event.contact == Contact(email="bob@biller.com", customer_ref=BOB)
    assert (event.channel, event.state, event.at, event.proven) == ("email", state, NEW_YEAR, False)


@pytest.mark.parametrize("word", ["not_subscribed", "redacted", "invalid", "a new word", None])
def test_a_state_that_is_no_act_says_nothing(word: str | None) -> None:
    consent = {"state": word, "consent_updated_at": "2021-12-31T19:00:00-05:00"}
    assert read("customers_email_marketing_consent_update", email_marketing_consent=consent) == []


def test_the_recorded_states_are_no_acts() -> None:
    assert read("customers_email_marketing_consent_update") == []
    assert read("customers_marketing_consent_update") == []


def test_a_refusal_whose_time_or_address_is_withheld_is_asked_for_and_not_lost() -> None:
    timeless = {"state": "unsubscribed", "consent_updated_at": None}
    timed = {"state": "unsubscribed", "consent_updated_at": "2022-01-01T00:00:00Z"}
    name = "customers_email_marketing_consent_update"
    assert read(name, email_marketing_consent=timeless) == [LookUp("customer", BOB)]
    assert read(name, email_marketing_consent=timed, email_address=None) == [LookUp("customer", BOB)]


def test_text_messages_have_a_consent_of_their_own() -> None:
    consent = {"state": "subscribed", "consent_updated_at": "2022-01-01T00:00:00Z"}
    (event,) = read("customers_marketing_consent_update", phone="+15550001", sms_marketing_consent=consent)
    assert isinstance(event, ConsentChanged)
    assert (event.channel, event.state, event.contact.phone) == ("sms", "opted_in", "+15550001")
