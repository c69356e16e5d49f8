"""The weekly summary: who ordered it reads on Monday morning what last week was, once, nothing inflated."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from core import clock
from core.db import transaction
from core.errors import InDoubt, Permanent, Retryable
from core.models.tables import members, merchants, summaries, summary_wishes
from engine import links, notices, retention, sign_in
from engine import summaries as weekly
from integrations.roles import Message
from tests.engine.stories import Postbox, mode, rewind
from tests.support.kontor import Kontor

MARA, ANNA, BEN = "mara@example.test", "anna@example.com", "ben@example.com"
# A Wednesday in summer: Berlin is two hours ahead of UTC.
WEDNESDAY = datetime(2027, 6, 9, 10, tzinfo=UTC)


class Mara(Postbox):
    """A merchant whose mailbox is looked at; `dies` ends the worker while it hands a summary over."""

    kontor: Kontor
    dies = False

    def send(self, message: Message, merchant_id: int) -> str:
        if self.dies and message.key.startswith("summary-"):
            raise KeyboardInterrupt
        return super().send(message, merchant_id)

    def orders(self, language: str = "en") -> None:
        weekly.order(self.kontor.machine, self.kontor.merchant_id, self.number, language)

    def stops(self) -> bool:
        return weekly.stop(self.kontor.machine, self.kontor.merchant_id, self.number)

    @property
    def number(self) -> int:
        return int(self.kontor.rows(members)[0].id)

    def got(self) -> list[Message]:
        """Summaries alone."""
        return [message for message in self.sent if message.key.startswith("summary-")]

    def reads(self) -> str:
        (one,) = self.got()
        return one.text

    def state(self) -> str:
        (row,) = self.kontor.rows(summaries)
        return str(row.state)


@pytest.fixture
def mara(kontor_on_both: Kontor) -> Mara:
    kontor, mara = kontor_on_both, Mara()
    object.__setattr__(kontor.machine, "channel", mara)
    object.__setattr__(kontor.machine, "own_channels", {})
    mara.kontor = kontor
    rewind(kontor, WEDNESDAY)
    with transaction(kontor.machine.db) as session:
        sign_in.confirm(session, kontor.machine, kontor.merchant_id, mara.number, MARA)
    return mara


def monday(week: int = 0, hour: int = 5, minute: int = 1) -> datetime:
    """Just after seven in Berlin, unless another hour of UTC is meant."""
    return datetime(2027, 6, 14, hour, minute, tzinfo=UTC) + timedelta(weeks=week)


def until(mara: Mara, moment: datetime) -> None:
    mara.kontor.forward(seconds=(moment - mara.kontor.now()).total_seconds())
    weekly.run(mara.kontor.machine)


def later(mara: Mara, **span: float) -> None:
    """Real time goes on, as leases and second tries count it."""
    for row in mara.kontor.rows(summaries):
        sooner = update(summaries).where(summaries.c.id == row.id)
        earlier = {name: getattr(row, name) - timedelta(**span) for name in ("wake_at", "made_at")}
        mara.kontor.write(sooner.values(**earlier))
    weekly.run(mara.kontor.machine)


def test_it_comes_on_monday_at_seven_of_the_shops_zone_and_not_before(mara: Mara) -> None:
    mara.orders()
    until(mara, monday(hour=4, minute=59))
    assert mara.got() == []
    until(mara, monday())
    assert [message.to for message in mara.got()] == [MARA]
    assert mara.got()[0].subject.endswith(": your week, 7 June to 13 June")
    until(mara, monday(hour=9))
    until(mara, monday(week=1))
    assert len(mara.got()) == 2
    assert mara.got()[1].subject.endswith(": your week, 14 June to 20 June")


def test_nobody_gets_what_she_has_not_ordered(mara: Mara) -> None:
    until(mara, monday())
    assert mara.got() == []


def test_it_says_what_was_due_and_what_became_of_it(mara: Mara) -> None:
    mara.orders()
    mara.kontor.leave_cart(ANNA)
    cart = mara.kontor.leave_cart(BEN)
    mara.kontor.forward(hours=2)
    mara.kontor.hear(mara.kontor.store.pay(cart))
    until(mara, monday())
    page = mara.reads()
    assert "CART RECOVERY\n4 due\n3 accepted by the mail server\n1 left out\n" in page
    assert "0 orders within 5 days after a click\n1 bought anyway, without a click" in page
    assert "1: The person has bought in the meantime." in page
    assert "Nothing needs you." in page
    assert "never added" in page


def test_where_nothing_happened_it_says_so(mara: Mara) -> None:
    mara.orders("de")
    until(mara, monday())
    page = mara.reads()
    assert "Letzte Woche ist nichts geschehen" in page
    assert "angenommen" not in page
    assert mara.got()[0].subject.endswith(": Ihre Woche, 7. Juni bis 13. Juni")


def test_in_shadow_it_says_what_would_have_gone_out_and_claims_no_order(mara: Mara) -> None:
    mode(mara.kontor, "shadow")
    mara.orders("de")
    mara.kontor.leave_cart(ANNA)
    until(mara, monday())
    page = mara.reads()
    assert "Im Schattenbetrieb: entschieden und aufgeschrieben, nichts gesendet." in page
    assert "wären hinausgegangen" in page
    assert "nach einem Klick" not in page


def test_it_names_what_needs_her(mara: Mara) -> None:
    mara.orders()
    with transaction(mara.kontor.machine.db) as session:
        notices.raise_notice(session, mara.kontor.merchant_id, "reconnect", "keys_refused")
    until(mara, monday())
    assert "WHAT NEEDS YOU\nKontor can no longer reach your shop" in mara.reads()
    assert "Nothing needs you." not in mara.reads()


def test_a_link_in_it_and_her_mail_programs_button_stop_it(mara: Mara) -> None:
    mara.orders()
    until(mara, monday())
    stop = links.summary_url(mara.kontor.machine.config, mara.kontor.merchant_id, mara.number)
    assert f"Stop this mail: {stop}\n" in mara.reads()
    assert mara.got()[0].headers == links.unsubscribe_headers(stop)
    assert mara.stops()
    until(mara, monday(week=1))
    assert len(mara.got()) == 1


def test_whoever_stops_it_while_it_is_on_its_way_gets_none(mara: Mara) -> None:
    mara.orders()
    mara.failing = Retryable("the mail server is away")
    until(mara, monday())
    mara.failing = None
    mara.stops()
    later(mara, minutes=31)
    assert (mara.got(), mara.state()) == ([], "dropped")


def test_however_many_workers_there_are_it_is_sent_once(mara: Mara) -> None:
    mara.orders()
    mara.kontor.forward(seconds=(monday() - mara.kontor.now()).total_seconds())
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: weekly.run(mara.kontor.machine), range(4)))
    assert (len(mara.got()), mara.state()) == (1, "sent")


def dies(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_worker_that_dies_handing_it_over_leaves_it_to_nobody_and_before_that_to_the_next(
    mara: Mara, monkeypatch: pytest.MonkeyPatch
) -> None:
    mara.orders()
    with monkeypatch.context() as dying:
        dying.setattr(weekly, "_letter", dies)
        with pytest.raises(KeyboardInterrupt):
            until(mara, monday())
    later(mara, minutes=5)
    assert mara.got() == []
    later(mara, minutes=6)
    assert (len(mara.got()), mara.state()) == (1, "sent")
    mara.dies = True
    with pytest.raises(KeyboardInterrupt):
        until(mara, monday(week=1))
    mara.dies = False
    later(mara, hours=5)
    assert len(mara.got()) == 1, "it may have arrived"


def test_what_can_not_be_sent_is_tried_for_two_days_and_then_let_be(mara: Mara) -> None:
    mara.orders()
    mara.failing = Retryable("the mail server is away")
    until(mara, monday())
    later(mara, hours=47)
    assert mara.state() == "waiting"
    later(mara, hours=2)
    assert mara.state() == "dropped"


@pytest.mark.parametrize(
    ("trouble", "state"), [(Permanent("550 no"), "dropped"), (InDoubt("the line broke"), "sent")]
)
def test_a_no_or_a_broken_line_ends_the_matter(mara: Mara, trouble: Exception, state: str) -> None:
    mara.orders()
    mara.failing = trouble
    until(mara, monday())
    mara.failing = None
    later(mara, hours=3)
    assert (mara.got(), mara.state()) == ([], state)


def test_after_weeks_without_a_worker_she_gets_the_last_one_only(mara: Mara) -> None:
    mara.orders()
    mara.kontor.forward(seconds=(monday(week=3) - mara.kontor.now()).total_seconds())
    weekly.run(mara.kontor.machine)
    weekly.run(mara.kontor.machine)
    assert [message.subject[-15:] for message in mara.got()] == ["June to 4 July"[-15:]] or len(
        mara.got()
    ) == 1


def test_a_shop_that_has_left_and_a_member_without_an_address_are_written_nothing(mara: Mara) -> None:
    mara.orders()
    mara.kontor.write(update(members).values(email=None))
    until(mara, monday())
    assert (mara.got(), mara.state()) == ([], "dropped")
    with transaction(mara.kontor.machine.db) as session:
        sign_in.confirm(session, mara.kontor.machine, mara.kontor.merchant_id, mara.number, MARA)
    mara.kontor.forward(seconds=(monday(week=1) - mara.kontor.now()).total_seconds())
    mara.kontor.write(update(merchants).values(uninstalled_at=clock.now()))
    weekly.run(mara.kontor.machine)
    assert mara.got() == []


def test_what_was_written_goes_after_ninety_days_and_the_order_with_the_member(mara: Mara) -> None:
    mara.orders()
    until(mara, monday())
    later(mara, days=91)
    retention.retention(mara.kontor.machine)
    assert mara.kontor.rows(summaries) == []
    mara.kontor.write(members.delete())
    with transaction(mara.kontor.machine.db) as session:
        assert session.execute(summary_wishes.select()).all() == []


def test_an_address_that_no_key_opens_keeps_nobody_else_waiting(mara: Mara) -> None:
    mara.orders()
    mara.kontor.write(update(members).values(email=b"sealed with a key that is gone"))
    until(mara, monday())
    weekly.run(mara.kontor.machine)
    assert (mara.got(), mara.state()) == ([], "dropped")
