"""A merchant's clock is moved: for shops of one's own machine, and for no others.

A fake shop's clock goes along, so that what happens in it afterwards is later
than what happened before; its tokens end on its own clock, so ours are told.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from core import clock
from core.config import Config
from core.db import reading, transaction
from core.errors import KontorError
from core.http import HttpClient
from core.models import Merchant
from core.models.tables import connections, merchants
from engine import simulation
from engine.machine import Machine
from web.fakes.platforms import FAKES
from web.fakes.surroundings import NotReady

FAKE: Mapping[str, str] = {"fake": "yes"}
UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def span_of(text: str) -> timedelta:
    """1h, 30m, 3d. Raises ValueError."""
    number, unit = text[:-1], UNITS.get(text[-1:])
    if unit is None or not number.isdecimal() or not 0 < int(number) < 10_000:
        raise ValueError("a span is a number with m, h or d behind it, such as 1h")
    return timedelta(**{unit: int(number)})


def movable(machine: Machine, key: str | None) -> Any:
    """The merchant named, else the one connected last: a stand-in or a fake,
    whose shop nobody else lives by. Raises NotReady."""
    found = (
        select(connections, merchants.c.key, merchants.c.name)
        .join(merchants, merchants.c.id == connections.c.merchant_id)
        .where(merchants.c.platform.in_(FAKES), merchants.c.uninstalled_at.is_(None))
        .order_by(connections.c.connected_at.desc(), merchants.c.id.desc())
    )
    with reading(machine.db) as session:
        rows = session.execute(found).all()
    ours = [row for row in rows if (row.token is None or is_fake(row)) and key in (None, row.key)]
    if not ours:
        raise NotReady("There is no such merchant of a stand-in or fake shop; only theirs can move.\n")
    return ours[0]


def is_fake(row: Any) -> bool:
    return FAKE.items() <= dict(row.meta or {}).items()


def note_forgotten(machine: Machine, platform: str) -> None:
    """A fake that starts has forgotten the access it gave before, so its
    merchant's next visit brings a new one."""
    mine = (connections.c.platform == platform, connections.c.state == "active")
    with transaction(machine.db) as session:
        for row in session.execute(select(connections).where(*mine)).all():
            if is_fake(row):
                lost = update(connections).where(connections.c.merchant_id == row.merchant_id)
                session.execute(lost.values(state="needs_merchant", state_reason="keys_refused"))


def mark_fake(machine: Machine, merchant_id: int) -> None:
    """Known by this from now on; a connection made anew is marked anew, and a
    fake that starts anew has forgotten whatever came before."""
    mine = connections.c.merchant_id == merchant_id
    with transaction(machine.db) as session:
        meta = session.execute(select(connections.c.meta).where(mine)).scalar_one()
        session.execute(
            update(connections).where(mine).values(meta={**meta, **FAKE}, connected_at=clock.now())
        )


def forward(machine: Machine, config: Config, row: Any, span: timedelta) -> None:
    """The shop's clock first: whatever is asked of it on the way is asked later."""
    if is_fake(row):
        take_along(machine, config, row, span)
    with reading(machine.db) as session:
        now = clock.now(session.get_one(Merchant, row.merchant_id))
    simulation.forward(machine, row.merchant_id, now + span)


def take_along(machine: Machine, config: Config, row: Any, span: timedelta) -> None:
    """Move the fake's clock; the access to it ends sooner by as much, and is
    renewed as it would be in life. Raises NotReady."""
    client = HttpClient.of(config)
    try:
        FAKES[row.platform].advance(client, row.domain, span)
    except KontorError as error:
        again = f".venv/bin/python app.py connect-fake {row.platform} --live"
        raise NotReady(
            f"The fake of {row.domain} does not answer ({error}); start it with: {again}\n"
        ) from error
    finally:
        client.close()
    _end_sooner(machine, row.merchant_id, span)


def _end_sooner(machine: Machine, merchant_id: int, span: timedelta) -> None:
    """What has no end stays without one."""
    of = connections.c
    mine = update(connections).where(of.merchant_id == merchant_id)
    with transaction(machine.db) as session:
        row = session.execute(select(connections).where(of.merchant_id == merchant_id)).one()
        if row.token_ends_at is not None:
            session.execute(mine.values(token_ends_at=row.token_ends_at - span))
        if row.refresh_ends_at is not None:
            session.execute(mine.values(refresh_ends_at=row.refresh_ends_at - span))
