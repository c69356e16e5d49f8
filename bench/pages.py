"""What the overview asks the database for, of a shop with a million messages and 200,000 orders."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask
from sqlalchemy import event

import app
from bench.figures import Figure, measured
from bench.filling import sandbox_merchant
from bench.servers import Pair, Servers
from bench.year import Year, write
from core import clock
from core.db import reading, transaction
from core.models import Merchant
from engine import calendar, daily, recounting
from engine.counting import A_DAY, Days, count
from engine.machine import Machine
from web import overview

MESSAGES, ORDERS = 1_000_000, 200_000
ROUNDS = 30
AT_MOST = 50.0
BEFORE_MIDNIGHT = timedelta(minutes=30)


def figures(servers: Servers) -> list[Figure]:
    return [figure for kind in ("SQLite", "PostgreSQL") for figure in _of(servers.pair(kind))]


def _of(pair: Pair) -> list[Figure]:
    application = app.create_app(pair.config())
    machine: Machine = application.extensions["kontor"]
    merchant = _shop(machine)
    recounting.run(machine, most=100)
    name, key = pair.name, pair.name.lower()
    page = _asked(machine, lambda: _look(application, machine, merchant))
    day = _asked(machine, lambda: _recount(machine, merchant))
    machine.db.dispose()
    return [
        measured(f"overview_{key}", f"the overview's questions, {name}", page, unit="ms", at_most=AT_MOST),
        measured(f"recount_{key}", f"a day counted again, {name}", day, unit="ms", at_most=AT_MOST),
    ]


def _shop(machine: Machine) -> Merchant:
    """Late in its day: nearly all of today is counted with each look."""
    merchant_id = sandbox_merchant(machine)
    with reading(machine.db) as session:
        zone = ZoneInfo(session.get_one(Merchant, merchant_id).timezone)
    evening = calendar.midnight_after(clock.now(), zone) - BEFORE_MIDNIGHT
    write(machine, Year(merchant_id, evening, MESSAGES, ORDERS))
    with transaction(machine.db) as session:
        merchant = session.get_one(Merchant, merchant_id)
        merchant.clock_offset_ms = (evening - clock.now()) // timedelta(milliseconds=1)
    return merchant


def _look(application: Flask, machine: Machine, merchant: Merchant) -> None:
    with application.test_request_context("/?lang=en"), reading(machine.db) as session:
        seen = overview.look(session, merchant)
    assert seen.told.as_of is None
    assert seen.cards[0].figures.due > MESSAGES / 365 * 25


def _recount(machine: Machine, merchant: Merchant) -> None:
    """As the worker does when something of a day that is over has changed."""
    with reading(machine.db) as session:
        yesterday = daily.today(merchant) - A_DAY
        days = Days(yesterday, yesterday, merchant.timezone)
        assert count(session, merchant.id, machine.flows, days, clock.now(merchant))


def _asked(machine: Machine, work: Callable[[], Any]) -> list[float]:
    """The milliseconds for which each round waits for the database; the first
    is for whatever is made once."""
    found, began = list[float](), 0.0

    def begin(*_: object) -> None:
        nonlocal began
        began = time.perf_counter()

    def end(*_: object) -> None:
        found[-1] += (time.perf_counter() - began) * 1000

    event.listen(machine.db, "before_cursor_execute", begin)
    event.listen(machine.db, "after_cursor_execute", end)
    for _ in range(ROUNDS + 1):
        found.append(0.0)
        work()
    event.remove(machine.db, "before_cursor_execute", begin)
    event.remove(machine.db, "after_cursor_execute", end)
    return found[1:]
