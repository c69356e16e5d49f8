"""A merchant's pages and records are hers and her colleagues': a stranger, and
whoever is nobody, learns nothing from any route or function."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from werkzeug.routing import Rule

from core import clock
from core.db import reading, transaction
from core.events import Contact
from core.models import Member, metadata
from core.models.tables import (
    addresses,
    data_requests,
    decisions,
    effects,
    enrolments,
    inbound,
    mailbox_messages,
    member_sessions,
    members,
    sender_addresses,
    sign_ups,
)
from core.models.tables import mail_servers as mail_servers_table
from engine import (
    blast,
    changes,
    clicks,
    colleagues,
    data_acts,
    deliverability,
    disconnecting,
    doubt,
    inbox,
    links,
    mail_servers,
    own_words,
    pauses,
    restocks,
    senders,
    sign_in,
    simulation,
    summaries,
    trial_mails,
    waitlist,
)
from engine import data_requests as engine_requests
from engine import demand as engine_demand
from engine import member_sessions as engine_sessions
from engine import sign_ups as engine_sign_ups
from engine.consent import Act, objected, opt_out
from engine.recipients import recipient
from flows import CATALOGUE
from integrations.mailbox import channel
from integrations.sandbox import seed
from integrations.sandbox.store import Store
from tests.support.kontor import Kontor
from tests.support.waiting import SOLD_OUT, sign_up, stock, switch
from tests.web.doorstep import Doorstep, Resident, doorstep
from web.doors import Door

# What each route is: a page of one merchant's, open to all, or proved by a signature of its own.
GUARDED = {
    "overview.page",
    "guide.page",
    "guide.own_mails_seen",
    "guide.put_away",
    "guide.take_out",
    "activity.index",
    "activity.detail",
    "activity.message",
    "activity.message_html",
    "activity.look_at_held",
    "activity.decide_on_doubt",
    "activity.look_for",
    "look_back.page",
    "look_back.ask",
    "look_back.leave_out",
    "mailbox.index",
    "mailbox.message",
    "mailbox.html",
    "connection.page",
    "connection.disconnect",
    "connection.look",
    "connection.data_request",
    "connection.invite",
    "connection.remove",
    "connection.end_session",
    "connection.end_sessions",
    "words.page",
    "words.save",
    "words.saved_preview",
    "words.typed_preview",
    "words.send_test",
    "brand.saved_preview",
    "brand.typed_preview",
    "flow.page",
    "flow.change",
    "flow.apply_times",
    "flow_mode.ask",
    "flow_mode.switch",
    "settings.page",
    "settings.save",
    "sender.page",
    "sender.enter",
    "sender.prove",
    "sender.look_again",
    "sender.forget",
    "summary.order",
    "data.page",
    "data.look",
    "data.person",
    "data.export_person",
    "data.ask_to_erase_person",
    "data.erase_person",
    "data.export_shop",
    "data.ask_to_erase_shop",
    "data.erase_shop",
    "demand.page",
    "demand.export",
    "demand.ask",
    "demand.notify",
    "summary.give_up",
    "mail_server.page",
    "mail_server.enter",
    "mail_server.prove",
    "mail_server.forget",
}
# These name what every merchant has: nothing of another one's.
EVERYBODYS = {"flow", "step", "mark"}
SIGNED = {"shopper.unsubscribe_page", "shopper.unsubscribe", "shopper.follow"}
# Coming from a platform's admin, proved by what the platform signed; `deeper` and `again` only lead on.
# A mail server knows the secret that the address ends in.
SIGNED |= {"bounces.take", "summary_mailed.ask", "summary_mailed.stop"}
# A link in a mail about a waiting line.
SIGNED |= {"waitlist.look", "waitlist.act"}
SIGNED |= {"install.home", "install.begin", "install.finish"}
# A platform signs what its shops' pages send on.
SIGNED |= {"storefront.form", "storefront.sign_up"}
# What pages say without a signature is hearsay, and nothing is answered.
SIGNED |= {"pixel.take"}
OPEN = {"static", "shopper.example", "health.healthz", "install.deeper", "install.again"}
# A store brings its keys with the state it was given, a member the secret of her link; before that
# all may ask to connect or to sign in.
SIGNED |= {"connect.take_keys", "connect.back", "connect.confirm", "signing_in.look", "signing_in.use"}
OPEN |= {"connect.start", "connect.begin", "signing_in.ask", "signing_in.send", "signing_in.leave"}
# Whoever wants what is sold out may sign up.
OPEN |= {"waitlist.page", "waitlist.join", "waitlist.form"}
DEVELOPMENT = {"session.development_sign_in", "design.page"}
OPEN |= {f"public.{name}" for name in ("home", "privacy", "support", "imprint", "data_processing")}
SANDBOX = "sandbox."
ADDRESS = "anna@example.com"


@dataclass
class Cast:
    """The merchant with a shop in which something has happened, her colleague,
    and a stranger's merchant."""

    kontor: Kontor
    door: Doorstep
    stranger: Resident

    def browser(self, merchant_id: int | None = None, member_id: int | None = None) -> FlaskClient:
        client = self.door.app.test_client()
        if merchant_id is not None:
            with client.session_transaction() as session:
                session["member"] = [merchant_id, member_id or self.member_of(merchant_id)]
        return client

    def member_of(self, merchant_id: int) -> int:
        first = select(func.min(members.c.id)).where(members.c.merchant_id == merchant_id)
        with reading(self.kontor.machine.db) as session:
            return int(session.execute(first).scalar_one())

    def colleague(self) -> FlaskClient:
        with transaction(self.kontor.machine.db) as session:
            member = Member(merchant_id=self.kontor.merchant_id, platform_user="bea", name="Bea")
            session.add(member)
            session.flush()
        return self.browser(self.kontor.merchant_id, member.id)

    @property
    def key(self) -> str:
        return self.kontor.merchant.key

    def paths(self, rule: Rule) -> list[str]:
        """Every address of a guarded route that names something of the merchant's."""
        acts = re.search(r"any\(([^)]*)\)", rule.rule)
        told = {
            "key": [self.key],
            "decision_id": [row.id for row in self.kontor.rows(decisions)][-1:],
            "effect_id": [row.id for row in self.kontor.rows(effects)][:1],
            "message_id": [row.id for row in self.kontor.rows(mailbox_messages)][:1],
            "flow": ["cart_recovery"],
            "step": [1],
            "variant_id": [row.variant_id for row in self.kontor.rows(sign_ups)][:1],
            "mark": [row.fingerprint for row in self.kontor.rows(addresses)][:1],
            "member_id": [row.id for row in self.kontor.rows(members)][:1],
            "request_id": [row.id for row in self.kontor.rows(data_requests)][:1],
            "session_id": [row.id for row in self.kontor.rows(member_sessions)][:1],
            "act": acts[1].split(", ") if acts else [],
        }
        found = [rule.rule]
        for name in rule.arguments:
            found = [
                re.sub(rf"<(?:[^<>]*:)?{name}>", str(value), path) for path in found for value in told[name]
            ]
        assert found
        return found


