"""One flow looking at one subject: what deciding and enrolling pass along."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from core.models import Merchant
from core.reasons import Reason
from engine.decisions import Said, record
from engine.known import Subject
from engine.machine import Machine
from engine.shop_settings import Saved, ShopSettings
from flows.flow import Flow


@dataclass(frozen=True, slots=True)
class Deciding:
    """`saved` is what the flow is set to, `shop` the shop as a whole; `now` is
    the merchant's time and `inbound_id` the webhook that led here. `cart_trips`
    are all that the subject's cart has had of the flow, `enrolled_lately` how
    many people have entered it live within the hour."""

    machine: Machine
    session: Session
    merchant: Merchant
    flow: Flow
    shop: ShopSettings
    saved: Saved
    subject: Subject
    now: datetime
    inbound_id: int | None = None
    cart_trips: Sequence[Any] = ()
    enrolled_lately: int = 0

    def record(
        self,
        kind: str,
        reasons: Sequence[Reason] = (),
        *,
        enrolment_id: int | None = None,
        cart_id: int | None = None,
    ) -> None:
        """Record what was decided about the subject, or about another cart."""
        said = Said(
            merchant_id=self.merchant.id,
            flow=self.flow.key,
            mode=self.saved.mode,
            kind=kind,
            subject_id=cart_id or self.subject.id,
            person_id=self.subject.person_id,
            settings_version=self.saved.version,
            at=self.now,
            reasons=reasons,
            enrolment_id=enrolment_id,
            inbound_id=self.inbound_id,
        )
        record(self.session, said)


@dataclass(frozen=True, slots=True)
class Trip:
    """The person's running trip through this flow in this mode."""

    id: int
    subject_id: int
    settings_version: int
    state: str
