"""Back in stock: tell those who asked, in their order and never more than there is for them."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import ClassVar

from core.actions import (
    Action,
    CloseLine,
    Exit,
    Go,
    Purpose,
    ReleaseWave,
    SendMessage,
    Skip,
    SubjectKind,
    Verdict,
    WakeAt,
)
from core.events import BackInStockRequested, Event, ProductUpdated, Stock, StockChanged
from core.facts import ConsentFacts, Fact, Facts, LineFacts, SignUpFacts
from core.reasons import Reason
from core.settings import FlowSettings, Section, setting
from core.steps import OneMessageSettings
from flows.flow import Preset

MESSAGE_VALID = timedelta(hours=6)


class BackInStockSettings(OneMessageSettings):
    """What a merchant sets for back in stock."""

    content: ClassVar[str] = "back"
    minimum: int = setting(
        1,
        label="Tell from so many on",
        label_de="Melden ab",
        help="One return should not wake five hundred people.",
        help_de="Eine einzelne Retoure sollte nicht fünfhundert Personen wecken.",
        unit=("pieces", "Stück"),
        ge=1,
        le=10_000,
    )
    settle_minutes: int = setting(
        2,
        label="Tell only once it has been so for",
        label_de="Erst melden, wenn es so lange da ist",
        help="Stock that comes and goes within this time tells nobody.",
        help_de="Bestand, der in dieser Zeit kommt und geht, benachrichtigt niemanden.",
        unit=("min", "Min."),
        ge=1,
        le=1_440,
    )
    factor: int = setting(
        3,
        label="People told for each piece",
        label_de="Personen je Stück",
        help="Not everybody buys: with three, thirty people hear of ten pieces.",
        help_de="Nicht alle kaufen: Bei drei erfahren dreißig Personen von zehn Stück.",
        ge=1,
        le=20,
    )
    unknown_people: int = setting(
        50,
        label="People told where your shop keeps no number",
        label_de="Personen, wenn Ihr Shop keine Stückzahl führt",
        ge=1,
        le=1_000,
    )
    pause_minutes: int = setting(
        60,
        label="Until the next wave",
        label_de="Bis zur nächsten Welle",
        help="So long those who were told have it to themselves.",
        help_de="So lange haben die Benachrichtigten den Vortritt.",
        unit=("min", "Min."),
        ge=10,
        le=1_440,
    )
    double_opt_in: bool = setting(
        True,
        label="Confirm sign-ups by e-mail",
        label_de="Eintragungen per E-Mail bestätigen lassen",
        help="Whoever signs up gets a link first: nobody signs up for somebody else, and you can prove it.",
        help_de="Wer sich einträgt, erhält zuerst einen Link: So trägt niemand andere ein, und Sie können es"
        " belegen.",
    )
    keep_days: int = setting(
        90,
        label="A place holds for",
        label_de="Ein Platz gilt",
        help="After that a sign-up ends by itself.",
        help_de="Danach endet eine Eintragung von selbst.",
        unit=("days", "Tage"),
        ge=1,
        le=365,
    )
    # Whoever asked to be told is not left out for a comparison.
    holdout: int = setting(
        0, label="Leave out to compare", label_de="Zum Vergleich auslassen", kind="elsewhere", ge=0, le=0
    )
    sections: ClassVar[tuple[Section, ...]] = (
        Section("stock", ("When it is back", "Wann es wieder da ist"), ("minimum", "settle_minutes")),
        Section(
            "waves",
            ("In waves", "In Wellen"),
            ("factor", "unknown_people", "pause_minutes"),
            (
                "Whoever has waited longest is told first; the others keep their place.",
                "Wer am längsten wartet, erfährt es zuerst; die anderen behalten ihren Platz.",
            ),
        ),
        Section("sign_ups", ("Sign-ups", "Eintragungen"), ("double_opt_in", "keep_days")),
    )


class BackInStock:
    """Decides for the whole line of a variant, and once more for each message."""

    key: ClassVar[str] = "back_in_stock"
    title: ClassVar[tuple[str, str]] = ("Back in stock", "Wieder da")
    promise: ClassVar[tuple[str, str]] = (
        "Tells those who asked when something is back, in their order and in fair waves.",
        "Sagt denen Bescheid, die darauf warten: der Reihe nach und in fairen Wellen.",
    )
    rank: ClassVar[int] = 10
    purpose: ClassVar[Purpose] = "requested"
    subject: ClassVar[SubjectKind] = "sign_up"
    listens_to: ClassVar[tuple[type[Event], ...]] = (StockChanged, ProductUpdated, BackInStockRequested)
    needs: ClassVar[tuple[type[Fact], ...]] = (LineFacts, SignUpFacts, ConsentFacts)
    Settings: ClassVar[type[FlowSettings]] = BackInStockSettings
    presets: ClassVar[Mapping[str, Preset]] = {}

    def plan(self, event: Event, settings: FlowSettings, facts: Facts) -> Sequence[Action]:
        assert isinstance(settings, BackInStockSettings)
        line = facts[LineFacts]
        if line.gone:
            return [CloseLine(Reason.NO_LONGER_SOLD)]
        if line.running:
            missing = self._missing(line, self._least(settings, line))
            return [Exit(missing)] if missing else []
        if self._missing(line, settings.minimum) or not line.anybody:
            return []
        return [WakeAt(line.now + timedelta(minutes=settings.settle_minutes), "wave")]

    def wake(self, name: str, settings: FlowSettings, facts: Facts) -> Sequence[Action]:
        """The next wave, or more people for the present one, for as long as it lasts."""
        assert isinstance(settings, BackInStockSettings)
        line = facts[LineFacts]
        if line.gone:
            return [CloseLine(Reason.NO_LONGER_SOLD)]
        missing = self._missing(line, self._least(settings, line))
        if missing:
            return [Exit(missing)]
        pause = timedelta(minutes=settings.pause_minutes)
        begins = line.wave_at is None or line.now >= line.wave_at + pause
        next_wave = line.now + pause if begins or line.wave_at is None else line.wave_at + pause
        spoken_for = line.on_way + (0 if begins else line.told - line.ordered)
        people = max(0, self._most(settings, line.stock) - spoken_for)
        return [
            ReleaseWave(people, self._message(line), begins),
            WakeAt(min(next_wave, line.later_at or next_wave), "wave"),
        ]

    def recheck(self, message: SendMessage, settings: FlowSettings, facts: Facts) -> Verdict:
        assert isinstance(settings, BackInStockSettings)
        line, wish = facts[LineFacts], facts[SignUpFacts]
        if not wish.holds:
            return Skip(Reason.LEFT_LINE, ends_trip=True)
        if wish.bought:
            return Skip(Reason.BOUGHT, ends_trip=True)
        missing = Reason.NO_LONGER_SOLD if line.gone else self._missing(line, 1)
        if missing:
            return Skip(missing, ends_trip=True)
        if line.told - line.ordered + line.on_way > self._most(settings, line.stock):
            return Skip(Reason.NEXT_WAVE, ends_trip=True)
        return Go()

    def _least(self, settings: BackInStockSettings, line: LineFacts) -> int:
        """So much must be there for the first wave; after that it is told of while it lasts."""
        return 1 if line.waves else settings.minimum

    def _missing(self, line: LineFacts, least: int) -> Reason | None:
        """Why nobody is to be told now."""
        if not line.offered:
            return Reason.NOT_OFFERED
        stock = line.stock
        enough = stock.sellable and (stock.units is None or stock.units >= least)
        return None if enough else Reason.OUT_OF_STOCK

    def _most(self, settings: BackInStockSettings, stock: Stock) -> int:
        """How many people may know of it at a time."""
        return settings.unknown_people if stock.units is None else settings.factor * stock.units

    def _message(self, line: LineFacts) -> SendMessage:
        return SendMessage(1, BackInStockSettings.content, line.now, line.now + MESSAGE_VALID)


BACK_IN_STOCK = BackInStock()
