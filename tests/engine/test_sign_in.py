"""Links that work once and sessions that end, on both databases."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from app import build
from core.errors import Permanent
from engine import colleagues, connecting, member_sessions, sign_in
from engine.connecting import Whom
from engine.machine import Bells, Machine
from integrations.live import Profile, Tokens
from integrations.roles import Message
from tests.support.kontor import development
from tests.support.stopped import StoppedClock

ANNA, BEA = "anna@example.com", "bea@example.com"


class Post:
    """A channel that keeps what is sent."""

    key = "post"

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.broken = False

    def send(self, message: Message, merchant_id: int) -> str:
        if self.broken:
            raise Permanent("no such server")
        self.sent.append(message)
        return message.key

    def was_sent(self, key: str, merchant_id: int) -> bool | None:
        return None

    def token(self, to: str) -> str:
        """Of the newest letter to somebody."""
        letter = next(one for one in reversed(self.sent) if one.to == to)
        return letter.text.partition("/sign-in/")[2].split()[0]


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def machine(migrated_url: str, tmp_path: Path, post: Post) -> Iterator[Machine]:
    made = replace(build(development(tmp_path, migrated_url))[0], bells=Bells(), channel=post)
    yield made
    made.db.dispose()


def connected(machine: Machine, domain: str = "shop.example", address: str | None = "a" * 32) -> int:
    profile = Profile(domain, None, domain, "EUR", "Europe/Berlin")
    whom = Whom(sign_in.address_print(machine, ANNA), "Anna", ANNA)
    return connecting.connect(machine, "woocommerce", profile, Tokens("ck:cs"), whom, address=address)


def asked(machine: Machine, post: Post) -> str:
    sign_in.want_link(machine, ANNA)
    assert sign_in.run(machine) == 1
    return post.token(ANNA)


def test_of_two_who_use_a_link_at_one_moment_one_is_in(machine: Machine, post: Post) -> None:
    merchant_id, token = connected(machine), asked(machine, post)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: sign_in.use(machine, token), range(4)))
    assert [who is None for who in found].count(False) == 1
    assert merchant_id in {who[0] for who in found if who}


def test_of_two_workers_one_sends_the_link(machine: Machine, post: Post) -> None:
    connected(machine)
    sign_in.want_link(machine, ANNA)
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(lambda _: sign_in.run(machine), range(2))) == [0, 1]
    assert len(post.sent) == 1


def test_a_member_of_two_shops_is_sent_a_link_for_each(machine: Machine, post: Post) -> None:
    first, second = connected(machine), connected(machine, "other.example", "b" * 32)
    sign_in.want_link(machine, ANNA)
    assert sign_in.run(machine) == 2
    tokens = [one.text.partition("/sign-in/")[2].split()[0] for one in post.sent]
    assert {(sign_in.use(machine, token) or (0, 0))[0] for token in tokens} == {first, second}


def test_who_comes_by_a_platforms_admin_does_not_come_by_mail(machine: Machine, post: Post) -> None:
    connected(machine, address=None)
    sign_in.want_link(machine, ANNA)
    assert sign_in.run(machine) == 0


def test_an_address_in_a_link_was_sealed_for_this_member_alone(machine: Machine, post: Post) -> None:
    merchant_id = connected(machine)
    colleagues.invite(machine, merchant_id, BEA, "Anna")
    bea, own = post.token(BEA), asked(machine, post)
    assert sign_in.look(machine, f"{own}.{bea.partition('.')[2]}") is None
    link = sign_in.look(machine, bea)
    assert link is not None
    assert link.confirms == "b…@example.com"


def test_the_links_address_is_not_read_from_the_letter(machine: Machine, post: Post) -> None:
    colleagues.invite(machine, connected(machine), BEA, "Anna")
    assert BEA not in post.token(BEA)


def test_who_was_invited_and_has_not_confirmed_gets_no_link_to_sign_in(machine: Machine, post: Post) -> None:
    colleagues.invite(machine, connected(machine), BEA, "Anna")
    sign_in.want_link(machine, BEA)
    assert sign_in.run(machine) == 0


def test_a_letter_that_can_not_be_sent_is_said_so_where_she_waits_for_it(
    machine: Machine, post: Post
) -> None:
    merchant_id, post.broken = connected(machine), True
    assert not colleagues.invite(machine, merchant_id, BEA, "Anna")
    sign_in.want_link(machine, ANNA)
    assert sign_in.run(machine) == 1


def test_letters_are_in_the_shops_language(machine: Machine, post: Post) -> None:
    profile = Profile("laden.example", None, "Laden", "EUR", "Europe/Berlin", locale="de-DE")
    whom = Whom(sign_in.address_print(machine, ANNA), "Anna", ANNA)
    connecting.connect(machine, "woocommerce", profile, Tokens("ck:cs"), whom, address="c" * 32)
    asked(machine, post)
    assert post.sent[0].subject == "Ihr Link zur Anmeldung bei Kontor für Laden"


def test_a_session_is_ended_by_disuse_by_its_age_and_by_hand(machine: Machine, stopped: StoppedClock) -> None:
    merchant_id = connected(machine)
    member_id = colleagues.listing(machine, merchant_id)[0].id
    idle, ended = (member_sessions.begin(machine, merchant_id, member_id) for _ in range(2))
    assert member_sessions.whose(machine, idle) == (merchant_id, member_id)
    assert member_sessions.end_own(machine, ended)
    assert not member_sessions.end_own(machine, ended)
    assert member_sessions.whose(machine, ended) is None
    for _ in range(13):
        stopped.real += timedelta(hours=11)
        assert member_sessions.whose(machine, idle) == (merchant_id, member_id)
    stopped.real += timedelta(hours=11)
    assert member_sessions.whose(machine, idle) == (merchant_id, member_id)
    stopped.real += member_sessions.LONGEST - timedelta(hours=11 * 14)
    assert member_sessions.whose(machine, idle) is None


def test_removing_a_member_ends_her_sessions(machine: Machine) -> None:
    merchant_id = connected(machine)
    member_id = colleagues.listing(machine, merchant_id)[0].id
    secret = member_sessions.begin(machine, merchant_id, member_id)
    assert colleagues.remove(machine, merchant_id, member_id)
    assert member_sessions.whose(machine, secret) is None
