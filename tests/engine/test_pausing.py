"""A flow whose mail comes back or is reported as unwanted pauses itself, and starts again by hand."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from core import clock
from core.db import reading
from core.errors import AddressRefused
from core.models.tables import bounces as returned_rows
from core.models.tables import consents, effects, flow_pauses, merchants, notices, settings_versions
from engine import awaiting, bounces, changes, deliverability, pauses
from integrations.roles import Message
from tests.engine.stories import CART_RECOVERY, Postbox, mode, save, step_settings, trips
from tests.engine.test_blast_guard import come
from tests.engine.test_bounces import OURS
from tests.engine.test_notices import MARA, Town, about, joins, tell
from tests.support.kontor import Kontor

PAYLOADS = Path(__file__).parent.parent / "payloads/bounces"
PEOPLE = 20


@pytest.fixture
def town(kontor_on_both: Kontor, monkeypatch: pytest.MonkeyPatch) -> Town:
    """Mara's shop has written to twenty people; of so many something can be said."""
    kontor = kontor_on_both
    monkeypatch.setattr(deliverability, "LEAST_SENT", PEOPLE)
    config = kontor.machine.config
    object.__setattr__(config, "bounce_address", OURS["BOUNCE_ADDRESS"])
    object.__setattr__(config, "bounce_secret", OURS["BOUNCE_SECRET"])
    town = Town()
    object.__setattr__(kontor.machine, "channel", town)
    joins(kontor, MARA)
    save(kontor, steps=step_settings(1)[:1])
    come(kontor, PEOPLE)
    kontor.forward(hours=2)
    assert len(town.sent) == PEOPLE
    return town


def come_back(kontor: Kontor, messages: list[Message], kind: str = "no_such_mailbox") -> list[str]:
    raw = (PAYLOADS / f"{kind}.eml").read_bytes()
    return [
        bounces.hear(kontor.machine, raw.replace(b"RETURN_ADDRESS", (one.returns_to or "").encode()))
        for one in messages
    ]


def how_it_runs(kontor: Kontor) -> tuple[str, str]:
    """The flow's mode and who set it."""
    rows = kontor.rows(settings_versions, settings_versions.c.scope == CART_RECOVERY.key)
    return rows[-1].mode, rows[-1].saved_by


def paused(kontor: Kontor) -> list[Any]:
    with reading(kontor.machine.db) as session:
        return pauses.open_pauses(session, kontor.merchant_id)


def test_one_return_in_twenty_is_usual_and_two_are_too_many(kontor_on_both: Kontor, town: Town) -> None:
    kontor = kontor_on_both
    come_back(kontor, town.sent[:1])
    assert how_it_runs(kontor)[0] == "live", "5 % is the most, and allowed"
    come_back(kontor, town.sent[1:2])
    assert how_it_runs(kontor) == ("off", "Kontor")
    (pause,) = paused(kontor)
    assert (pause.flow, pause.why, pause.came, pause.sent) == ("cart_recovery", "permanent", 2, PEOPLE)
    kontor.leave_cart("new@example.com")
    kontor.forward(days=1)
    assert "new@example.com" not in town.told()


def test_a_full_mailbox_pauses_nothing(kontor_on_both: Kontor, town: Town) -> None:
    come_back(kontor_on_both, town.sent[:5], "mailbox_full")
    assert how_it_runs(kontor_on_both)[0] == "live"


def test_of_few_messages_nothing_is_concluded(
    kontor_on_both: Kontor, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliverability, "LEAST_SENT", PEOPLE + 1)
    come_back(kontor_on_both, town.sent[:10])
    assert how_it_runs(kontor_on_both)[0] == "live"


def test_what_was_sent_long_ago_counts_no_more(kontor_on_both: Kontor, town: Town) -> None:
    kontor = kontor_on_both
    kontor.forward(days=8)
    come_back(kontor, town.sent[:10])
    assert how_it_runs(kontor)[0] == "live"


def test_one_complaint_stops_no_shop_and_two_do(kontor_on_both: Kontor, town: Town) -> None:
    kontor = kontor_on_both
    assert come_back(kontor, town.sent[:1], "complaint") == ["kept"]
    assert how_it_runs(kontor)[0] == "live"
    come_back(kontor, town.sent[1:2], "complaint")
    assert how_it_runs(kontor) == ("off", "Kontor")
    assert [(row.why, row.came) for row in paused(kontor)] == [("complaint", 2)]


def test_one_person_who_complains_about_each_of_her_messages_stops_no_shop(
    kontor_on_both: Kontor, town: Town
) -> None:
    kontor = kontor_on_both
    save(kontor, steps=step_settings(1)[:2])
    kontor.leave_cart("eve@example.com")
    kontor.forward(days=3)
    hers = [message for message in town.sent if message.to == "eve@example.com"]
    assert len(hers) == 2
    assert come_back(kontor, hers, "complaint") == ["kept", "kept"]
    assert how_it_runs(kontor)[0] == "live"


