"""Making a moment come without letting anything be done about it yet."""

from datetime import timedelta

from sqlalchemy import update

from core import clock
from core.models.tables import effects, merchants, work
from tests.support.crowd import AN_HOUR
from tests.support.kontor import Kontor

LONG_AGO = timedelta(minutes=5)


def make_due(kontor: Kontor) -> str:
    cart = kontor.leave_cart()
    pull_forward(kontor)
    return cart


def pull_forward(kontor: Kontor) -> None:
    """The first step is due now; nothing has been done about it yet."""
    ahead = AN_HOUR // timedelta(milliseconds=1)
    now = clock.now()
    kontor.write(update(merchants).values(clock_offset_ms=merchants.c.clock_offset_ms + ahead))
    kontor.write(update(effects).where(effects.c.step == 1).values(wake_at=now))
    kontor.write(update(work).values(next_at=now))


def let_leases_run_out(kontor: Kontor) -> None:
    owned = update(effects).where(effects.c.lease_until.is_not(None))
    kontor.write(owned.values(lease_until=clock.now() - LONG_AGO))
