"""A store of a platform that no page has ever heard of is connected as any other, once it is registered."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select, update

from core.db import reading, transaction
from core.errors import InDoubt, NeedsMerchant, Permanent, Retryable
from core.models.tables import connections
from engine import attempts
from engine.access import access_to
from engine.machine import Machine
from integrations.live import ConnectedShop, Profile
from integrations.roles import Access, ShopIdentity
from integrations.self_hosted import Found, HandedOver, Problem, Proven, Returned, SelfHosted
from tests.web.at_store import Pages
from tests.web.doorstep import Doorstep, doorstep

START = "/connect/mugware"
CLOSED = Problem("closed", english="The mug shop is closed.", german="Der Becherladen ist geschlossen.")


class Mugware:
    """The platform as its folder would tell it; `says` is what a store answers when its keys are tried."""

    key, title = "mugware", "Mugware"
    keys_at = ("Mugware → Shelf → Keys", "Mugware → Regal → Schlüssel")
    says: Exception | None = None

    def domain(self, typed: str) -> str | Problem:
        return typed.lower()

    def find(self, typed: str) -> Found | Problem:
        return CLOSED if "closed" in typed else Found(typed.lower(), "Eve's mugs", {"shelf": "7"})

    def approval_url(self, found: Found, *, state: str, back: str, callback: str) -> str:
        return f"https://{found.domain}/allow?state={state}&back={back}&callback={callback}"

    def returned(self, query: Mapping[str, str]) -> Returned:
        return Returned(query.get("state", ""), "no" in query)

    def handed_over(self, body: bytes) -> HandedOver:
        told = json.loads(body)
        return HandedOver(told["state"], told["key"], may_write=True)

    def prove(self, found: Found, token: str, email: str) -> Proven | Problem:
        if self.says is not None:
            raise self.says
        access = Access(0, ShopIdentity(found.domain, None, "EUR"), token, {"shelf": found.meta["shelf"]})
        return Proven(access, Profile(found.domain, None, found.name, "EUR", "Europe/Berlin"), is_owners=True)

    def refused(self, error: NeedsMerchant | Permanent, domain: str) -> Problem:
        return CLOSED

    def problem(self, word: str) -> Problem | None:
        return CLOSED if word == CLOSED.word else None


class Answering:
    """All that connecting a store asks of it, once its keys are proven."""

    readings = ()
    keeps_consent = False


@pytest.fixture
def mugware() -> Mugware:
    return Mugware()


@pytest.fixture
def door(
    mugware: Mugware, tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Doorstep]:
    monkeypatch.setattr(attempts, "SETTLING", timedelta())
    with doorstep(tmp_path, sqlite_url, APP_URL="https://kontor.example", SANDBOX="0") as found:
        platforms: dict[str, SelfHosted] = found.app.extensions["kontor.self_hosted"]
        platforms[mugware.key] = mugware
        live = {**found.machine.connected, mugware.key: cast(ConnectedShop, Answering())}
        machine = replace(found.machine, connected=live)
        found.app.extensions["kontor"] = machine
        yield replace(found, machine=machine)


@pytest.fixture
def hers(door: Doorstep) -> Pages:
    return Pages(door)


def approved(hers: Pages) -> str:
    """She has typed her store's address and approved there; where it leads her back to."""
    assert "Connect your Mugware shop" in hers.get(f"{START}?lang=en").text
    sent = hers.post(START, address="Mugs.example", email="eve@example.com").headers["Location"]
    told = {name: values[0] for name, values in parse_qs(urlsplit(sent).query).items()}
    assert told["callback"] == f"{hers.base}{START}/keys"
    body = json.dumps({"state": told["state"], "key": "a-key-of-mugware"})
    assert hers.client.post(f"{START}/keys", data=body, base_url=hers.base).status_code == 200
    return f"{told['back'].removeprefix(hers.base)}?state={told['state']}"


