"""What stories of waiting lines share: people who wait, what was told to whom, and how the line stands."""

from collections.abc import Sequence
from typing import Any

from core.facts import Mode
from core.models.tables import effects, restocks, sign_ups, variants
from tests.engine.stories import Postbox
from tests.support import waiting
from tests.support.kontor import Kontor

MUG = "mug"


def name(number: int) -> str:
    return f"person-{number:05}@example.com"


def open_line(kontor: Kontor, people: int, variant: str = MUG, mode: Mode = "live", **settings: Any) -> None:
    """The variant is sold out, the flow is on, and so many people wait, the first since longest."""
    switch(kontor, mode, **settings)
    kontor.hear(kontor.store.sell_out(variant))
    join(kontor, [name(number) for number in range(people)], variant)


def switch(kontor: Kontor, mode: Mode, **settings: Any) -> None:
    waiting.switch(kontor.machine, kontor.merchant_id, mode, **settings)


def join(kontor: Kontor, emails: Sequence[str], variant: str = MUG, country: str | None = None) -> None:
    """These people sign up, one a second."""
    (row,) = kontor.rows(variants, variants.c.ref == variant)
    waiting.stand_in_line(kontor.machine, kontor.merchant_id, row.id, emails, country)


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