@pytest.fixture
def cast(sqlite_url: str, tmp_path: Path) -> Iterator[Cast]:
    """As in production, where no sandbox is open to all: its merchant is one like any other."""
    with doorstep(tmp_path, sqlite_url, SANDBOX="0") as door:
        kontor = Kontor(door.machine, *_sandbox(door))
        kontor.leave_cart(ADDRESS)
        kontor.forward(hours=2)
        switch(door.machine, kontor.merchant_id, double_opt_in=False)
        stock(door.machine, kontor.merchant_id, SOLD_OUT)
        sign_up(kontor, ADDRESS)
        engine_sessions.begin(door.machine, kontor.merchant_id, kontor.rows(members)[0].id)
        asked = Contact(email=ADDRESS)
        with transaction(door.machine.db) as session:
            engine_requests.remember(door.machine.vault, session, kontor.merchant_id, "7", asked, ())
        yield Cast(kontor, door, door.resident("woocommerce"))


def _sandbox(door: Doorstep) -> tuple[int, Door, Store]:
    merchant = seed.seed(door.machine.runtime)
    return merchant.id, door.app.extensions["kontor.door"], Store(door.machine.runtime, merchant.id)


def rules(door: Doorstep) -> list[Rule]:
    return list(door.app.url_map.iter_rules())


def visit(browser: FlaskClient, method: str, path: str) -> Any:
    return browser.open(path, method=method)


