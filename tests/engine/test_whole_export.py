"""Everything of a shop is read batch by batch on both databases, and nothing twice or never."""

import csv
import tracemalloc
from io import BytesIO, StringIO
from zipfile import ZipFile

import pytest

from core import clock
from core.models.tables import effects, inbound, inbound_people, settings_versions
from engine import whole_export
from engine.inbox import body_binding
from tests.support.kontor import Kontor


@pytest.mark.parametrize("batch", [1, 2, 500])
def test_every_row_is_in_it_once(kontor_on_both: Kontor, monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    kontor = kontor_on_both
    monkeypatch.setattr(whole_export, "BATCH", batch)
    for guest in ("anna@example.com", "ben@example.com"):
        kontor.leave_cart(guest)
    kontor.forward(hours=2)
    with ZipFile(BytesIO(b"".join(whole_export.of(kontor.machine, kontor.merchant_id)))) as archive:
        for table in (effects, inbound, settings_versions):
            told = list(csv.DictReader(StringIO(archive.read(f"{table.name}.csv").decode())))
            assert [row["id"] for row in told] == [str(row.id) for row in kontor.rows(table)]
        pairs = list(csv.DictReader(StringIO(archive.read("inbound_people.csv").decode())))
        assert len(pairs) == len({(row["inbound_id"], row["person_id"]) for row in pairs}) > 2
        assert inbound_people.name in {name.removesuffix(".csv") for name in archive.namelist()}
        (shop,) = csv.DictReader(StringIO(archive.read("merchants.csv").decode()))
        assert shop["name"] == kontor.merchant.name


def test_long_bodies_are_not_all_in_memory_at_once(kontor: Kontor) -> None:
    body, mine = "x" * 300_000, kontor.merchant_id
    row = {"merchant_id": mine, "topic": "orders", "state": "done"}
    row |= {"about_orders": False, "received_at": clock.now()}
    for number in range(150):
        dedupe = f"long-{number}"
        sealed = kontor.machine.vault.seal(body, body_binding(mine, dedupe))
        kontor.write(inbound.insert().values(**row, dedupe=dedupe, body=sealed))
    tracemalloc.start()
    try:
        assert sum(len(piece) for piece in whole_export.of(kontor.machine, mine)) > 150
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 20_000_000
