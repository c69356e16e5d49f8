"""Small builders for what a flow is asked with: a cart left at ten, and what is known."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from core.actions import Action, Enrol, Exit, Incentive, Refuse, SendMessage, Verdict
from core.events import Cart as CartTold
from core.events import CartUpdated, Contact, Line, Stock
from core.facts import CartFacts, ConsentFacts, Facts, PurchaseFacts, StockFacts, TripFacts
from core.money import Money
from core.reasons import Reason
from core.steps import StepSettings
from flows.cart_recovery import CART_RECOVERY, CartRecoverySettings

TEN = datetime(2026, 3, 3, 10, tzinfo=UTC)
MUG = Line("mug", "mug", "Enamel mug", 1, Money(1800, "EUR"))
DEFAULTS = CartRecoverySettings()


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


@dataclass(frozen=True)
class Case:
    """What is known of one person's cart; every field can be replaced."""

    now: datetime = TEN
    cart_id: int = 1
    started_at: datetime = TEN
    activity_at: datetime = TEN
    lines: tuple[Line, ...] = (MUG,)
    completed: bool = False
    test: bool = False
    newest: bool = True
    bought_at: tuple[datetime, ...] = ()
    stock: tuple[tuple[str, Stock], ...] = ()
    consent: tuple[Reason, ...] = ()
    trip_cart: int | None = None
    steps_done: frozenset[int] = frozenset()
    rested_since: datetime | None = None
    wrote_at: datetime | None = None
    settings: CartRecoverySettings = DEFAULTS

    def but(self, **changes: object) -> "Case":
        return replace(self, **changes)  # type: ignore[arg-type]

    def facts(self) -> Facts:
        at = (self.now, self.now)
        total = Money(sum(line.price.minor * line.quantity for line in self.lines), "EUR")
        return Facts(
            CartFacts(
                *at,
                self.cart_id,
                f"cart-{self.cart_id}",
                self.started_at,
                self.activity_at,
                self.lines,
                total,
                self.completed,
                self.test,
                self.newest,
            ),
            PurchaseFacts(*at, self.bought_at),
            StockFacts(*at, dict(self.stock)),
            ConsentFacts(*at, self.consent),
            TripFacts(
                *at,
                self.trip_cart,
                TEN if self.trip_cart else None,
                self.steps_done,
                self.rested_since,
                self.wrote_at,
            ),
        )

    def plan(self) -> Sequence[Action]:
        told = CartTold(
            f"cart-{self.cart_id}", TEN, self.activity_at, self.now, Contact(), Money(0, "EUR"), self.lines
        )
        return CART_RECOVERY.plan(CartUpdated(told), self.settings, self.facts())

    def wake(self) -> Sequence[Action]:
        return CART_RECOVERY.wake("settings", self.settings, self.facts())

    def recheck(self, step: int = 1, incentive: Incentive | None = None) -> Verdict:
        message = SendMessage(step, "reminder", self.now, self.now + hours(24), incentive or Incentive())
        return CART_RECOVERY.recheck(message, self.settings, self.facts())

    def enrolment(self) -> Enrol:
        (action,) = self.plan()
        assert isinstance(action, Enrol), action
        return action

    def due_after(self) -> list[timedelta]:
        return [message.due_at - self.activity_at for message in self.enrolment().messages]

    def refused_for(self) -> tuple[Reason, ...]:
        (action,) = self.plan()
        assert isinstance(action, Refuse), action
        return action.reasons

    def exits_with(self) -> Reason:
        (action,) = self.plan()
        assert isinstance(action, Exit), action
        return action.reason


def with_steps(*steps: StepSettings, **more: object) -> CartRecoverySettings:
    return CartRecoverySettings.model_validate({"steps": steps, **more})
