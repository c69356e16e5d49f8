"""What is stored can be seen, taken along and erased: by members, each with her name, and by nobody else."""

import csv
import json
import re
from html import unescape
from io import BytesIO, StringIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from sqlalchemy import func, select

from core.db import reading
from core.models import Merchant, metadata
from core.models.tables import (
    addresses,
    connections,
    data_acts,
    legal_acts,
    members,
    merchants,
    people,
    suppressions,
)
from engine import cells, checkups, data_list, whole_export
from engine.machine import Machine
from tests.fakes.woocommerce import OWNER
from tests.web.at_store import at_store
from tests.web.browsing import Visitor
from tests.web.conftest import Guests
from tests.web.in_admin import in_admin

ANNA = "anna@example.com"


class Member(Visitor):
    """A member at the page of data, in whose shop Anna has left a cart."""

    machine: Machine
    merchant: Merchant

    @property
    def told(self) -> str:
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", self.text)).split())

    def look(self, language: str = "en") -> "Member":
        self.open(f"/m/{self.merchant.key}/data?lang={language}")
        return self

    def acts(self) -> list[tuple[str, str, int]]:
        with reading(self.machine.db) as db:
            rows = db.execute(select(data_acts).order_by(data_acts.c.id))
            return [(row.kind, row.by, row.people) for row in rows]

    def count(self, table: object) -> int:
        with reading(self.machine.db) as db:
            return int(db.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[arg-type]


@pytest.fixture
def member(visitor: Visitor, merchant: Merchant, machine: Machine) -> Member:
    visitor.press("Add to cart").press("Go on to payment", "opt_in", email=ANNA).press("Fast-forward 1 h")
    found = Member(visitor.client)
    found.machine, found.merchant = machine, merchant
    return found.look()


def test_the_page_says_what_is_stored_why_and_how_long_as_the_privacy_page_does(member: Member) -> None:
    for language in ("en", "de"):
        page = member.look(language).told
        for one in data_list.said(language, "shopper", "member", "shop"):
            assert one.what in page
            assert one.until in page


def test_one_person_is_read_and_taken_along_with_the_members_name(member: Member) -> None:
    member.press("See what is stored", email=ANNA)
    assert re.search(r"/data/people/[0-9a-f]{64}$", member.path), "no address in the address"
    for words in (ANNA, "Known since", "Carts", "agreed"):
        assert words in member.told
    assert member.acts() == []
    (one,) = json.loads(member.press("Download as JSON").text)
    assert [address["value"] for address in one["addresses"]] == [ANNA]
    assert one["messages"][0]["subject"]
    assert member.acts() == [("person_exported", "You", 1)]
    assert "You exported everything about a person" in member.look().told


def test_the_page_of_a_person_gives_its_reasons_in_her_language(member: Member) -> None:
    member.open("/sandbox").press("Pay now").press("Fast-forward 1 day")
    member.look("de").press("Ansehen, was gespeichert ist", email=ANNA)
    assert "Die Person hat inzwischen gekauft." in member.told
    assert "The person" not in member.told


def test_erasing_a_person_names_what_goes_and_what_stays_and_then_does_it(member: Member) -> None:
    member.press("See what is stored", email=ANNA)
    member.open(f"{member.path}/erase")
    assert "Erase a…@example.com?" in member.told
    assert "a keyed hash of the address, so that it is never written to again" in member.told
    assert member.count(addresses) == 1, "looking erases nothing"
    member.press("Erase for good")
    assert "Erased: 1 person." in member.told
    assert (member.count(addresses), member.count(suppressions)) == (0, 1)
    assert member.acts() == [("person_erased", "You", 1)]
    with reading(member.machine.db) as db:
        assert db.execute(select(people.c.erased_at)).scalar_one() is not None
    assert (
        "Nothing is stored under this address." in member.look().press("See what is stored", email=ANNA).text
    )


def test_whoever_is_not_known_yet_can_be_kept_from_being_written_to(member: Member) -> None:
    member.press("See what is stored", email="ben@example.com")
    assert "Nothing is stored under this address." in member.told
    member.open(f"{member.path}/erase").press("Erase for good")
    assert "Nobody was known by this address. It is not written to from now on." in member.told
    assert member.count(suppressions) == 1


def test_what_is_no_address_is_said_to_be_none(member: Member) -> None:
    assert "This is no e-mail address." in member.press("See what is stored", email="#1001").text
    assert member.open(f"/m/{member.merchant.key}/data/people/xyz").status == 404


def test_everything_about_the_shop_comes_as_tables_that_can_be_read(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_export, "BATCH", 1)
    key = member.merchant.key
    assert member.sees_button("Export everything")
    answer = member.client.post(f"/m/{key}/data/export", data={"csrf_token": token(member)})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="kontor.zip"'
    with ZipFile(BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
        told = {name: archive.read(name).decode() for name in archive.namelist()}
    assert "a table in each file" in told["README.txt"]
    tables = {
        name.removesuffix(".csv"): list(csv.DictReader(StringIO(text)))
        for name, text in told.items()
        if name.endswith(".csv")
    }
    assert [row["value"] for row in tables["addresses"]] == [ANNA]
    assert any("subject" in row["content"] for row in tables["effects"])
    for name in ("inbound", "effects", "inbound_people"):
        assert len(tables[name]) == member.count(metadata.tables[name]) >= 2, name
    assert member.acts() == [("shop_exported", "You", 0)]


def test_no_key_and_nothing_that_signs_somebody_in_is_in_it(member: Member) -> None:
    answer = member.client.post(f"/m/{member.merchant.key}/data/export", data={"csrf_token": token(member)})
    with ZipFile(BytesIO(answer.data)) as archive:
        names = set(archive.namelist())
        header = archive.read("connections.csv").decode().splitlines()[0]
    assert names & {"sign_in_links.csv", "member_sessions.csv", "letter_wishes.csv"} == set()
    assert not any(word in header for word in ("token,", "refresh,", "secret"))


@pytest.mark.parametrize(("text", "cell"), [("=1+1", "'=1+1"), ("@x", "'@x"), ("Anna", "Anna"), ("", "")])
def test_no_cell_is_a_formula(text: str, cell: str) -> None:
    assert cells.safe(text) == cell


def test_the_export_holds_no_more_than_a_batch_in_memory(member: Member) -> None:
    pieces = list(whole_export.of(member.machine, member.merchant.id))
    assert len(pieces) > 20
    assert max(len(piece) for piece in pieces) < 200_000


def token(member: Member) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', member.look().text)
    assert found
    return found[1]


def test_the_shop_is_erased_only_by_whoever_types_its_name(member: Member) -> None:
    member.open(f"/m/{member.merchant.key}/data/erase?lang=en").press("Erase everything for good", name="x")
    assert member.status == 422
    assert "That is not the shop's name, so nothing was erased." in member.told
    assert member.count(merchants) == 1
    member.press("Erase everything for good", name=f"  {member.merchant.name} ")
    assert f"Everything about {member.merchant.name} is erased" in member.told
    hers = [table for table in metadata.sorted_tables if "merchant_id" in table.c]
    assert {table.name: member.count(table) for table in hers if member.count(table)} == {}
    assert member.count(merchants) == 0
    with reading(member.machine.db) as db:
        acts = [(row.kind, row.outcome) for row in db.execute(select(legal_acts).order_by(legal_acts.c.id))]
    assert ("shop_erasure", "erased") in acts
    assert member.open(f"/m/{member.merchant.key}/data").status in (401, 404)


def test_a_connected_shop_is_disconnected_first(tmp_path: Path, sqlite_url: str) -> None:
    with at_store(tmp_path, sqlite_url) as woo:
        woo.connect(OWNER[0])
        checkups.run(woo.door.machine)
        assert woo.store.webhooks() != []
        with reading(woo.door.machine.db) as db:
            name = db.execute(select(merchants.c.name)).scalar_one()
        woo.hers.get(f"/m/{woo.key}/data/erase?lang=en")
        assert woo.hers.post(f"/m/{woo.key}/data/erase", name=name).status_code == 200
        assert "is erased" in woo.hers.text
        assert "did not answer" not in woo.hers.text
        assert woo.store.webhooks() == []
        with reading(woo.door.machine.db) as db:
            assert db.execute(select(connections)).all() == []
            assert db.execute(select(members)).all() == []
        assert woo.hers.get("/sign-in").status_code == 200


def test_inside_the_admin_it_is_exported_and_erased_as_well(tmp_path: Path, sqlite_url: str) -> None:
    with in_admin(tmp_path, sqlite_url) as admin:
        admin.visit()
        page = f"/m/{admin.key()}/data"
        assert admin.visit(page).status_code == 200
        assert admin.post(f"{page}/export", id_token=admin.token()).data.startswith(b"PK")
        with reading(admin.door.machine.db) as db:
            name = db.execute(select(merchants.c.name)).scalar_one()
        answer = admin.post(f"{page}/erase", name=name, id_token=admin.token())
        assert answer.status_code == 200
        assert "is erased" in unescape(answer.text)
        with reading(admin.door.machine.db) as db:
            assert db.execute(select(members)).all() == []


def test_a_stranger_and_nobody_reach_none_of_it(member: Member, guests: Guests) -> None:
    _, stranger, nobody = guests("shopify")
    key, before = member.merchant.key, member.count(addresses)
    for client, status in ((stranger, 404), (nobody, 401)):
        for path in ("", "/erase", f"/people/{'0' * 64}", f"/people/{'0' * 64}/erase"):
            assert client.get(f"/m/{key}/data{path}").status_code == status
    assert member.count(addresses) == before
