"""One flow looking at one subject: what deciding and enrolling pass along."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from core.models import Merchant
from engine.known import Subject
from engine.machine import Machine
from engine.shop_settings import Saved
from flows.flow import Flow


@dataclass(frozen=True, slots=True)
class Deciding:
    """`now` is the merchant's time; `inbound_id` the webhook that led here."""

    machine: Machine
    session: Session
    merchant: Merchant
    flow: Flow
    saved: Saved
    subject: Subject
    now: datetime
    inbound_id: int | None = None


@dataclass(frozen=True, slots=True)
class Trip:
    """The person's running trip through this flow in this mode."""

    id: int
    subject_id: int
    settings_version: int
    state: str
