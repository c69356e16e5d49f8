"""Everything of a merchant as a ZIP of tables, written as it is read: however
large the shop is, no more than a batch of it is in memory."""

import json
import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from sqlalchemy import LargeBinary, Table, select, tuple_

from core.db import reading
from core.models import metadata
from core.models import tables as t
from core.vault import SealBroken
from engine.cells import lines, safe
from engine.machine import Machine
from engine.rotation import SEALED, Sealed

BATCH = 500
# Of what holds whole messages or reports, of which one may have two megabytes.
SEALED_BATCH = 10
# Secrets by which one gets in, and what is no more than machinery.
LEFT_OUT = {t.sign_in_links, t.letter_wishes, t.member_sessions, t.work}
# What is encrypted and not named here, such as keys, is nobody's to take along.
OPENED = {
    (t.addresses, "value"),
    (t.carts, "url"),
    (t.data_requests, "contact"),
    (t.effects, "content"),
    (t.inbound, "body"),
    (t.mailbox_messages, "mime"),
    (t.members, "email"),
    (t.people, "first_name"),
}
ABOUT = Path(__file__).parent.parent / "templates" / "data" / "README.txt"


def of(machine: Machine, merchant_id: int) -> Iterator[bytes]:
    """The file's pieces, one after the other."""
    pieces = _Pieces()
    with ZipFile(pieces, "w", ZIP_DEFLATED) as archive:  # type: ignore[call-overload]
        archive.writestr("README.txt", ABOUT.read_text())
        for table in metadata.sorted_tables:
            if table is t.merchants or ("merchant_id" in table.c and table not in LEFT_OUT):
                with archive.open(f"{table.name}.csv", "w", force_zip64=True) as file:
                    for text in _text_of(machine, table, merchant_id):
                        file.write(text.encode())
                        yield pieces.taken()
                yield pieces.taken()
    yield pieces.taken()


class _Pieces:
    """What a ZIP is written to; it can't go back, so nothing has to be kept."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def write(self, some: bytes) -> int:
        self._waiting += some
        return len(some)

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self) -> bytes:
        some, self._waiting = bytes(self._waiting), bytearray()
        return some


def _text_of(machine: Machine, table: Table, merchant_id: int) -> Iterator[str]:
    sealed = {one.column: one for one in SEALED if (one.table, one.column) in OPENED and one.table is table}
    columns = [one.name for one in table.c if one.name in sealed or not isinstance(one.type, LargeBinary)]
    yield lines([columns])
    most = min(BATCH, SEALED_BATCH) if sealed else BATCH
    for rows in _batches(machine, table, merchant_id, most):
        yield lines([[_cell(machine, row, name, sealed.get(name)) for name in columns] for row in rows])


def _batches(machine: Machine, table: Table, merchant_id: int, most: int) -> Iterator[Sequence[Any]]:
    """Each in a transaction of its own: nobody waits for a slow download."""
    key, whose = list(table.primary_key), table.c.id if table is t.merchants else table.c.merchant_id
    wanted, last = select(table).where(whose == merchant_id).order_by(*key).limit(most), None
    while True:
        further = wanted if last is None else wanted.where(tuple_(*key) > tuple_(*last))
        with reading(machine.db) as session:
            rows = session.execute(further).all()
        if rows:
            yield rows
        if len(rows) < most:
            return
        last = [getattr(rows[-1], column.name) for column in key]


def _cell(machine: Machine, row: Any, name: str, sealed: Sealed | None) -> str:
    value = getattr(row, name)
    if value is None:
        return ""
    if sealed is not None:
        return safe(_opened(machine, row, value, sealed))
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return safe(value) if isinstance(value, str) else str(value)


def _opened(machine: Machine, row: Any, value: bytes, sealed: Sealed) -> str:
    """A value that no known key opens must not keep the rest back."""
    try:
        plain = machine.vault.open(value, sealed.binding(row))
    except SealBroken:
        return ""
    if sealed.table is t.effects:
        plain = zlib.decompress(plain)
    return plain.decode("utf-8", "replace")
