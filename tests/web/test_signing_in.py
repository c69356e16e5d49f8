"""A member signs in by a link that works once, and out everywhere; nobody else gains anything."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from core.db import transaction
from core.models.tables import letter_wishes, member_sessions, sign_in_links
from engine import sign_in
from tests.fakes.woocommerce import OWNER
from tests.web.at_store import AtStore, Pages, at_store
from tests.web.doorstep import doorstep
from web import session

OWNERS = OWNER[0]


@pytest.fixture
def woo(tmp_path: Path, sqlite_url: str) -> Iterator[AtStore]:
    """Connected; the owner's address is known from her store."""
    with at_store(tmp_path, sqlite_url) as found:
        found.connect(OWNERS)
        yield found


def ask(woo: AtStore, email: str, pages: Pages | None = None) -> str:
    """Ask for a link; what the page says."""
    pages = pages or Pages(woo.door)
    pages.get("/sign-in?lang=en")
    assert pages.post("/sign-in", email=email).status_code == 200
    return pages.text


def enter(woo: AtStore, pages: Pages | None = None) -> Pages:
    pages = pages or Pages(woo.door)
    ask(woo, OWNERS, pages)
    sign_in.run(woo.door.machine)
    link = woo.link()
    assert pages.get(link).status_code == 200
    assert pages.post(link).status_code == 303
    return pages


def sees(woo: AtStore, pages: Pages) -> int:
    return pages.get(f"/m/{woo.key}/connection").status_code


def earlier(woo: AtStore, name: str, by: timedelta) -> None:
    table = sign_in_links if name == "made_at" else member_sessions
    with transaction(woo.door.machine.db) as session:
        for row in woo.rows(table):
            moved = {name: getattr(row, name) - by}
            session.execute(update(table).where(table.c.id == row.id).values(**moved))


def test_a_member_elsewhere_is_sent_a_link_and_is_in(woo: AtStore) -> None:
    elsewhere = Pages(woo.door)
    assert sees(woo, elsewhere) == 401
    assert sees(woo, enter(woo, elsewhere)) == 200


def test_the_answer_tells_nobody_who_is_a_member(woo: AtStore) -> None:
    known, unknown = (ask(woo, email) for email in (OWNERS, "eve@example.com"))
    assert known == unknown
    assert sign_in.run(woo.door.machine) == 1
    assert [mail.to for mail in woo.mails()] == [OWNERS]


def test_the_address_may_be_written_as_she_likes(woo: AtStore) -> None:
    ask(woo, f" {OWNERS.upper()} ")
    assert sign_in.run(woo.door.machine) == 1


@pytest.mark.parametrize("email", ["", "x", "a@b", "a\0@example.com", "x" * 300 + "@example.com", "%"])
def test_what_is_no_address_is_answered_alike_and_written_nowhere(woo: AtStore, email: str) -> None:
    assert "Look into your mailbox" in ask(woo, email)
    assert woo.rows(letter_wishes) == woo.rows(sign_in_links) == []


def test_a_mail_gateway_that_follows_the_link_uses_nothing_up(woo: AtStore) -> None:
    ask(woo, OWNERS)
    sign_in.run(woo.door.machine)
    gateway = Pages(woo.door)
    for _ in range(3):
        assert gateway.get(woo.link()).status_code == 200
    assert sees(woo, gateway) == 401
    pages = Pages(woo.door)
    pages.get(woo.link())
    assert pages.post(woo.link()).status_code == 303


def test_a_link_works_once(woo: AtStore) -> None:
    enter(woo)
    second = Pages(woo.door)
    second.get("/sign-in")
    assert second.get(woo.link()).status_code == 410
    assert second.post(woo.link()).status_code == 410
    assert sees(woo, second) == 401


def test_a_link_works_for_a_quarter_of_an_hour(woo: AtStore) -> None:
    ask(woo, OWNERS)
    sign_in.run(woo.door.machine)
    earlier(woo, "made_at", timedelta(minutes=15))
    pages = Pages(woo.door)
    pages.get("/sign-in")
    assert pages.post(woo.link()).status_code == 410


@pytest.mark.parametrize("token", ["x", "wanted:x", "a.b", "x.%00", "é", "x" * 3000])
def test_a_link_that_we_did_not_make_leads_nowhere(woo: AtStore, token: str) -> None:
    pages = Pages(woo.door)
    pages.get("/sign-in")
    assert pages.get(f"/sign-in/{token}").status_code == 410
    assert pages.post(f"/sign-in/{token}").status_code == 410


def test_a_link_that_is_still_to_be_sent_signs_nobody_in(woo: AtStore) -> None:
    ask(woo, OWNERS)
    sign_in.answer_wishes(woo.door.machine)
    (row,) = woo.rows(sign_in_links)
    pages = Pages(woo.door)
    pages.get("/sign-in")
    assert pages.post(f"/sign-in/{row.secret}").status_code == 410


def test_a_link_needs_our_own_button(woo: AtStore) -> None:
    ask(woo, OWNERS)
    sign_in.run(woo.door.machine)
    assert Pages(woo.door).post(woo.link()).status_code == 400


def test_nobodys_mailbox_is_filled(woo: AtStore) -> None:
    """Who presses several times before the mail is out gets one, and no more than a few in all."""
    for times in (3, 1, 1, 1):
        for _ in range(times):
            ask(woo, OWNERS)
        sign_in.run(woo.door.machine)
    assert len(woo.mails()) == sign_in.MOST


def test_for_a_stranger_the_same_is_written_as_for_a_member(woo: AtStore) -> None:
    """So nobody's time, and no lock, tells who is a member."""
    for email in (OWNERS, "nobody@example.com"):
        ask(woo, email)
        assert len(woo.rows(letter_wishes)) == 1
        assert woo.rows(sign_in_links) == []
        with transaction(woo.door.machine.db) as session:
            session.execute(delete(letter_wishes))