def connection(machine: Machine) -> Any:
    with reading(machine.db) as session:
        return session.execute(select(connections)).one_or_none()


def test_she_types_the_address_approves_confirms_and_is_in(door: Doorstep, hers: Pages) -> None:
    hers.get(approved(hers))
    assert "Eve's mugs" in hers.text
    page = hers.post(f"{START}/confirm").headers["Location"]
    assert hers.get(page).status_code == 200
    hers.get(f"{page}/connection")
    assert "Mugware → Shelf → Keys" in hers.text
    row = connection(door.machine)
    assert (row.platform, row.domain, row.meta) == ("mugware", "mugs.example", {"shelf": "7"})
    assert access_to(door.machine, row.merchant_id).token == "a-key-of-mugware"


@pytest.mark.parametrize(("language", "says"), [("en", CLOSED.english), ("de", CLOSED.german)])
def test_what_the_platform_says_is_said_in_her_language(hers: Pages, language: str, says: str) -> None:
    hers.get(f"{START}?lang={language}")
    assert hers.post(START, address="closed.example", email="eve@example.com").status_code == 422
    assert says in hers.text


@pytest.mark.parametrize("error", [NeedsMerchant("closed"), Permanent("no")], ids=repr)
def test_keys_that_the_store_refuses_connect_nothing(
    door: Doorstep, mugware: Mugware, hers: Pages, error: Exception
) -> None:
    hers.get(approved(hers))
    mugware.says = error
    assert hers.post(f"{START}/confirm").status_code == 422
    assert CLOSED.english in hers.text
    assert connection(door.machine) is None


@pytest.mark.parametrize("error", [Retryable("later"), InDoubt("who knows")], ids=repr)
def test_a_store_that_can_not_say_may_be_confirmed_again(
    door: Doorstep, mugware: Mugware, hers: Pages, error: Exception
) -> None:
    hers.get(approved(hers))
    mugware.says = error
    assert hers.post(f"{START}/confirm").headers["Location"] == f"{START}/back"
    mugware.says = None
    hers.get(f"{START}/back")
    hers.post(f"{START}/confirm")
    assert connection(door.machine) is not None


def test_another_browser_is_told_where_this_platform_lists_its_keys(door: Doorstep, hers: Pages) -> None:
    anna = Pages(door)
    anna.get(f"{START}?lang=de")
    assert anna.get(approved(hers)).status_code == 403
    assert "Mugware → Regal → Schlüssel" in anna.text


def test_declining_is_understood(door: Doorstep, hers: Pages) -> None:
    hers.get(f"{approved(hers)}&no=1")
    assert "You declined" in hers.text
    assert hers.post(f"{START}/confirm").status_code == 410


def test_the_pages_link_to_every_platform(hers: Pages) -> None:
    hers.get("/sign-in?lang=en")
    for key, title in (("woocommerce", "WooCommerce"), ("mugware", "Mugware")):
        assert f'<a href="/connect/{key}">Connect your {title} shop</a>' in hers.text


def test_why_a_store_needs_her_is_the_platforms_own_word(door: Doorstep, hers: Pages) -> None:
    hers.get(approved(hers))
    page = hers.post(f"{START}/confirm").headers["Location"]
    with transaction(door.machine.db) as session:
        session.execute(update(connections).values(state="needs_merchant", state_reason="closed"))
    assert CLOSED.english in hers.get(f"{page}/connection").text
    assert f'href="{START}"' in hers.text


def test_a_platform_that_is_not_registered_has_no_pages(door: Doorstep, hers: Pages) -> None:
    hers.get(START)
    for path in ("/connect/teaware", "/connect/teaware/back", "/connect/sandbox"):
        assert hers.get(path).status_code == 404
    assert hers.post("/connect/teaware", address="a.example", email="eve@example.com").status_code == 404
    assert hers.client.post("/connect/teaware/keys", data="{}", base_url=hers.base).status_code == 404
