"""A line of a hundred thousand people told in waves, against render and send alone; what the worker holds."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update

from bench.figures import Figure, ratio
from bench.filling import address, move_sequences, person, sandbox_merchant
from bench.memory import held
from bench.sending import THREADS, alone, smtp_settings
from bench.servers import Pair, Servers, wait_until, worker
from bench.sink import sink
from core import clock
from core.db import reading, transaction
from core.models.tables import addresses, effects, enrolments, people, products, sign_ups, variants
from engine.machine import Machine
from engine.restocks import notify_now
from integrations.sandbox.records import Records
from integrations.sandbox.store import Store

WAITING = 100_000
ROUNDS = 4
WAVE = 800
PORTION = 5_000
MUG = "mug"
# So many a week that a wave is nothing unusual to the blast guard.
USUAL = 168 * WAVE // 4
A_DAY = timedelta(days=1)
UNCAPPED = {"DAILY_MAIL": str(WAITING), "DAILY_MAIL_FIRST_WEEK": str(WAITING)}


def figures(servers: Servers) -> list[Figure]:
    with sink() as port:
        return [one for kind in ("SQLite", "PostgreSQL") for one in _of(servers.pair(kind), port)]


def _of(pair: Pair, port: int) -> list[Figure]:
    machine = pair.machine()
    merchant_id = sandbox_merchant(machine)
    variant_id = _shelve(machine, merchant_id)
    _fill(machine, merchant_id, variant_id)
    ours: list[float] = []
    floor: list[float] = []
    before = 0.0
    with worker(smtp_settings(pair, port) | UNCAPPED) as pid:
        for number in range(ROUNDS + 1):
            told = _wave(machine, merchant_id, variant_id)
            # The first round warms both sides up.
            if number:
                ours.append(WAVE / told)
                floor.append(WAVE / alone(port, WAVE, THREADS))
            else:
                before = held(pid)
        after = held(pid)
    machine.db.dispose()
    key, line = pair.name.lower(), f"{WAITING:,} in line"
    told_of = f"people told in waves/s, {line}, {pair.name}"
    rate = ratio(f"waves_{key}", told_of, ours, floor, unit="/s", at_least=0.4)
    grown = f"growth of worker over {ROUNDS} waves, {line}, {pair.name}"
    return [rate, ratio(f"waves_growth_{key}", grown, [after], [before], unit="MB", at_most=1.1)]


def _shelve(machine: Machine, merchant_id: int) -> int:
    """More mugs than people; the variant's number."""
    (mug,) = [one for one in Store(machine.runtime, merchant_id).products() if one.ref == MUG]
    (only,) = mug.variants
    stocked = only.model_copy(update={"stock": only.stock.model_copy(update={"units": WAITING})})
    at = clock.now()
    with transaction(machine.db) as session:
        Records(session, merchant_id).put("product", MUG, mug.model_copy(update={"variants": (stocked,)}))
        product = {"merchant_id": merchant_id, "ref": MUG, "title": mug.title, "published": True}
        product |= {"tags": [], "platform_at": at, "digest": "", "url": "https://shop.example/mug"}
        made = session.execute(products.insert().values(**product).returning(products.c.id)).scalar_one()
        variant = {"merchant_id": merchant_id, "product_id": made, "ref": MUG, "title": ""}
        variant |= {"price_minor": 1800, "currency": "EUR", "stock_kind": "units", "stock_units": WAITING}
        found = session.execute(variants.insert().values(**variant, stock_at=at).returning(variants.c.id))
        return int(found.scalar_one())


def _fill(machine: Machine, merchant_id: int, variant_id: int) -> None:
    """Everybody in line, a second apart, and what is usual here."""
    began = clock.now() - A_DAY
    with transaction(machine.db) as session:
        base = int(session.execute(select(func.coalesce(func.max(people.c.id), 0))).scalar_one()) + 1
        for first in range(base, base + WAITING, PORTION):
            ids = range(first, min(first + PORTION, base + WAITING))
            session.execute(people.insert(), [person(machine, merchant_id, one, began) for one in ids])
            session.execute(addresses.insert(), [address(machine, merchant_id, one, began) for one in ids])
            joined = [(one, began + timedelta(seconds=one - base)) for one in ids]
            wishes = [_wish(merchant_id, variant_id, one, at) for one, at in joined]
            session.execute(sign_ups.insert(), wishes)
        usual = [_told_before(merchant_id, base + number, began) for number in range(USUAL)]
        session.execute(enrolments.insert(), usual)
        move_sequences(session, (people, addresses))
    if machine.db.dialect.name == "postgresql":
        with machine.db.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def _wish(merchant_id: int, variant_id: int, person_id: int, at: datetime) -> dict[str, Any]:
    row: dict[str, Any] = {"merchant_id": merchant_id, "variant_id": variant_id, "person_id": person_id}
    row |= {
        "address_id": person_id,
        "state": "waiting",
        "episode": 1,
        "source": "page",
        "place_at": at,
        "confirmed_at": at,
    }
    return row | {"ends_at": at + 90 * A_DAY, "created_at": at}


def _told_before(merchant_id: int, person_id: int, at: datetime) -> dict[str, Any]:
    row: dict[str, Any] = {
        "merchant_id": merchant_id,
        "person_id": person_id,
        "flow": "back_in_stock",
        "mode": "live",
    }
    row |= {"subject": "sign_up", "subject_id": -person_id, "episode": 1, "state": "completed"}
    return row | {"since": at, "settings_version": 1, "enrolled_at": at, "ended_at": at}


def _wave(machine: Machine, merchant_id: int, variant_id: int) -> float:
    """The seconds from the first claim of a wave to its last answer, as the rows tell."""
    with reading(machine.db) as session:
        last = int(session.execute(select(func.coalesce(func.max(effects.c.id), 0))).scalar_one())
    assert notify_now(machine, merchant_id, variant_id, WAVE, "bench")
    wait_until(lambda: _messages(machine, last).done == WAVE, every=0.25)
    told = _messages(machine, last)
    # The next wave is another hour's, as far as the blast guard is asked.
    earlier = update(enrolments).where(enrolments.c.merchant_id == merchant_id)
    with transaction(machine.db) as session:
        session.execute(earlier.values(enrolled_at=clock.now() - A_DAY))
    return float((told.ended - told.began).total_seconds())


def _messages(machine: Machine, last: int) -> Any:
    began, ended = func.min(effects.c.claimed_at), func.max(effects.c.settled_at)
    found = select(func.count().label("done"), began.label("began"), ended.label("ended"))
    mine = (effects.c.id > last, effects.c.kind == "send_message", effects.c.state == "done")
    with reading(machine.db) as session:
        return session.execute(found.where(*mine)).one()