def test_a_wish_that_is_nobodys_is_forgotten_once_it_was_looked_at(woo: AtStore) -> None:
    ask(woo, "nobody@example.com")
    assert sign_in.run(woo.door.machine) == 0
    assert woo.rows(letter_wishes) == []


def invited(woo: AtStore, email: str) -> None:
    woo.hers.post(f"/m/{woo.key}/connection/colleagues", email=email)


def test_inviting_and_removing_over_and_over_fills_nobodys_mailbox(woo: AtStore) -> None:
    sees(woo, woo.hers)
    for _ in range(2 * sign_in.MOST_TO_ONE):
        invited(woo, "bea@example.com")
        bea = next(one for one in woo.members if one.name == "bea")
        woo.hers.post(f"/m/{woo.key}/connection/colleagues/{bea.id}/remove")
    assert [one.to for one in woo.mails()].count("bea@example.com") == sign_in.MOST_TO_ONE


def test_a_shop_does_not_write_to_the_whole_world(woo: AtStore) -> None:
    sees(woo, woo.hers)
    for number in range(sign_in.MOST_OF_SHOP + 5):
        invited(woo, f"bea{number}@example.com")
    assert len({one.to for one in woo.mails()} - {OWNERS}) == sign_in.MOST_OF_SHOP


def test_no_secret_of_a_session_or_a_link_is_kept(woo: AtStore) -> None:
    pages = enter(woo)
    cookie = pages.client.get_cookie("__Host-kontor-member", domain="localhost")
    assert cookie is not None
    kept = str(woo.rows(member_sessions)) + str(woo.rows(sign_in_links))
    assert cookie.value not in kept
    assert woo.link().rsplit("/", 1)[1] not in kept


def test_the_sessions_cookie_is_for_this_host_alone(woo: AtStore) -> None:
    pages = Pages(woo.door)
    ask(woo, OWNERS, pages)
    sign_in.run(woo.door.machine)
    pages.get(woo.link())
    flags = pages.post(woo.link()).headers["Set-Cookie"]
    assert flags.startswith("__Host-kontor-member=")
    for flag in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=604800"):
        assert flag in flags
    assert "Domain" not in flags


@pytest.mark.parametrize(
    ("name", "by"), [("seen_at", timedelta(hours=12)), ("ends_at", timedelta(days=7))], ids=["idle", "old"]
)
def test_a_session_ends_by_itself(woo: AtStore, name: str, by: timedelta) -> None:
    pages = enter(woo)
    earlier(woo, name, by)
    assert sees(woo, pages) == 401


def test_a_session_in_use_stays_until_its_last_day(woo: AtStore) -> None:
    pages = enter(woo)
    for _ in range(3):
        earlier(woo, "seen_at", timedelta(hours=11))
        assert sees(woo, pages) == 200


def test_she_ends_a_session_and_that_browser_is_out_at_once(woo: AtStore) -> None:
    lost = enter(woo)
    ended = woo.rows(member_sessions)[-1].id
    woo.hers.get(f"/m/{woo.key}/connection")
    assert woo.hers.post(f"/m/{woo.key}/connection/sessions/{ended}/end").status_code == 303
    assert (sees(woo, lost), sees(woo, woo.hers)) == (401, 200)


def test_signing_out_everywhere_ends_all_of_hers(woo: AtStore) -> None:
    other = enter(woo)
    woo.hers.get(f"/m/{woo.key}/connection")
    assert woo.hers.post(f"/m/{woo.key}/connection/sessions/end").headers["Location"] == "/sign-in"
    assert (sees(woo, other), sees(woo, woo.hers)) == (401, 401)


def test_signing_out_ends_this_browsers_session_alone(woo: AtStore) -> None:
    other = enter(woo)
    cookie = other.client.get_cookie("__Host-kontor-member", domain="localhost")
    assert cookie is not None
    other.get(f"/m/{woo.key}/connection")
    other.post("/sign-out")
    other.client.set_cookie("__Host-kontor-member", cookie.value, domain="localhost", secure=True)
    assert (sees(woo, other), sees(woo, woo.hers)) == (401, 200)


def test_an_invited_colleague_is_in_by_her_own_link_and_out_when_removed(woo: AtStore) -> None:
    page = f"/m/{woo.key}/connection"
    woo.hers.get(page)
    woo.hers.post(f"{page}/colleagues", email="bea@example.com")
    assert {mail.to for mail in woo.mails()} == {"bea@example.com", OWNERS}
    assert ask(woo, "bea@example.com")
    assert sign_in.run(woo.door.machine) == 0
    invited = next(mail for mail in woo.mails() if mail.to == "bea@example.com")
    assert "Confirm" in invited.subject
    bea = Pages(woo.door)
    link = woo.link("bea@example.com")
    assert "b…@example.com" in bea.get(link).text
    assert bea.post(link).status_code == 303
    assert sees(woo, bea) == 200
    number = woo.members[-1].id
    woo.hers.get(page)
    assert woo.hers.post(f"{page}/colleagues/{number}/remove").status_code == 303
    assert sees(woo, bea) == 401


def test_a_member_does_not_remove_herself(woo: AtStore) -> None:
    page = f"/m/{woo.key}/connection"
    woo.hers.get(page)
    assert woo.hers.post(f"{page}/colleagues/{woo.members[0].id}/remove").status_code == 404


def test_by_http_the_cookie_has_a_name_that_http_may_set(tmp_path: Path, sqlite_url: str) -> None:
    with doorstep(tmp_path, sqlite_url) as door, door.app.test_request_context():
        assert session.cookie_name() == "kontor-member"
