"""Mail that comes back: where there is no mailbox nobody writes again; a full one gets its chances."""

from pathlib import Path

import pytest
from sqlalchemy import delete

from core.db import reading
from core.errors import AddressRefused
from core.models.tables import bounces as table
from core.models.tables import effects, people, suppressions
from engine import bounces, return_addresses
from engine.dossier import dossier
from tests.engine.stories import Postbox, steps, with_postbox
from tests.support.kontor import Kontor

PAYLOADS = Path(__file__).parent.parent / "payloads/bounces"
OURS = {"BOUNCE_ADDRESS": "bounces@mail.kontor.example", "BOUNCE_SECRET": "x" * 24}


@pytest.fixture
def postbox(kontor: Kontor) -> Postbox:
    """The operator takes returned mail; the first reminder has gone."""
    config = kontor.machine.config
    object.__setattr__(config, "bounce_address", OURS["BOUNCE_ADDRESS"])
    object.__setattr__(config, "bounce_secret", OURS["BOUNCE_SECRET"])
    found = with_postbox(kontor)
    kontor.leave_cart()
    kontor.forward(hours=1, minutes=5)
    assert len(found.sent) == 1
    return found


def returned(name: str, to: str | None) -> bytes:
    recorded = (PAYLOADS / f"{name}.eml").read_bytes()
    return recorded.replace(b"RETURN_ADDRESS", (to or "nobody@x.example").encode())


def suppressed(kontor: Kontor) -> list[str]:
    return [row.reason for row in kontor.rows(suppressions)]


def test_each_message_has_a_return_address_of_its_own_that_nobody_else_can_make(
    kontor: Kontor, postbox: Postbox
) -> None:
    address = postbox.sent[0].returns_to
    assert address is not None
    assert address.startswith(f"bounces+{kontor.merchant_id}-")
    assert len(address.partition("@")[0]) <= 64, "longer, and mail servers refuse it"
    sent = return_addresses.opened(kontor.machine.config, address)
    assert sent is not None
    assert sent.effect_id == int(kontor.rows(effects, effects.c.state == "done")[0].id)
    assert return_addresses.opened(kontor.machine.config, address.upper()) == sent
    for forged in (address.replace("-", "-1", 1), "bounces@mail.kontor.example", "é+1-2-3-é@x", ""):
        assert return_addresses.opened(kontor.machine.config, forged) is None


def test_where_the_operator_takes_nothing_back_it_goes_out_as_before(kontor: Kontor) -> None:
    assert return_addresses.returns_to(kontor.machine.config, return_addresses.Sent(1, 2, 3)) is None


def test_an_address_that_is_none_is_not_written_to_again(kontor: Kontor, postbox: Postbox) -> None:
    raw = returned("no_such_mailbox", postbox.sent[0].returns_to)
    assert bounces.hear(kontor.machine, raw) == "kept"
    assert bounces.hear(kontor.machine, raw) == "known"
    assert suppressed(kontor) == ["bounced"]
    kontor.forward(days=3)
    assert len(postbox.sent) == 1
    assert [reason for _, state, reason in steps(kontor) if state == "skipped"] == ["bounced"]


def test_a_full_mailbox_is_written_to_until_the_third_time(kontor: Kontor, postbox: Postbox) -> None:
    raw = returned("mailbox_full", postbox.sent[0].returns_to)
    assert bounces.hear(kontor.machine, raw) == "kept"
    assert bounces.hear(kontor.machine, raw) == "known", "the same return told twice is one"
    assert suppressed(kontor) == []
    kontor.forward(days=2)
    assert len(postbox.sent) == 2
    for message in postbox.sent[1:]:
        bounces.hear(kontor.machine, returned("mailbox_full", message.returns_to))
    assert suppressed(kontor) == []
    kontor.leave_cart("anna@example.com")
    kontor.forward(days=20)
    kontor.leave_cart("anna@example.com")
    kontor.forward(days=2)
    assert len(postbox.sent) > 2
    bounces.hear(kontor.machine, returned("mailbox_full", postbox.sent[-1].returns_to))
    assert suppressed(kontor) == ["bounced"]