def test_every_route_is_known_to_be_guarded_signed_or_open(sqlite_url: str, tmp_path: Path) -> None:
    with doorstep(tmp_path, sqlite_url) as door:
        found = {rule.endpoint for rule in rules(door) if not rule.endpoint.startswith(SANDBOX)}
    assert found == GUARDED | SIGNED | OPEN | DEVELOPMENT


def test_every_route_that_names_a_merchant_is_guarded(cast: Cast) -> None:
    named = {rule.endpoint for rule in rules(cast.door) if "key" in rule.arguments}
    assert named - DEVELOPMENT == GUARDED


def test_the_merchant_and_her_colleague_see_her_pages(cast: Cast) -> None:
    mine = cast.browser(cast.kontor.merchant_id)
    for browser in (mine, cast.colleague()):
        for rule in guarded(cast):
            if "GET" in (rule.methods or ()):
                for path in cast.paths(rule):
                    assert visit(browser, "GET", path).status_code == 200, path


def test_a_stranger_is_told_that_there_is_nothing_and_nobody_to_sign_in(cast: Cast) -> None:
    stranger, nobody = cast.browser(cast.stranger.id), cast.browser()
    cast.door.app.config["WTF_CSRF_ENABLED"] = False
    before = everything_of_hers(cast)
    hers = ("example.com", cast.kontor.merchant.name, "Reminder")
    for rule in guarded(cast):
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            for path in cast.paths(rule):
                answers = [visit(browser, method, path) for browser in (stranger, nobody)]
                assert [answer.status_code for answer in answers] == [404, 401], path
                for answer in answers:
                    assert not any(word in answer.text for word in hers)
    assert everything_of_hers(cast) == before


def test_a_number_of_another_merchants_under_ones_own_name_leads_nowhere(cast: Cast) -> None:
    """The key is the stranger's own, the numbers are the merchant's."""
    stranger = cast.browser(cast.stranger.id)
    for rule in guarded(cast):
        if "GET" in (rule.methods or ()) and rule.arguments - {"key", "act"} - EVERYBODYS:
            for path in cast.paths(rule):
                assert visit(stranger, "GET", path.replace(cast.key, cast.stranger.key)).status_code == 404, (
                    path
                )


@pytest.mark.parametrize(
    "member",
    [None, 7, "x", [], [1], [1, 2, 3], ["1", "x"], [None, None], [{}, []], {"id": 1}, [1, -1]],
)
def test_a_cookie_of_another_shape_is_nobodys(cast: Cast, member: Any) -> None:
    browser = cast.door.app.test_client()
    with browser.session_transaction() as session:
        session["member"] = member
    assert browser.get(f"/shops/{cast.key}/activity").status_code in (401, 404)


def test_a_colleague_who_left_is_a_stranger_at_once(cast: Cast) -> None:
    browser = cast.colleague()
    cast.kontor.write(members.delete().where(members.c.name == "Bea"))
    assert browser.get(f"/shops/{cast.key}/activity").status_code == 404


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é", "%00", "W10.x"])
def test_a_link_that_we_did_not_sign_leads_nowhere(cast: Cast, token: str) -> None:
    browser = cast.browser()
    for path, method in (("/u/", "GET"), ("/u/", "POST"), ("/c/", "GET")):
        assert visit(browser, method, f"{path}{token}").status_code == 404


def test_a_link_of_one_merchant_with_anothers_numbers_leads_nowhere(cast: Cast) -> None:
    config, other, browser = cast.door.machine.config, cast.stranger.id, cast.browser()
    effect, address = cast.kontor.rows(effects)[0].id, cast.kontor.rows(addresses)[0].id
    before = everything_of_hers(cast)
    for url in (
        links.click_url(config, other, effect, "cart"),
        links.unsubscribe_url(config, other, address, effect),
    ):
        assert browser.get(url.removeprefix(config.app_url)).status_code == 404
    unsubscribe = links.unsubscribe_url(config, other, address, effect).removeprefix(config.app_url)
    assert browser.post(unsubscribe, data={"List-Unsubscribe": "One-Click"}).status_code == 404
    assert everything_of_hers(cast) == before