def test_a_shop_that_has_left_is_told_nothing_of_what_comes_back(kontor_on_both: Kontor, town: Town) -> None:
    kontor = kontor_on_both
    kontor.write(update(merchants).values(uninstalled_at=clock.now()))
    come_back(kontor, town.sent[:5])
    assert kontor.rows(notices) == []


def test_who_complains_gets_no_more_advertising(kontor_on_both: Kontor, town: Town) -> None:
    kontor = kontor_on_both
    message = town.sent[0]
    come_back(kontor, [message], "complaint")
    assert [(row.state, row.text) for row in kontor.rows(consents, consents.c.state == "opted_out")] == [
        ("opted_out", "complaint")
    ]
    assert come_back(kontor, [message], "complaint") == ["known"], "the same report told twice is one"
    kontor.forward(days=20)
    kontor.leave_cart(message.to, opted_in=False)
    kontor.forward(days=1)
    assert town.told().count(message.to) == 1


def test_a_complaint_ends_what_is_still_to_come(kontor_on_both: Kontor, town: Town) -> None:
    kontor = kontor_on_both
    save(kontor, steps=step_settings(1)[:2])
    kontor.leave_cart("eve@example.com")
    kontor.forward(hours=2)
    come_back(kontor, town.sent[-1:], "complaint")
    assert trips(kontor)[-1] == ("exited", "complained")


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure", ""])
def test_a_report_that_is_no_complaint_changes_nothing(kontor_on_both: Kontor, town: Town, kind: str) -> None:
    raw = (PAYLOADS / "complaint.eml").read_bytes().replace(b"Type: abuse", f"Type: {kind}".encode())
    told = raw.replace(b"RETURN_ADDRESS", (town.sent[0].returns_to or "").encode())
    assert bounces.hear(kontor_on_both.machine, told) == "no_bounce"
    assert kontor_on_both.rows(returned_rows) == []


def test_nobody_can_complain_in_somebody_elses_name(kontor_on_both: Kontor, town: Town) -> None:
    raw = (PAYLOADS / "complaint.eml").read_bytes()
    forged = (town.sent[0].returns_to or "").replace("-", "-1", 1)
    assert bounces.hear(kontor_on_both.machine, raw.replace(b"RETURN_ADDRESS", forged.encode())) == "stranger"
    assert bounces.hear(kontor_on_both.machine, raw) == "stranger"


def test_she_starts_it_again_and_it_is_counted_anew(kontor_on_both: Kontor, town: Town) -> None:
    kontor = kontor_on_both
    come_back(kontor, town.sent[:2])
    mode(kontor, "live")
    assert paused(kontor) == []
    assert [(row.over_by, row.over_at is not None) for row in kontor.rows(flow_pauses)] == [("Mara", True)]
    come_back(kontor, town.sent[2:4])
    assert how_it_runs(kontor) == ("live", "Mara"), "what went before the switch counts no more"


def test_it_is_mailed_once_again_after_three_days_and_when_it_is_over(
    kontor_on_both: Kontor, town: Town
) -> None:
    kontor = kontor_on_both
    come_back(kontor, town.sent[:2])
    tell(kontor)
    assert about(town) == ["Kontor has paused a flow of yours"]
    assert f"/m/{kontor.merchant.key}/flows/cart_recovery" in town.sent[-1].text
    tell(kontor, days=2)
    tell(kontor, days=1, minutes=1)
    tell(kontor, days=9)
    assert about(town) == ["Kontor has paused a flow of yours"] * 2
    mode(kontor, "shadow")
    tell(kontor)
    assert about(town)[2:] == ["the pause of your flow is over"]
    assert [row.kind for row in kontor.rows(notices, notices.c.mended_at.is_not(None))] == [awaiting.PAUSED]


def test_what_the_mail_server_refuses_at_once_counts_too(
    kontor: Kontor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliverability, "LEAST_SENT", 2)
    postbox = Postbox()
    object.__setattr__(kontor.machine, "channel", postbox)
    save(kontor, steps=step_settings(1)[:1])
    postbox.failing = AddressRefused("the mail server refused the recipient: 550 5.1.1")
    come(kontor, 3)
    kontor.forward(hours=2)
    assert how_it_runs(kontor) == ("off", "Kontor")
    assert [row.came for row in kontor.rows(flow_pauses)] == [2]
    states = [row.state for row in kontor.rows(effects, effects.c.kind == "send_message")]
    assert (states.count("failed"), states.count("skipped")) == (2, 1)


def test_a_flow_switched_meanwhile_is_left_alone(kontor_on_both: Kontor, town: Town) -> None:
    kontor = kontor_on_both
    come_back(kontor, town.sent[:1])
    mode(kontor, "shadow")
    come_back(kontor, town.sent[1:3])
    assert how_it_runs(kontor) == ("shadow", "Mara")
    with pytest.raises(changes.ChangedMeanwhile):
        changes.set_mode(kontor.machine, kontor.merchant_id, CART_RECOVERY, "off", "Kontor", "live")