def test_an_answer_from_somebody_on_holiday_is_no_returned_mail(kontor: Kontor, postbox: Postbox) -> None:
    assert bounces.hear(kontor.machine, returned("on_holiday", postbox.sent[0].returns_to)) == "no_bounce"
    assert suppressed(kontor) == []


@pytest.mark.parametrize(
    "junk", [b"", b"\0\xff" * 2000, b"To: \n\n", b"Content-Type: multipart/report\n\n--"]
)
def test_junk_does_no_harm(kontor: Kontor, postbox: Postbox, junk: bytes) -> None:
    assert bounces.hear(kontor.machine, junk) == "no_bounce"


def test_nobody_can_have_another_address_silenced(kontor: Kontor, postbox: Postbox) -> None:
    """What stands in the mail counts for nothing: the return address names the message."""
    assert bounces.hear(kontor.machine, returned("no_such_mailbox", None)) == "stranger"
    kontor.leave_cart("ben@example.com")
    raw = returned("no_such_mailbox", postbox.sent[0].returns_to).replace(b"anna@", b"ben@")
    assert bounces.hear(kontor.machine, raw) == "kept"
    kontor.forward(hours=2)
    assert postbox.sent[-1].to == "ben@example.com"


def test_what_the_mail_server_knows_at_once_counts_the_same(kontor: Kontor, postbox: Postbox) -> None:
    postbox.failing = AddressRefused("the mail server refused the recipient: 550 5.1.1")
    kontor.forward(days=2)
    assert steps(kontor)[1] == (2, "failed", "bounced")
    assert [row.kind for row in kontor.rows(table)] == ["permanent"]
    assert suppressed(kontor) == ["bounced"]


def test_returned_mail_of_somebody_who_was_erased_finds_nobody(kontor: Kontor, postbox: Postbox) -> None:
    address = postbox.sent[0].returns_to
    kontor.write(delete(people))
    assert bounces.hear(kontor.machine, returned("no_such_mailbox", address)) == "stranger"


def test_erased_counts_for_more_than_returned(kontor: Kontor, postbox: Postbox) -> None:
    bounces.hear(kontor.machine, returned("no_such_mailbox", postbox.sent[0].returns_to))
    kontor.hear(kontor.store.ask_for_erasure("anna@example.com"))
    assert set(suppressed(kontor)) == {"erased"}


def test_whoever_asks_what_is_known_is_told_what_came_back(kontor: Kontor, postbox: Postbox) -> None:
    bounces.hear(kontor.machine, returned("mailbox_full", postbox.sent[0].returns_to))
    bounces.hear(kontor.machine, returned("complaint", postbox.sent[0].returns_to))
    person_id = kontor.rows(people)[0].id
    with reading(kontor.machine.db) as session:
        told = dossier(kontor.machine, session, kontor.merchant_id, person_id)
    (message, *_) = told["messages"]
    assert [one["what"] for one in message["returned"]] == [
        "It came back for now.",
        "The person reported it as unwanted.",
    ]
    assert ("opted_out", "complaint") in [(act["state"], act["text"]) for act in told["consents"]]


def test_who_is_erased_leaves_no_trace_of_what_came_back(kontor: Kontor, postbox: Postbox) -> None:
    bounces.hear(kontor.machine, returned("mailbox_full", postbox.sent[0].returns_to))
    kontor.leave_cart("ben@example.com")
    kontor.forward(hours=2)
    bounces.hear(kontor.machine, returned("mailbox_full", postbox.sent[-1].returns_to))
    kontor.hear(kontor.store.ask_for_erasure("anna@example.com"))
    bens = kontor.rows(effects, effects.c.state == "done")[-1]
    assert [row.effect_id for row in kontor.rows(table)] == [bens.id]
