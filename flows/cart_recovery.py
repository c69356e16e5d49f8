"""Cart recovery: remind a person of what was left in the cart, until they buy."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from core.actions import (
    Action,
    Enrol,
    Exit,
    Go,
    Incentive,
    Purpose,
    Refuse,
    SendMessage,
    Skip,
    SubjectKind,
    Verdict,
)
from core.events import CartUpdated, ConsentChanged, Event, OrderEvent
from core.facts import CartFacts, ConsentFacts, Fact, Facts, PurchaseFacts, StockFacts, TripFacts
from core.reasons import Reason
from core.settings import FlowSettings, Section, misfit, setting
from core.steps import DISCOUNTS, MOST_MONEY, SteppedSettings, StepSettings
from flows.flow import Preset

OLDEST_CART = timedelta(days=14)
REST_AFTER_TRIP = timedelta(days=14)
FIRST_STEP_VALID = timedelta(hours=24)
LATER_STEP_VALID = timedelta(hours=48)


class Step(StepSettings):
    """One message of the trip: when, with which words, with what incentive."""

    content: Literal["reminder", "answers", "incentive", "last_call"] = setting(
        "reminder",
        label="Content",
        label_de="Inhalt",
        options={
            "reminder": ("Reminder", "Erinnerung"),
            "answers": ("Answers to questions", "Antworten auf Fragen"),
            "incentive": ("Offer", "Angebot"),
            "last_call": ("Last call", "Letzte Erinnerung"),
        },
    )


STANDARD = (
    Step(after_hours=1, content="reminder"),
    Step(after_hours=24, content="answers"),
    Step(after_hours=72, content="incentive", on=False, incentive="percent", value=10),
)


class CartRecoverySettings(SteppedSettings):
    """What a merchant sets for cart recovery."""

    steps: tuple[Step, ...] = setting(
        STANDARD, label="Steps", label_de="Schritte", unit=("Step", "Schritt"), min_length=1, max_length=5
    )
    minimum_cart: int = setting(
        0,
        label="Smallest cart",
        label_de="Kleinster Warenkorb",
        help="Nobody is reminded of a cart worth less.",
        help_de="An kleinere Warenkörbe wird nicht erinnert.",
        kind="money",
        ge=0,
        le=MOST_MONEY,
    )
    sections: ClassVar[tuple[Section, ...]] = (
        Section("steps", ("Steps", "Schritte"), ("steps",)),
        Section("carts", ("Which carts", "Welche Warenkörbe"), ("minimum_cart",)),
        DISCOUNTS,
    )

    @model_validator(mode="after")
    def _last_call_is_last(self) -> Self:
        for number, step in enumerate(self.steps[:-1]):
            if step.content == "last_call":
                raise misfit(
                    "The last call is the last step.",
                    "Die letzte Erinnerung ist der letzte Schritt.",
                    f"steps-{number}-content",
                )
        return self


def _at(*hours: int) -> tuple[Step, ...]:
    """The standard steps at other times."""
    timed = zip(STANDARD, hours, strict=True)
    return tuple(step.model_copy(update={"after_hours": after}) for step, after in timed)


LADDER = (
    Step(after_hours=1, content="reminder"),
    Step(after_hours=24, content="incentive", incentive="percent", value=10),
    Step(after_hours=48, content="incentive", incentive="percent", value=15),
    Step(after_hours=72, content="last_call", incentive="free_shipping"),
)
PRESETS: dict[str, Preset] = {
    "gentle": Preset(
        ("Gentle", "Sanft"),
        ("A little later, for a calm tone.", "Etwas später, für einen ruhigen Ton."),
        _at(2, 24, 72),
    ),
    "standard": Preset(
        ("Standard", "Standard"), ("What works in most shops.", "Was in den meisten Shops passt."), STANDARD
    ),
    "quick": Preset(
        ("Quick", "Schnell"),
        ("All within two days.", "Alles innerhalb von zwei Tagen."),
        _at(1, 24, 48),
    ),
    "ladder": Preset(
        ("Ladder", "Leiter"),
        (
            "First nothing, then 10%, 15%, and free shipping at last.",
            "Erst nichts, dann 10\u00a0%, 15\u00a0% und zuletzt kostenloser Versand.",
        ),
        LADDER,
    ),
    "single": Preset(
        ("Single", "Einzeln"),
        ("One reminder and no more.", "Eine einzige Erinnerung."),
        (Step(after_hours=24, content="reminder"),),
    ),
}


class CartRecovery:
    """Decides from what is true, whichever event brought it to mind, so that
    a shuffled or doubled stream of events ends where the clean one does."""

    key: ClassVar[str] = "cart_recovery"
    title: ClassVar[tuple[str, str]] = ("Cart recovery", "Warenkorb-Erinnerung")
    promise: ClassVar[tuple[str, str]] = (
        "Reminds people of the cart they left, and stops the moment they buy.",
        "Erinnert an den verlassenen Warenkorb und hört auf, sobald gekauft wurde.",
    )
    rank: ClassVar[int] = 20
    purpose: ClassVar[Purpose] = "marketing"
    subject: ClassVar[SubjectKind] = "cart"
    listens_to: ClassVar[tuple[type[Event], ...]] = (CartUpdated, OrderEvent, ConsentChanged)
    needs: ClassVar[tuple[type[Fact], ...]] = (CartFacts, PurchaseFacts, StockFacts, ConsentFacts, TripFacts)
    Settings: ClassVar[type[FlowSettings]] = CartRecoverySettings
    presets: ClassVar[Mapping[str, Preset]] = PRESETS

    def plan(self, event: Event, settings: FlowSettings, facts: Facts) -> Sequence[Action]:
        return self._decide(settings, facts)

    def _decide(self, settings: FlowSettings, facts: Facts) -> Sequence[Action]:
        assert isinstance(settings, CartRecoverySettings)
        ending = self._reason_to_end(facts)
        if ending is not None:
            return [Exit(ending)]
        reasons = self._reasons_against(settings, facts)
        if reasons:
            return [Refuse(reasons)]
        cart = facts[CartFacts]
        messages = self._messages(settings, cart)
        return [Enrol("cart", cart.cart_id, since=cart.activity_at, messages=messages)]

    def wake(self, name: str, settings: FlowSettings, facts: Facts) -> Sequence[Action]:
        """Look again at a trip under way, when its settings changed."""
        return self._decide(settings, facts)

    def recheck(self, message: SendMessage, settings: FlowSettings, facts: Facts) -> Verdict:
        assert isinstance(settings, CartRecoverySettings)
        ending = self._reason_to_end(facts)
        if ending is not None:
            return Skip(ending, ends_trip=True)
        if not facts[CartFacts].newest:
            # A newer cart that could not take the trip over still replaces this one.
            return Skip(Reason.CART_REPLACED, ends_trip=True)
        if self._all_sold_out(facts):
            return Skip(Reason.OUT_OF_STOCK, ends_trip=True)
        if not self._still_on(message, settings):
            return Skip(Reason.FLOW_OFF)
        if self._too_small(message, settings, facts):
            return Skip(Reason.BELOW_MINIMUM)
        return Go()

    def _reason_to_end(self, facts: Facts) -> Reason | None:
        """Why a trip under way is over, the weightiest reason first."""
        if TripFacts not in facts or facts[TripFacts].active_cart_id is None:
            return None
        cart, trip = facts[CartFacts], facts[TripFacts]
        if cart.cart_id != trip.active_cart_id and not cart.newest:
            return None
        if self._bought(facts):
            return Reason.BOUGHT
        if cart.cart_id != trip.active_cart_id:
            return None
        return self._reason_cart_is_dead(facts)

    def _bought(self, facts: Facts) -> bool:
        """Since the cart was begun or, where a newer cart has taken the trip
        over, since our first message of the trip."""
        cart, wrote_at = facts[CartFacts], facts[TripFacts].wrote_at
        since = min(cart.started_at, wrote_at or cart.started_at)
        return cart.completed or facts[PurchaseFacts].after(since)

    def _reason_cart_is_dead(self, facts: Facts) -> Reason | None:
        cart = facts[CartFacts]
        if not cart.lines:
            return Reason.CART_EMPTIED
        if cart.now - cart.activity_at > OLDEST_CART:
            return Reason.TOO_OLD
        return Reason.UNSUBSCRIBED if Reason.UNSUBSCRIBED in facts[ConsentFacts].reasons else None

    def _all_sold_out(self, facts: Facts) -> bool:
        """Only asked when a message is due: until then it may be back."""
        return facts[StockFacts].all_gone(tuple(line.variant_ref for line in facts[CartFacts].lines))

    def _reasons_against(self, settings: CartRecoverySettings, facts: Facts) -> tuple[Reason, ...]:
        """Every reason not to begin a trip, or not to let this cart into it."""
        cart, trip = facts[CartFacts], facts[TripFacts]
        resting = (
            trip.active_cart_id is None
            and trip.rested_since is not None
            and cart.now - trip.rested_since < REST_AFTER_TRIP
        )
        found = {
            Reason.BOUGHT: self._bought(facts),
            Reason.TEST_ORDER: cart.test,
            Reason.CART_EMPTIED: not cart.lines,
            Reason.CART_REPLACED: not cart.newest,
            Reason.TOO_OLD: cart.now - cart.activity_at > OLDEST_CART,
            Reason.BELOW_MINIMUM: bool(cart.lines) and cart.total.minor < settings.minimum_cart,
            Reason.RESTING: resting,
        }
        return tuple(r for r, holds in found.items() if holds) + facts[ConsentFacts].reasons

    def _messages(self, settings: CartRecoverySettings, cart: CartFacts) -> tuple[SendMessage, ...]:
        return tuple(
            self._message(number, step, cart)
            for number, step in enumerate(settings.steps, start=1)
            if step.on
        )

    def _message(self, number: int, step: Step, cart: CartFacts) -> SendMessage:
        due_at = cart.activity_at + timedelta(hours=step.after_hours)
        validity = FIRST_STEP_VALID if number == 1 else LATER_STEP_VALID
        incentive = Incentive(step.incentive, step.value)
        return SendMessage(number, step.content, due_at, due_at + validity, incentive)

    def _still_on(self, message: SendMessage, settings: CartRecoverySettings) -> bool:
        return message.step <= len(settings.steps) and settings.steps[message.step - 1].on

    def _too_small(self, message: SendMessage, settings: CartRecoverySettings, facts: Facts) -> bool:
        """For any message, or for the discount that this one brings."""
        least = settings.minimum_cart
        if message.incentive.kind != "none":
            least = max(least, settings.discount_minimum)
        return facts[CartFacts].total.minor < least


CART_RECOVERY = CartRecovery()