def test_no_function_reaches_into_another_merchants_waiting_lines(cast: Cast) -> None:
    machine, other = cast.kontor.machine, cast.stranger.id
    (waits,) = cast.kontor.rows(sign_ups)
    switch(machine, other)
    before = everything_of_hers(cast)
    assert not engine_sign_ups.leave(machine, other, waits.id)
    assert not engine_sign_ups.confirm(machine, other, waits.id)
    assert waitlist.look(machine, other, waits.id) is None
    assert not restocks.notify_now(machine, other, waits.variant_id, 5, "Mara")
    with reading(machine.db) as session:
        assert engine_demand.listing(session, other, 10) == []
        assert engine_demand.of_variant(session, other, waits.variant_id) is None
    assert everything_of_hers(cast) == before


def test_no_function_of_the_engine_reaches_another_merchants_rows(cast: Cast) -> None:
    machine, other = cast.kontor.machine, cast.stranger.id
    first = cast.kontor.rows
    cast.kontor.write(update(inbound).values(state="unreadable"))
    cast.kontor.write(update(enrolments).values(state="held"))
    before = everything_of_hers(cast)
    effect, address = first(effects)[0].id, first(addresses)[0].id
    assert blast.release(machine, other, "cart_recovery", by="Eve") == 0
    assert blast.discard(machine, other, "cart_recovery", by="Eve") == 0
    assert not inbox.replay(machine, other, first(inbound)[0].id)
    assert not opt_out(machine, other, address, source="x", at=clock.now())
    assert recipient(machine, links.Unsubscribe(other, address, effect)) is None
    visit_ = clicks.Visit("GET", {"user-agent": "Mozilla/5.0"})
    assert clicks.record(machine, links.Clicked(other, effect, "cart"), visit_) is None
    clicks.looked_at(machine, links.Unsubscribe(other, address, effect))
    assert channel.read(machine.runtime, other, first(mailbox_messages)[0].id) is None
    assert channel.listing(machine.runtime, other) == []
    assert changes.going_live(machine, other).open_carts_left_alone == 0
    assert changes.apply_times(machine, other, CATALOGUE["cart_recovery"]) == 0
    assert simulation.next_due(machine, other) is None
    mine, session_id = first(members)[0].id, first(member_sessions)[0].id
    assert not engine_sessions.end(machine, other, session_id)
    assert not engine_sessions.end_all(machine, other, mine)
    assert engine_sessions.listing(machine, other) == []
    assert not colleagues.remove(machine, other, mine)
    assert mine not in {one.id for one in colleagues.listing(machine, other)}
    assert engine_requests.answer(machine, other, first(data_requests)[0].id, "Eve") == {}
    assert not disconnecting.disconnect(machine, other)
    assert everything_of_hers(cast) == before


def test_what_is_stored_of_another_merchant_is_neither_taken_nor_erased(cast: Cast) -> None:
    machine, other, mine = cast.kontor.machine, cast.stranger.id, cast.kontor.rows(members)[0].id
    before, print_ = everything_of_hers(cast), cast.kontor.rows(addresses)[0].fingerprint
    assert data_acts.look_at_person(machine, other, print_) == []
    assert data_acts.export_person(machine, other, print_, "Eve") == []
    assert data_acts.erase_person(machine, other, print_, "Eve") == 0
    with ZipFile(BytesIO(b"".join(data_acts.export_shop(machine, other, "Eve")))) as archive:
        assert all(ADDRESS.encode() not in archive.read(name) for name in archive.namelist())
    summaries.order(machine, other, mine, "en")
    assert not summaries.stop(machine, other, mine)
    data_acts.erase_shop(machine, other, mine)
    assert everything_of_hers(cast) == before


def test_how_another_merchants_mail_goes_out_is_out_of_reach(cast: Cast) -> None:
    machine, other, mine = cast.kontor.machine, cast.stranger.id, cast.kontor.merchant_id
    who = {"merchant_id": mine, "by": "Mara"}
    own = {"address": "m@x.example", "domain": "x.example", "codes": 1, "records": [], "code": "hash"}
    server = {"host": "smtp.x.example", "port": 587, "login": "m", "sender": "m@x.example", "accounts": 1}
    since, used = {"codes_since": clock.now(), "tries": 0}, {"in_use": True}
    cast.kontor.write(sender_addresses.insert().values(**who, **own, **since, **used))
    kept = {"accounts_since": clock.now(), "tries": 0, "password": b"sealed", "code": "hash"}
    cast.kontor.write(mail_servers_table.insert().values(**who, **server, **kept, **used))
    before = everything_of_hers(cast)
    assert senders.prove(machine, other, "123456") == "none"
    assert senders.look(machine, other) == "not_yet"
    senders.forget(machine, other)
    assert mail_servers.prove(machine, other, "123456") == "none"
    mail_servers.forget(machine, other)
    with transaction(machine.db) as session:
        assert senders.of(session, other) is None
        assert mail_servers.of(session, other) is None
        assert mail_servers.sender_in_use(session, other) is None
        assert pauses.open_pauses(session, other) == []
    with transaction(machine.db) as session:
        act = Act(first_address(cast), "x", clock.now())
        assert not objected(machine, session, other, act)
    assert not deliverability.look(machine, other, cast.kontor.rows(effects)[0].id)
    assert everything_of_hers(cast) == before


