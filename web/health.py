"""For the operator's monitor: is everything alive, and is anything late?"""

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, current_app, jsonify
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from core import clock
from core.db import is_alive, reading
from core.models.tables import heartbeats, inbound, work
from core.queue import AWAY
from engine.machine import Machine

bp = Blueprint("health", __name__)

SEEN_WITHIN = timedelta(seconds=60)


@bp.get("/healthz")
def healthz() -> tuple[Response, int]:
    """200 while the database and the queue answer and a worker was seen;
    `oldest_due_seconds` says how late the latest row is."""
    machine: Machine = current_app.extensions["kontor"]
    told: dict[str, Any] = {"database": _database(machine), "queue": _queue()}
    if told["database"] == "ok":
        told |= _rows(machine)
    healthy = told["database"] == told["queue"] == "ok" and told.get("worker") == "ok"
    return jsonify(told), 200 if healthy else 503


def _database(machine: Machine) -> str:
    try:
        return "ok" if is_alive(machine.db) else "no answer"
    except SQLAlchemyError as error:
        return type(error).__name__


def _queue() -> str:
    try:
        current_app.extensions["kontor.queue"].pending_count()
    except AWAY as error:
        return type(error).__name__
    return "ok"


def _rows(machine: Machine) -> dict[str, Any]:
    now = clock.now()
    with reading(machine.db) as session:
        seen = session.execute(select(func.max(heartbeats.c.at))).scalar_one()
        due = session.execute(select(func.min(work.c.next_at))).scalar_one()
        unread = select(func.count()).where(inbound.c.state == "new")
        waiting = session.execute(unread).scalar_one()
    late = max(0.0, (now - due).total_seconds()) if due is not None else 0.0
    alive = seen is not None and now - seen < SEEN_WITHIN
    return {
        "worker": "ok" if alive else "not seen",
        "worker_seen_at": seen.isoformat() if seen else None,
        "oldest_due_seconds": round(late, 1),
        "unread_webhooks": waiting,
    }
