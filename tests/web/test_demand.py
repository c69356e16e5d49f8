"""What a merchant learns of what people wait for, and how she has them told now."""

import csv
import re
from datetime import timedelta
from html import unescape
from io import StringIO
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text, update

from core.db import dialect_of, reading, transaction
from core.events import Stock
from core.models import Merchant
from core.models.tables import effects, merchants, restocks, sign_ups, variants
from engine import demand
from engine import sign_ups as engine_sign_ups
from engine.machine import Machine
from engine.sign_ups import Wish, join
from tests.support.kontor import Kontor
from tests.support.waiting import BLANKET, SOLD_OUT, SOME, crowd, stock, switch
from tests.web.browsing import Visitor
from tests.web.conftest import Guests
from tests.web.in_admin import in_admin


class Owner(Visitor):
    """The merchant at her demand page."""

    machine: Machine
    merchant: Merchant

    @property
    def told(self) -> str:
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", self.text)).split())

    def look(self, path: str = "", language: str = "en") -> "Owner":
        self.open(f"/m/{self.merchant.key}/demand{path}?lang={language}")
        return self

    def stock(self, told: Stock | None, ref: str, **more: object) -> int:
        return stock(self.machine, self.merchant.id, told, ref, **more)  # type: ignore[arg-type]

    def waits(self, ref: str, *people: str) -> None:
        for name in people:
            wish = Wish(ref, f"{name}@example.com", "en", "waitlist_form", "text")
            join(self.machine, self.merchant, wish)

    def table(self) -> list[list[str]]:
        self.look()
        self.press("Export as CSV")
        return list(csv.reader(StringIO(self.text.removeprefix("\ufeff"))))


@pytest.fixture
def owner(visitor: Visitor, machine: Machine, merchant: Merchant) -> Owner:
    found = Owner(visitor.client)
    found.machine, found.merchant = machine, merchant
    switch(machine, merchant.id, double_opt_in=False)
    return found


@pytest.fixture
def busy(owner: Owner) -> Owner:
    """Three wait for the blanket, one for the mug."""
    owner.stock(SOLD_OUT, "mug", title="Mug", colour="", price=1800)
    owner.stock(SOLD_OUT, "blanket")
    owner.waits("mug", "anna")
    owner.waits("blanket", "anna", "ben", "carla")
    return owner


def number_of(owner: Owner, ref: str) -> int:
    with reading(owner.machine.db) as session:
        found = variants.select().where(variants.c.ref == ref, variants.c.merchant_id == owner.merchant.id)
        return int(session.execute(found).one().id)


def test_what_is_wanted_most_comes_first_with_what_it_is_worth(busy: Owner) -> None:
    busy.look()
    assert "4 people wait · 2 products or variants" in busy.told
    assert busy.told.index("Wool blanket, Clay") < busy.told.index("Mug")
    assert "People waiting 3" in busy.told
    assert "€267.00" in busy.told
    assert "sold out SKU-blanket" in busy.told
    assert "example.com" not in busy.text
    assert "<script" not in busy.text


def test_it_is_among_her_pages_and_says_so_in_german(busy: Owner) -> None:
    busy.look(language="de")
    assert f'href="/m/{busy.merchant.key}/demand" aria-current="page">Nachfrage' in busy.text
    assert "3" in busy.told
    assert "Wert 267,00\xa0€".replace("\xa0", " ") in busy.told
    assert "Jetzt benachrichtigen" in busy.told


def test_who_has_not_confirmed_or_has_left_is_not_counted(busy: Owner) -> None:
    switch(busy.machine, busy.merchant.id, double_opt_in=True)
    busy.waits("mug", "dora")
    with reading(busy.machine.db) as session:
        ben = session.execute(sign_ups.select().order_by(sign_ups.c.id)).all()[2]
    engine_sign_ups.leave(busy.machine, busy.merchant.id, ben.id)
    assert "3 people wait · 2 products or variants" in busy.look().told


@pytest.mark.parametrize(
    ("told", "more", "words"),
    [
        (SOME, {}, "back in stock"),
        (Stock("always"), {}, "back in stock"),
        (SOLD_OUT, {"published": False}, "not offered at the moment"),
    ],
)
def test_how_each_stands_is_said_as_it_is(
    busy: Owner, told: Stock, more: dict[str, object], words: str
) -> None:
    busy.stock(told, "mug", title="Mug", colour="", minutes=5, **more)
    assert words in busy.look().told