def first_address(cast: Cast) -> int:
    return int(cast.kontor.rows(addresses)[0].id)


def test_words_and_addresses_of_another_merchants_members_are_out_of_reach(cast: Cast) -> None:
    machine, other, mine = cast.kontor.machine, cast.stranger.id, cast.kontor.rows(members)[0].id
    with transaction(machine.db) as session:
        sign_in.confirm(session, machine, cast.kontor.merchant_id, mine, ADDRESS)
    before = everything_of_hers(cast)
    assert trial_mails.own_address(machine, other, mine) is None
    assert trial_mails.shown_address(machine, other, mine) is None
    with reading(machine.db) as session:
        eves = own_words.words_of_step(session, other, CATALOGUE["cart_recovery"], 1)
    assert eves is not None
    own_words.save(
        machine, other, CATALOGUE["cart_recovery"], 1, {"en": {"subject": "x"}}, eves.version, "Eve"
    )
    assert everything_of_hers(cast) == before


# Each is tried above, or takes the merchant from a row that was found under her own number.
TRIED = {
    "blast.discard", "blast.release", "changes.apply_times", "changes.going_live", "changes.note",
    "changes.save_flow", "changes.save_shop", "changes.set_mode", "consent.opt_out", "inbox.replay",
    "simulation.forward", "simulation.is_moving", "simulation.next_due",
    "colleagues.invite", "colleagues.listing", "colleagues.remove", "data_requests.answer",
    "disconnecting.disconnect", "doubt.leave", "doubt.send_again",
    "member_sessions.begin", "member_sessions.end", "member_sessions.end_all",
    "member_sessions.listing", "sign_in.confirm", "sign_in.key_of", "sign_in.member_of",
    "sign_in.send_confirmation", "sign_in.send_letter", "sign_in.signs_in",
    "summaries.order", "summaries.stop",
    "consent.objected", "deliverability.look", "mail_servers.forget", "mail_servers.prove",
    "senders.forget", "senders.look", "senders.prove",
    "data_acts.erase_person", "data_acts.erase_shop", "data_acts.export_person", "data_acts.export_shop",
    "data_acts.look_at_person",
    "own_words.save", "trial_mails.own_address", "trial_mails.shown_address",
}  # fmt: skip


def test_every_function_a_page_may_call_with_a_merchants_number_is_known_here() -> None:
    """A new one turns this red until it is tried as a stranger."""
    found = set()
    pages = (blast, changes, clicks, doubt, inbox, simulation, inspect.getmodule(opt_out))
    mails = (deliverability, mail_servers, senders)
    members_own = (
        *(*mails, colleagues, engine_sessions, sign_in),
        *(own_words, summaries, trial_mails, data_acts),
    )
    for module in (*pages, disconnecting, engine_requests, *members_own):
        assert module is not None
        for name, function in inspect.getmembers(module, inspect.isfunction):
            ours = function.__module__ == module.__name__ and not name.startswith("_")
            if ours and {"machine", "merchant_id"} <= set(inspect.signature(function).parameters):
                found.add(f"{module.__name__.removeprefix('engine.')}.{name}")
    assert found <= TRIED


def guarded(cast: Cast) -> list[Rule]:
    return [rule for rule in rules(cast.door) if rule.endpoint in GUARDED]


def everything_of_hers(cast: Cast) -> dict[str, list[Any]]:
    """Every row of hers; a page may write nothing on a stranger's word."""
    tables = [table for table in metadata.sorted_tables if "merchant_id" in table.c]
    with reading(cast.kontor.machine.db) as session:
        return {
            table.name: sorted(
                map(str, session.execute(select(table).where(table.c.merchant_id == cast.kontor.merchant_id)))
            )
            for table in tables
        }
