"""A message in doubt: a member has it sent again, once, or leaves it; nobody else decides."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from core import clock
from core.errors import InDoubt
from core.models.tables import carts, decisions, effects, enrolments
from engine import doubt
from tests.engine.stories import Postbox, mode, with_postbox
from tests.engine.test_figures import figures
from tests.support.kontor import Kontor


@pytest.fixture
def postbox(kontor: Kontor) -> Postbox:
    """The line broke while the first reminder was sent."""
    found = with_postbox(kontor)
    found.failing = InDoubt("the line broke")
    kontor.leave_cart()
    kontor.forward(hours=1, minutes=5)
    found.failing = None
    # Its provider can't be asked, or has not known.
    kontor.write(update(effects).where(effects.c.state == "unknown").values(lease_until=None))
    return found


def row_in_doubt(kontor: Kontor) -> Any:
    (row,) = kontor.rows(effects, effects.c.state == "unknown")
    return row


def again(kontor: Kontor) -> str:
    verdict = doubt.send_again(kontor.machine, kontor.merchant_id, row_in_doubt(kontor).id, "Anna")
    kontor.settle()
    return verdict


def tomorrow(kontor: Kontor) -> None:
    """The day's one message was perhaps the one in doubt."""
    kontor.write(update(effects).where(effects.c.state == "unknown").values(slot_day=None))


def test_sent_again_it_goes_once_with_a_key_and_a_name_of_its_own(kontor: Kontor, postbox: Postbox) -> None:
    old = row_in_doubt(kontor)
    tomorrow(kontor)
    assert again(kontor) == "done"
    assert [message.key for message in postbox.sent] == [f"{old.key}+1"]
    assert row_in_doubt(kontor).reason == "sent_again:Anna"
    (told,) = kontor.rows(decisions, decisions.c.kind == "again")
    assert told.reasons == [f"sent_again:Anna#{old.id}"]
    assert again(kontor) == "decided"
    assert len(postbox.sent) == 1


def test_the_cap_counts_what_may_have_arrived(kontor: Kontor, postbox: Postbox) -> None:
    assert again(kontor) == "done"
    assert postbox.sent == []
    (waiting,) = kontor.rows(effects, effects.c.key.endswith("+1"))
    assert (waiting.state, waiting.reason) == ("pending", "capped")


def test_whoever_has_bought_meanwhile_gets_nothing(kontor: Kontor, postbox: Postbox) -> None:
    tomorrow(kontor)
    kontor.store.pay(kontor.rows(carts)[0].ref)
    assert again(kontor) == "done"
    assert postbox.sent == []
    (left_out,) = kontor.rows(effects, effects.c.key.endswith("+1"))
    assert (left_out.state, left_out.reason) == ("skipped", "bought")


def test_where_the_flow_is_off_it_does_not_go(kontor: Kontor, postbox: Postbox) -> None:
    mode(kontor, "off")
    assert again(kontor) == "done"
    assert postbox.sent == []


def test_what_makes_no_sense_any_more_is_not_sent(kontor: Kontor, postbox: Postbox) -> None:
    gone = clock.now() - timedelta(minutes=1)
    kontor.write(update(effects).where(effects.c.state == "unknown").values(valid_until=gone))
    assert again(kontor) == "late"
    assert row_in_doubt(kontor).reason == "unknown"


def test_left_it_stays_in_doubt_with_the_name_and_nobody_decides_anew(
    kontor: Kontor, postbox: Postbox
) -> None:
    which = row_in_doubt(kontor).id
    assert doubt.leave(kontor.machine, kontor.merchant_id, which, "Anna") == "done"
    assert row_in_doubt(kontor).reason == "left_in_doubt:Anna"
    assert again(kontor) == "decided"
    assert doubt.leave(kontor.machine, kontor.merchant_id, which, "Bo") == "decided"
    assert postbox.sent == []


def test_what_its_provider_may_still_settle_and_what_is_settled_are_not_decided_on(
    kontor: Kontor, postbox: Postbox
) -> None:
    which = row_in_doubt(kontor).id
    mine = update(effects).where(effects.c.id == which)
    kontor.write(mine.values(lease_until=clock.now() + timedelta(hours=1)))
    assert doubt.send_again(kontor.machine, kontor.merchant_id, which, "Anna") == "decided"
    assert doubt.leave(kontor.machine, kontor.merchant_id, which, "Anna") == "decided"
    kontor.write(mine.values(lease_until=None, state="done", reason=None))
    assert doubt.send_again(kontor.machine, kontor.merchant_id, which, "Anna") == "decided"


def test_another_shops_member_decides_nothing(kontor: Kontor, postbox: Postbox) -> None:
    which = row_in_doubt(kontor).id
    assert doubt.leave(kontor.machine, kontor.merchant_id + 1, which, "Eve") == "decided"
    assert row_in_doubt(kontor).reason == "unknown"


def test_two_members_at_one_moment_send_it_once(kontor: Kontor, postbox: Postbox) -> None:
    which = row_in_doubt(kontor).id
    tomorrow(kontor)

    def press(name: str) -> str:
        return doubt.send_again(kontor.machine, kontor.merchant_id, which, name)

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(press, ("Anna", "Bo"))) == ["decided", "done"]
    kontor.settle()
    assert len(postbox.sent) == 1


def test_it_is_counted_as_a_message_and_not_as_an_entry_and_the_trip_goes_on(
    kontor: Kontor, postbox: Postbox
) -> None:
    tomorrow(kontor)
    again(kontor)
    found = figures(kontor)
    assert (found.entered, found.due, found.accepted, found.in_doubt) == (1, 2, 1, 1)
    kontor.forward(days=3)
    assert sorted(row.state for row in kontor.rows(enrolments)) == ["completed", "completed"]
    assert [message.key.rpartition(".")[2] for message in postbox.sent] == ["1+1", "2"]
