"""What every action in a shop needs: its memory, and how its news goes out."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.fakes.shopify import shapes
from tests.fakes.shopify.cost import Bucket
from tests.fakes.shopify.hooks import Delivery, Hooks
from tests.fakes.shopify.memory import Memory
from tests.fakes.shopify.tokens import Installation


@dataclass
class Acting:
    """What every action has at hand."""

    memory: Memory
    installation: Installation
    hooks: Hooks
    bucket: Bucket

    @property
    def domain(self) -> str:
        return self.memory.profile.domain

    @property
    def codes(self) -> list[str]:
        """Every code ever made here, in order, deleted ones too."""
        return [one.code for one in self.memory.codes_made]

    def send(self, topic: str, body: dict[str, Any], event_id: str | None = None) -> Delivery | None:
        """An uninstalled app hears nothing but of the uninstall itself and the compliance topics."""
        return self.hooks.deliver(self.domain, topic, shapes.withheld(self.memory, body), event_id)

    def tell(self, silent: bool, *news: tuple[str, dict[str, Any]]) -> None:
        """All deliveries of one action carry one event id."""
        if silent or not self.installation.installed:
            return
        event_id = str(uuid.uuid4())
        for topic, body in news:
            self.send(topic, body, event_id)

    def new(self) -> dict[str, Any]:
        now: datetime = self.memory.moment()
        return {"number": self.memory.number(), "created_at": now, "updated_at": now}


def apply(thing: object, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        assert hasattr(thing, name), f"{type(thing).__name__} has no {name}"
        setattr(thing, name, value)
