"""What stories of waiting lines share: people who wait, what was told to whom, and how the line stands."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from core import clock
from core.db import transaction
from core.events import Contact
from core.facts import Mode
from core.models import Merchant
from core.models.tables import effects, restocks, sign_ups, variants
from engine import changes
from engine.identity import resolve
from engine.shop_settings import flow_settings
from flows import CATALOGUE
from flows.flow import Flow
from tests.engine.stories import Postbox
from tests.support.kontor import Kontor

BACK_IN_STOCK: Flow = CATALOGUE["back_in_stock"]
MUG = "mug"


def name(number: int) -> str:
    return f"person-{number:05}@example.com"


def open_line(kontor: Kontor, people: int, variant: str = MUG, mode: Mode = "live", **settings: Any) -> None:
    """The variant is sold out, the flow is on, and so many people wait, the first since longest."""
    switch(kontor, mode, **settings)
    kontor.hear(kontor.store.sell_out(variant))
    join(kontor, [name(number) for number in range(people)], variant)


def switch(kontor: Kontor, mode: Mode, **settings: Any) -> None:
    if settings:
        with transaction(kontor.machine.db) as session:
            known = flow_settings(session, kontor.merchant_id, BACK_IN_STOCK).settings.model_dump(mode="json")
        changes.save_flow(kontor.machine, kontor.merchant_id, BACK_IN_STOCK, known | settings, "Mara")
    changes.set_mode(kontor.machine, kontor.merchant_id, BACK_IN_STOCK, mode, "Mara")


def join(kontor: Kontor, emails: Sequence[str], variant: str = MUG, country: str | None = None) -> None:
    """These people sign up, one a second."""
    machine = kontor.machine
    with transaction(machine.db) as session:
        merchant = session.get_one(Merchant, kontor.merchant_id)
        mine = (variants.c.merchant_id == merchant.id, variants.c.ref == variant)
        row = session.execute(select(variants).where(*mine)).one()
        now = clock.now(merchant)
        for number, email in enumerate(emails):
            contact = Contact(email=email, country=country)
            found = resolve(session, machine.vault, merchant.id, contact, now)
            assert found is not None
            session.execute(
                sign_ups.insert().values(
                    merchant_id=merchant.id,
                    variant_id=row.id,
                    person_id=found.person_id,
                    address_id=found.email_id,
                    state="waiting",
                    episode=1,
                    source="page",
                    place_at=now - timedelta(seconds=len(emails) - number),
                    ends_at=now + timedelta(days=90),
                    confirmed_at=now,
                    created_at=clock.now(),
                )
            )


def told(postbox: Postbox) -> list[int]:
    """Who has been written to by their place in the line, in the order of writing."""
    return [int(message.to.partition("@")[0].rpartition("-")[2]) for message in postbox.sent]


def states(kontor: Kontor) -> list[str]:
    """How each person in the line stands, the first since longest."""
    rows = sorted(kontor.rows(sign_ups), key=lambda row: (row.place_at, row.id))
    return [row.state if row.reason is None else f"{row.state}:{row.reason}" for row in rows]


def reasons(kontor: Kontor) -> list[str | None]:
    """Why messages were left out."""
    rows = kontor.rows(effects, effects.c.kind == "send_message", effects.c.state == "skipped")
    return [row.reason for row in rows]


def lines(kontor: Kontor) -> list[tuple[str, str | None]]:
    return [(row.state, row.reason) for row in kontor.rows(restocks)]
