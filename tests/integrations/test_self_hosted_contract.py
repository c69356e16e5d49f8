"""What every platform must keep whose stores hand over keys; run over the registry, and no store is asked."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import NeedsMerchant, Permanent, Unreadable
from core.runtime import Runtime
from integrations import CONNECTED, SELF_HOSTED, SHOPS
from integrations.self_hosted import Found, HandedOver, Problem, SelfHosted
from tests.integrations.mutating import broken
from tests.integrations.recorded import Recorded, recorded
from tests.support.kontor import development

STATE = "a-state-that-nobody-guesses_0123456789"
FOUND = Found("shop.example/mugs", "Mugs & More")

relaxed = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


@pytest.fixture(params=SELF_HOSTED)
def platform(request: pytest.FixtureRequest, tmp_path: Path, sqlite_url: str) -> Iterator[SelfHosted]:
    runtime = Runtime.open(development(tmp_path, sqlite_url))
    yield SELF_HOSTED[request.param](runtime)
    runtime.db.dispose()


def hand_overs(platform: SelfHosted) -> list[Recorded]:
    """What stores were recorded to send when they handed over keys."""
    found = []
    for one in recorded(platform.key):
        with suppress(Unreadable):
            platform.handed_over(one.request.body)
            found.append(one)
    return found


def readable(met: Problem | None) -> bool:
    """Both languages have a sentence, and nothing is left open in it."""
    assert met is not None
    return all(text.endswith(".") and "{" not in text for text in (met.english, met.german))


def test_it_is_registered_under_its_own_key_as_a_shop_that_is_connected(platform: SelfHosted) -> None:
    assert SELF_HOSTED.keys() <= SHOPS.keys() & CONNECTED.keys()
    assert platform.key in SELF_HOSTED
    assert re.fullmatch(r"[a-z0-9_-]+", platform.key), "some stores call back no other address"


def test_it_has_words_in_both_languages(platform: SelfHosted) -> None:
    assert platform.title
    assert all(platform.keys_at)


def test_its_stores_are_known_by_no_secret_that_signs_for_all(
    platform: SelfHosted, tmp_path: Path, sqlite_url: str
) -> None:
    assert SHOPS[platform.key].app_secrets(development(tmp_path, sqlite_url)) == ()


@relaxed
@given(typed=st.one_of(st.text(max_size=80), st.text("htps:/@#?%.[]abc0", max_size=40)))
def test_whatever_is_typed_names_a_store_or_says_what_to_change(platform: SelfHosted, typed: str) -> None:
    domain = platform.domain(typed)
    if isinstance(domain, Problem):
        assert readable(domain)
    else:
        assert platform.domain(domain) == domain


def test_what_is_no_address_is_looked_for_nowhere(platform: SelfHosted) -> None:
    found = platform.find("my shop")
    assert isinstance(found, Problem)
    assert readable(found)


def test_the_owner_is_sent_to_her_own_store_with_the_state_and_both_addresses(platform: SelfHosted) -> None:
    back, callback = (f"https://kontor.example/connect/{platform.key}/{name}" for name in ("back", "keys"))
    url = platform.approval_url(FOUND, state=STATE, back=back, callback=callback)
    assert url.startswith(f"https://{FOUND.domain}/")
    assert all(one in unquote(url) for one in (STATE, back, callback))


def test_who_comes_back_with_nothing_has_neither_a_state_nor_declined(platform: SelfHosted) -> None:
    returned = platform.returned({})
    assert (returned.state, returned.declined) == ("", False)


def test_a_recorded_hand_over_is_read_and_its_token_is_not_shown(platform: SelfHosted) -> None:
    (first, *_) = hand_overs(platform)
    handed = platform.handed_over(first.request.body)
    assert handed.state
    assert handed.token
    assert handed.token not in repr(handed)


@relaxed
@given(data=st.data())
def test_a_broken_hand_over_is_read_or_called_unreadable_and_nothing_else(
    platform: SelfHosted, data: st.DataObject
) -> None:
    body = data.draw(st.sampled_from(hand_overs(platform))).request.body
    with suppress(Unreadable):
        assert isinstance(platform.handed_over(data.draw(broken(body))), HandedOver)


@pytest.mark.parametrize(
    "error", [NeedsMerchant(""), NeedsMerchant("no word of ours"), Permanent("no")], ids=repr
)
def test_a_refusal_is_told_in_sentences(platform: SelfHosted, error: NeedsMerchant | Permanent) -> None:
    met = platform.refused(error, FOUND.domain)
    assert readable(met)
    assert readable(platform.problem(met.word))


def test_a_word_that_is_none_is_no_problem(platform: SelfHosted) -> None:
    assert platform.problem("no word of ours") is None
