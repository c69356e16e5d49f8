"""Clicks on links in messages: every request is led on, only people count.

Mail gateways open every link of a message within seconds of its arrival, and
browsers fetch ahead. Those are written down with the reason why they do not
count; nobody is ever kept from the shop.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import insert, transaction
from core.models import Merchant
from core.models.tables import clicks, effects
from engine.late import note
from engine.links import Clicked, Unsubscribe
from engine.machine import Machine

UNSUBSCRIBE_LINK = "unsubscribe"
EVERY_LINK_WITHIN = timedelta(seconds=5)
MOST_KEPT = 200

# Who reads mail for others: gateways that check links, and previews of them.
_SCANNERS = re.compile(
    r"bot\b|bot[/_-]|crawl|spider|slurp|preview|scanner|facebookexternalhit|whatsapp|skypeuripreview|telegram"
    r"|barracuda|mimecast|proofpoint|fireeye|trendmicro|symantec|messagelabs|forcepoint|sophos|cloudmark|ironport"
    r"|safelinks|office 365|microsoft office|ms-office|googleimageproxy|yahoomailproxy"
    r"|curl/|wget/|python|go-http-client|libwww|java/|okhttp|apache-httpclient|axios|node-fetch|ruby|perl",
    re.IGNORECASE,
)
_AHEAD = ("sec-purpose", "purpose", "x-purpose", "x-moz")


@dataclass(frozen=True, slots=True)
class Visit:
    """A request as far as it tells who made it; header names are lower-case."""

    method: str
    headers: Mapping[str, str]


def record(machine: Machine, clicked: Clicked, visit: Visit) -> str | None:
    """Write the click down; where it leads, or None where it leads nowhere
    any more."""
    with transaction(machine.db) as session:
        targets = _targets(session, clicked.merchant_id, clicked.effect_id)
        if clicked.link not in targets:
            return None
        _keep(session, clicked, _why_not(visit), {*targets, UNSUBSCRIBE_LINK})
    return targets[clicked.link]


def looked_at(machine: Machine, asked: Unsubscribe) -> None:
    """Somebody opened the unsubscribe page; a scanner that opens every link
    is known by it."""
    clicked = Clicked(asked.merchant_id, asked.effect_id, UNSUBSCRIBE_LINK)
    with transaction(machine.db) as session:
        targets = _targets(session, asked.merchant_id, asked.effect_id)
        if targets:
            _keep(session, clicked, UNSUBSCRIBE_LINK, {*targets, UNSUBSCRIBE_LINK})


def _targets(session: Session, merchant_id: int, effect_id: int) -> dict[str, str]:
    """The message's links by name, only those that lead to the web. Its row is
    locked, so that two requests of one moment see each other."""
    mine = (effects.c.merchant_id == merchant_id, effects.c.id == effect_id)
    payload = session.execute(select(effects.c.payload).where(*mine).with_for_update()).scalar_one_or_none()
    links = (payload or {}).get("links", {})
    return {name: url for name, url in links.items() if url.startswith(("https://", "http://"))}


def _why_not(visit: Visit) -> str | None:
    """Why this request is not a person's click, as far as it tells alone."""
    agent = visit.headers.get("user-agent", "")
    if visit.method != "GET":
        return "not_get"
    if any(re.search("prefetch|prerender|preview", visit.headers.get(name, "")) for name in _AHEAD):
        return "prefetch"
    if not agent.strip() or _SCANNERS.search(agent):
        return "scanner"
    return None


def _keep(session: Session, clicked: Clicked, why_not: str | None, every_link: set[str]) -> None:
    """A link opened over and over is kept a while and then no more; what does
    not count never crowds out what does."""
    merchant = session.get_one(Merchant, clicked.merchant_id)
    at = clock.now(merchant)
    mine = (clicks.c.merchant_id == clicked.merchant_id, clicks.c.effect_id == clicked.effect_id)
    if _opened_just_now(session, clicked, at) | {clicked.link} >= every_link:
        why_not = why_not or "every_link"
        recent = (*mine, clicks.c.at > at - EVERY_LINK_WITHIN, clicks.c.counted)
        session.execute(update(clicks).where(*recent).values(counted=False, why_not="every_link"))
    known = select(clicks.c.counted).where(*mine).limit(2 * MOST_KEPT)
    kept = list(session.execute(known).scalars())
    if kept.count(why_not is None) >= MOST_KEPT or len(kept) >= 2 * MOST_KEPT:
        return
    session.execute(
        insert(clicks, session).values(
            merchant_id=clicked.merchant_id,
            effect_id=clicked.effect_id,
            link=clicked.link,
            at=at,
            counted=why_not is None,
            why_not=why_not,
        )
    )
    due = select(effects.c.due_at).where(
        effects.c.merchant_id == clicked.merchant_id, effects.c.id == clicked.effect_id
    )
    note(session, merchant, session.execute(due).scalars().all())


def _opened_just_now(session: Session, clicked: Clicked, at: datetime) -> set[str]:
    found = select(clicks.c.link).where(
        clicks.c.merchant_id == clicked.merchant_id,
        clicks.c.effect_id == clicked.effect_id,
        clicks.c.at > at - EVERY_LINK_WITHIN,
    )
    return set(session.execute(found).scalars())
