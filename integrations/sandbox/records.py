"""The sandbox shop's own records, each read and written as its JSON."""

from typing import Literal, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.models import SandboxRecord
from core.models.tables import sandbox_records as table
from integrations.sandbox.bodies import Body, SwitchBody

Kind = Literal["product", "cart", "order", "code", "customer", "switch"]
Switch = Literal["loses_webhooks", "answers_late", "is_down"]
B = TypeVar("B", bound=Body)


class Records:
    """The records of one sandbox, inside one transaction.

    With `locking`, two acts on the same record happen one after the other.
    """

    def __init__(self, session: Session, merchant_id: int, *, locking: bool = True) -> None:
        self._session = session
        self._merchant_id = merchant_id
        self._locking = locking

    def find(self, kind: Kind, ref: str, body: type[B]) -> B | None:
        row = self._row(kind, ref)
        return None if row is None else body.model_validate(row.data)

    def all(self, kind: Kind, body: type[B]) -> list[B]:
        """Every record of the kind, in the order of their making."""
        query = select(SandboxRecord).where(table.c.merchant_id == self._merchant_id, table.c.kind == kind)
        rows = self._session.scalars(query.order_by(table.c.id))
        return [body.model_validate(row.data) for row in rows]

    def put(self, kind: Kind, ref: str, body: Body) -> None:
        data = body.model_dump(mode="json")
        row = self._row(kind, ref)
        if row is None:
            self._session.add(SandboxRecord(merchant_id=self._merchant_id, kind=kind, ref=ref, data=data))
            return self._session.flush()
        row.data = data
        self._session.add(row)
        return None

    def remove(self, kind: Kind, ref: str) -> None:
        row = self._row(kind, ref)
        if row is not None:
            self._session.delete(row)

    def is_on(self, switch: Switch) -> bool:
        found = self.find("switch", switch, SwitchBody)
        return found is not None and found.on

    def _row(self, kind: Kind, ref: str) -> SandboxRecord | None:
        query = select(SandboxRecord).where(
            table.c.merchant_id == self._merchant_id,
            table.c.kind == kind,
            table.c.ref == ref,
        )
        return self._session.scalars(query.with_for_update() if self._locking else query).first()
