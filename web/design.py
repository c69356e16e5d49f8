"""Every part that pages are made of, on one page: for whoever builds the next one. Development only."""

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any, Literal

from flask import Blueprint, render_template

from core import clock
from core.settings import Option, Settings, setting
from engine.figures import Figures, Takings
from web import chart
from web.fields import Form, draw
from web.forms import shown
from web.values import Speech

bp = Blueprint("design", __name__, url_prefix="/design")

TOKENS = (
    ("ground", "card", "sunk", "line", "edge"),
    ("ink", "soft", "brand", "on-brand"),
    ("good", "good-ground", "warn", "warn-ground", "bad", "bad-ground", "calm", "calm-ground"),
)
# How many messages went out on each of twelve days, and how many orders came of them.
DAYS = ((3, 0), (8, 1), (5, 0), (0, 0), (13, 3), (9, 2), (4, 0), (7, 1), (15, 4), (11, 2), (2, 0), (6, 1))

SHOP = SimpleNamespace(key="sample", timezone="Europe/Berlin", platform="sandbox")


class Sample(Settings):
    """One setting of each kind."""

    tick: bool = setting(
        True, label="A tick", label_de="Ein Haken", help="Yes or no.", help_de="Ja oder nein."
    )
    number: int = setting(3, label="A number", label_de="Eine Zahl", unit=("h", "Std."), ge=1, le=9)
    line: str = setting("Mug & Meadow", label="A line", label_de="Eine Zeile", kind="line", max_length=80)
    lines: str = setting("", label="Several lines", label_de="Mehrere Zeilen", kind="lines", max_length=200)
    colour: str = setting("#1f6f54", label="A colour", label_de="Eine Farbe", kind="colour")
    choice: Literal["one", "other"] = setting(
        "one",
        label="One of few",
        label_de="Eines von wenigen",
        kind="radio",
        options={
            "one": Option(("This", "Dies"), ("What it means.", "Was es bedeutet.")),
            "other": Option(("That", "Jenes"), ("What that means.", "Was jenes bedeutet.")),
        },
    )


@bp.get("")
def page() -> str:
    return render_template(
        "design/page.html", tokens=TOKENS, form=_form(), card=_card(), entry=_entry(), shop=SHOP
    )


def _form() -> Form:
    speech = Speech.of("EUR")
    faults = {"number": "Between 1 and 9, please."}
    return draw(Sample, shown(Sample(), speech), speech, faults)


def _card() -> Any:
    """A flow's figures, as the overview shows them."""
    today = date(2026, 3, 31)
    days = [today - timedelta(days=back) for back in reversed(range(len(DAYS)))]
    figures = [Figures(accepted=sent, takings={"EUR": Takings(recovered=orders)}) for sent, orders in DAYS]
    return SimpleNamespace(key="sample", mode="live", chart=chart.of(days, figures))


def _entry() -> Any:
    """A decision with what was planned and what came of it."""
    at = clock.now()
    effects = [
        SimpleNamespace(
            state=state, content=content, reason=reason, mode="live", kind="send_message", due_at=at,
            wake_at=None, acted_at=at, kept=False, in_doubt=False,
        )
        for state, content, reason in (
            ("done", "reminder", None),
            ("skipped", "answers", "purchased"),
            ("unknown", "incentive", None),
        )
    ]  # fmt: skip
    return SimpleNamespace(
        id=1, flow="cart_recovery", mode="live", kind="enrolled", reasons=(), at=at, times=1,
        enrolment_id=1, masked="a…@example.com", total_minor=4900, currency="EUR", effects=effects,
    )  # fmt: skip
