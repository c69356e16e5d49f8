"""The store's webhooks are made what they should be, with as few changes as possible."""

import pytest

from core.errors import NeedsMerchant, Retryable
from integrations.live import Hook
from integrations.roles import Access
from integrations.woocommerce.live import WooCommerceLive
from integrations.woocommerce.topics import READERS
from tests.fakes.woocommerce import Store as Fake

URL = "https://localhost:9/webhooks/woocommerce/aZ09"
SECRET = "0123456789abcdef0123456789abcdef01234567"
ALL = [Hook(topic, "active") for topic in READERS]


def mend(live: WooCommerceLive, access: Access) -> list[Hook]:
    return list(live.mend_hooks(access, URL, SECRET))


def writes(fake: Fake) -> list[str]:
    return [asked.name for asked in fake.asked if asked.method != "GET"]


def test_a_new_store_gets_one_for_each_topic_that_is_read(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    assert {hook.state for hook in live.hooks(granted, URL)} == {"missing"}
    assert mend(live, granted) == ALL
    assert list(live.hooks(granted, URL)) == ALL
    assert {one["topic"] for one in fake.webhooks()} == set(READERS)
    assert {one.secret for one in fake.memory.webhooks.values()} == {SECRET}


def test_where_all_is_well_nothing_is_changed(fake: Fake, live: WooCommerceLive, granted: Access) -> None:
    mend(live, granted)
    before = len(writes(fake))
    mend(live, granted)
    assert len(writes(fake)) == before


def test_one_that_was_disabled_is_made_anew_for_it_would_keep_its_failures(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    mend(live, granted)
    broken = next(iter(fake.memory.webhooks.values()))
    broken.status = "disabled"
    assert Hook(broken.topic, "disabled") in live.hooks(granted, URL)
    assert mend(live, granted) == ALL
    assert broken.id not in fake.memory.webhooks


def test_one_that_was_deleted_is_made_anew(fake: Fake, live: WooCommerceLive, granted: Access) -> None:
    mend(live, granted)
    fake.memory.webhooks.popitem()
    assert {hook.state for hook in live.hooks(granted, URL)} == {"active", "missing"}
    assert mend(live, granted) == ALL


def test_doubled_ones_are_deleted_and_the_oldest_stays(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    mend(live, granted)
    oldest = set(fake.memory.webhooks)
    fake.trouble("answer_lost", method="POST")
    fake.memory.webhooks.popitem()
    with pytest.raises(Retryable):
        mend(live, granted)
    assert mend(live, granted) == ALL
    assert len(fake.memory.webhooks) == len(READERS)
    assert len(oldest & set(fake.memory.webhooks)) == len(READERS) - 1


def test_others_are_none_of_our_business(fake: Fake, live: WooCommerceLive, granted: Access) -> None:
    other = "https://localhost:9/another/hook"
    live.mend_hooks(granted, other, SECRET)
    mend(live, granted)
    live.drop_hooks(granted, URL)
    assert {one["delivery_url"] for one in fake.webhooks()} == {other}
    assert len(fake.webhooks()) == len(READERS)


def test_letting_go_may_be_repeated(fake: Fake, live: WooCommerceLive, granted: Access) -> None:
    mend(live, granted)
    live.drop_hooks(granted, URL)
    live.drop_hooks(granted, URL)
    assert fake.webhooks() == []


def test_more_than_a_page_of_webhooks_is_looked_through(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    for number in range(9):
        live.mend_hooks(granted, f"https://localhost:9/another/{number}", SECRET)
    mend(live, granted)
    assert list(live.hooks(granted, URL)) == ALL


def test_keys_that_were_revoked_cannot_mend(fake: Fake, live: WooCommerceLive, granted: Access) -> None:
    fake.revoke_keys()
    with pytest.raises(NeedsMerchant, match=r"^keys_refused$"):
        mend(live, granted)