def test_what_was_removed_is_said_to_be_gone_and_a_wave_under_way_which(busy: Owner) -> None:
    mug, blanket = number_of(busy, "mug"), number_of(busy, "blanket")
    busy.stock(SOME, "blanket", minutes=5)
    now = busy.merchant.created_at
    row = {
        "merchant_id": busy.merchant.id,
        "variant_id": blanket,
        "flow": "back_in_stock",
        "mode": "live",
        "wave": 2,
        "called": 7,
        "wave_called": 1,
        "state": "running",
        "began_at": now,
    }
    with transaction(busy.machine.db) as session:
        session.execute(update(variants).where(variants.c.id == mug).values(gone_at=now))
        session.execute(insert(restocks).values(**row))
    assert "removed from the shop" in busy.look().told
    assert "back, wave 2 under way 4 in stock" in busy.told


def test_while_nobody_waits_it_says_what_to_do(owner: Owner) -> None:
    owner.look()
    assert "Nobody waits at the moment" in owner.told
    assert f"/s/{owner.merchant.key}/waitlist?variant=" in owner.told
    switch(owner.machine, owner.merchant.id, "off")
    assert "Switch the flow “Back in stock” on" in owner.look().told


def test_the_table_to_take_along_names_no_person(busy: Owner) -> None:
    busy.stock(SOLD_OUT, "formula", title="=1+1", colour="", price=100)
    busy.waits("formula", "anna")
    head, *rows = busy.table()
    assert head == ["Product", "SKU", "People waiting", "Since", "Worth", "Currency"]
    assert [row[:3] for row in rows] == [
        ["Wool blanket, Clay", "SKU-blanket", "3"],
        ["Mug", "SKU-mug", "1"],
        ["'=1+1", "SKU-formula", "1"],
    ]
    assert rows[0][4:] == ["267.00", "EUR"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", rows[0][3])
    assert "@" not in "".join(cell for row in rows for cell in row)


def test_a_long_list_is_shown_in_parts(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.demand.SHOWN", 2)
    monkeypatch.setattr("web.demand.EXPORTED_AT_ONCE", 2)
    for n in range(3):
        owner.stock(SOLD_OUT, f"thing-{n}", title=f"Thing {n}", colour="")
        owner.waits(f"thing-{n}", *(f"p{one}" for one in range(3 - n)))
    owner.look()
    assert ("Thing 1" in owner.told, "Thing 2" in owner.told) == (True, False)
    owner.open(f"/m/{owner.merchant.key}/demand?page=2")
    assert ("Thing 1" in owner.told, "Thing 2" in owner.told) == (False, True)
    owner.open(f"/m/{owner.merchant.key}/demand?page=9")
    assert "Nothing more" in owner.told
    for odd in ("0", "-1", "x", "9" * 30, "%00", "²"):
        assert "Thing 0" in owner.open(f"/m/{owner.merchant.key}/demand?page={odd}").text
    assert [row[0] for row in owner.table()[1:]] == ["Thing 0", "Thing 1", "Thing 2"]


# Telling them now.


def test_before_anybody_is_told_she_sees_who_it_would_be(busy: Owner) -> None:
    busy.stock(SOME, "blanket", minutes=5)
    busy.look(f"/{number_of(busy, 'blanket')}/notify")
    assert "Tell those who wait for Wool blanket, Clay now?" in busy.told
    assert "a…@example.com b…@example.com c…@example.com" in busy.told
    assert "anna@" not in busy.text
    assert 'max="3" value="3"' in busy.text
    assert "no more than 12 people are told at a time" in busy.told


def test_where_nothing_is_there_she_is_told_so_honestly(busy: Owner) -> None:
    busy.look(f"/{number_of(busy, 'blanket')}/notify")
    assert "nothing of it is in stock" in busy.told
    assert "3 people are told for each piece" in busy.told
    switch(busy.machine, busy.merchant.id, "shadow")
    assert "The flow runs in shadow" in busy.look(f"/{number_of(busy, 'blanket')}/notify").told
    switch(busy.machine, busy.merchant.id, "off")
    busy.look(f"/{number_of(busy, 'blanket')}/notify")
    assert "Nobody is told: the flow is off." in busy.told
    assert 'name="people"' not in busy.text


def test_the_button_has_the_line_looked_at_now_for_as_many_as_she_said(busy: Owner) -> None:
    number = number_of(busy, "blanket")
    busy.look(f"/{number}/notify")
    busy.press("Notify now", people="2")
    assert "Up to 2 people are told" in busy.told
    with reading(busy.machine.db) as session:
        look = session.execute(effects.select().where(effects.c.kind == "release_wave")).all()
    assert [(row.payload["name"], row.payload["people"]) for row in look] == [("now", 2)]


@pytest.mark.parametrize("people", ["", "0", "-3", "x", "1e3", "9" * 40, "²"])
def test_so_many_must_be_a_number(busy: Owner, people: str) -> None:
    busy.look(f"/{number_of(busy, 'blanket')}/notify")
    busy.press("Notify now", people=people)
    assert "Say with a number how many people may be told" in busy.told
    with reading(busy.machine.db) as session:
        assert session.execute(effects.select().where(effects.c.kind == "release_wave")).all() == []


def test_what_nobody_waits_for_is_not_to_be_told_of(busy: Owner) -> None:
    number = busy.stock(SOLD_OUT, "kettle")
    assert busy.client.get(f"/m/{busy.merchant.key}/demand/{number}/notify").status_code == 404
    assert busy.client.get(f"/m/{busy.merchant.key}/demand/{10**18}/notify").status_code == 404


def test_a_stranger_sees_nothing_of_it(busy: Owner, guests: Guests) -> None:
    number = number_of(busy, "blanket")
    mine, stranger, nobody = guests("woocommerce")
    for path in ("", f"/{number}/notify"):
        asked = f"/m/{busy.merchant.key}/demand{path}"
        assert [one.get(asked).status_code for one in (mine, stranger, nobody)] == [200, 404, 401]


def test_inside_the_admin_it_works_as_well(tmp_path: Path, sqlite_url: str) -> None:
    with in_admin(tmp_path, sqlite_url) as admin:
        admin.visit()
        page, machine = f"/m/{admin.key()}/demand", admin.door.machine
        with reading(machine.db) as session:
            merchant = session.scalars(select(Merchant).where(merchants.c.key == admin.key())).one()
        switch(machine, merchant.id, double_opt_in=False)
        number = stock(machine, merchant.id, SOLD_OUT)
        join(machine, merchant, Wish(BLANKET, "anna@example.com", "en", "waitlist_form", "text"))
        shown = admin.visit(page)
        assert shown.status_code == 200
        assert "frame-ancestors https://" in shown.headers["Content-Security-Policy"]
        assert "Wool blanket, Clay" in admin.post(f"{page}/export", id_token=admin.token()).text
        assert admin.visit(f"{page}/{number}/notify").status_code == 200
        told = admin.post(f"{page}/{number}/notify", people="1", id_token=admin.token())
        assert told.status_code == 303
        with reading(machine.db) as session:
            look = session.execute(effects.select().where(effects.c.kind == "release_wave")).one()
    assert look.payload["people"] == 1


def test_however_many_wait_one_index_answers_who_wants_what(kontor_on_both: Kontor) -> None:
    kontor = kontor_on_both
    number = stock(kontor.machine, kontor.merchant_id, SOLD_OUT)
    crowd(kontor, number)
    with reading(kontor.machine.db) as session:
        if dialect_of(session) == "postgresql":
            # So few are as quickly read in other ways.
            session.execute(text("SET LOCAL enable_seqscan = off"))
            session.execute(text("SET LOCAL enable_bitmapscan = off"))
        asked = demand._lines(kontor.merchant_id)
        compiled = str(asked.compile(session.get_bind(), compile_kwargs={"literal_binds": True}))
        how = "EXPLAIN QUERY PLAN" if dialect_of(session) == "sqlite" else "EXPLAIN"
        plan = " ".join(str(row) for row in session.execute(text(f"{how} {compiled}")))
        (one,) = demand.listing(session, kontor.merchant_id, 10)
    assert "ix_sign_ups_demand" in plan
    assert one.people == 2_000


def test_a_price_that_changed_is_todays(busy: Owner) -> None:
    busy.stock(SOLD_OUT, "blanket", price=10000, minutes=5)
    assert "€300.00" in busy.look().told


def test_waiting_since_is_the_first_in_line(busy: Owner) -> None:
    mug = number_of(busy, "mug")
    with transaction(busy.machine.db) as session:
        earliest = session.execute(sign_ups.select().order_by(sign_ups.c.place_at)).all()[0].place_at
        long_ago = earliest - timedelta(days=30)
        session.execute(update(sign_ups).where(sign_ups.c.variant_id == mug).values(place_at=long_ago))
    since = {row[0]: row[3] for row in busy.table()[1:]}
    assert since["Mug"] < since["Wool blanket, Clay"]
