"""What every shop platform must keep; run over the registry, so one without payloads turns red by itself."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Unreadable, WebhookRejected
from core.events import Event, LookUp
from integrations import SHOPS
from integrations.roles import Request, Shop, ShopIdentity
from tests.integrations.mutating import broken
from tests.integrations.recorded import ADDRESS, Recorded, recorded

# It knows no shop id: so nothing but a named domain keeps a reader from the depth of a body.
IDENTITY = ShopIdentity("{shop}.myshopify.com", None, "EUR")
SIGNED = [(key, one) for key in SHOPS for one in recorded(key) if one.secret]
UNSIGNED = [(key, one) for key in SHOPS for one in recorded(key) if not one.secret]

every_shop = pytest.mark.parametrize("key", SHOPS)
every_delivery = pytest.mark.parametrize(
    ("key", "delivery"), SIGNED, ids=[f"{k}-{d.name}" for k, d in SIGNED]
)
relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@every_shop
def test_a_platform_comes_with_recorded_payloads(key: str) -> None:
    assert [one for one in recorded(key) if one.secret], f"tests/payloads/{key}/ holds no signed delivery"


@every_shop
def test_a_platform_is_registered_under_its_own_key(key: str) -> None:
    assert SHOPS[key].key == key


@every_delivery
def test_a_recorded_delivery_passes_the_door_and_is_understood(key: str, delivery: Recorded) -> None:
    shop = SHOPS[key]
    assert shop.identify(delivery.request)
    assert not shop.is_ping(delivery.request)
    shop.verify(delivery.request, [str(delivery.secret)])
    envelope = shop.envelope(delivery.request)
    assert envelope.topic == delivery.topic
    for item in shop.read(envelope.topic, delivery.request.body, IDENTITY):
        assert isinstance(item, Event | LookUp)


@pytest.mark.parametrize(("key", "delivery"), UNSIGNED, ids=[f"{k}-{d.name}" for k, d in UNSIGNED])
def test_what_nobody_signed_is_refused(key: str, delivery: Recorded) -> None:
    with pytest.raises(WebhookRejected):
        SHOPS[key].verify(delivery.request, ["any-secret"])


@every_shop
def test_a_changed_body_a_foreign_secret_and_a_missing_signature_are_refused(key: str) -> None:
    delivery = _first(key)
    changed = replace(delivery.request, body=delivery.request.body + b" ")
    bare = replace(delivery.request, headers={})
    for request, secrets in [
        (changed, [str(delivery.secret)]),
        (delivery.request, ["another-secret"]),
        (delivery.request, [""]),
        (delivery.request, []),
        (bare, [str(delivery.secret)]),
    ]:
        with pytest.raises(WebhookRejected) as refused:
            SHOPS[key].verify(request, secrets)
        assert refused.value.status == 401


@every_shop
def test_while_secrets_rotate_the_older_one_still_opens(key: str) -> None:
    delivery = _first(key)
    SHOPS[key].verify(delivery.request, ["the-new-secret", str(delivery.secret)])


@every_shop
def test_the_same_delivery_twice_has_one_key_and_no_two_deliveries_share_one(key: str) -> None:
    shop, requests = SHOPS[key], [one.request for one in recorded(key) if one.secret]
    keys = [shop.envelope(request).dedupe for request in requests]
    assert keys == [shop.envelope(replace(request)).dedupe for request in requests]
    assert len(set(keys)) == len(keys)
    assert all(0 < len(one) <= 100 for one in keys)


@every_shop
def test_a_topic_nobody_knows_says_nothing(key: str) -> None:
    for topic in ("", "weather/changed", "weather.changed", "order", "orders"):
        assert SHOPS[key].read(topic, b"not even JSON", IDENTITY) == []


@every_shop
def test_bodies_that_are_no_json_object_are_unreadable_and_name_their_topic(key: str) -> None:
    for topic in _understood(key):
        for body in (b"", b"[]", b"null", b"7", b'"x"', b"{", b"\xff\xfe", b'{"id": NaN}', b"[" * 100_000):
            with pytest.raises(Unreadable, match=topic):
                SHOPS[key].read(topic, body, IDENTITY)


@every_shop
@relaxed
@given(data=st.data())
def test_junk_at_the_door_raises_nothing_but_the_refusal(key: str, data: st.DataObject) -> None:
    shop, names = SHOPS[key], sorted({name for one in recorded(key) for name in one.request.headers})
    headers = data.draw(st.dictionaries(st.sampled_from(names), st.text(), max_size=6))
    address = data.draw(st.one_of(st.text(max_size=30), st.just(ADDRESS)))
    request = Request(headers, data.draw(st.binary(max_size=200)), address)
    assert shop.identify(request) is None or isinstance(shop.identify(request), str)
    assert shop.is_ping(request) in (True, False)
    assert shop.envelope(request).dedupe
    with pytest.raises(WebhookRejected):
        shop.verify(request, ["a-secret", "zwölf €"])


@every_shop
@relaxed
@given(data=st.data())
def test_a_broken_payload_is_read_or_called_unreadable_and_nothing_else(
    key: str, data: st.DataObject
) -> None:
    delivery = data.draw(st.sampled_from(_readable(key)))
    body = data.draw(broken(delivery.request.body))
    try:
        items = SHOPS[key].read(delivery.topic, body, IDENTITY)
    except Unreadable as error:
        assert str(error).startswith(delivery.topic)  # noqa: PT017 - either outcome is right.
    else:
        assert all(isinstance(item, Event | LookUp) for item in items)


@every_shop
@relaxed
@given(data=st.data())
def test_one_topics_body_under_another_topic_is_read_or_called_unreadable(
    key: str, data: st.DataObject
) -> None:
    topic = data.draw(st.sampled_from(_understood(key)))
    body = data.draw(st.sampled_from(_readable(key))).request.body
    try:
        SHOPS[key].read(topic, body, IDENTITY)
    except Unreadable as error:
        assert str(error).startswith(topic)  # noqa: PT017 - either outcome is right.


def _first(key: str) -> Recorded:
    return next(one for one in recorded(key) if one.secret)


def _readable(key: str) -> list[Recorded]:
    """The deliveries whose topic the platform's reader understands."""
    shop: Shop = SHOPS[key]
    return [one for one in recorded(key) if _understands(shop, one.topic)]


def _understood(key: str) -> list[str]:
    return sorted({one.topic for one in _readable(key)})


def _understands(shop: Shop, topic: str) -> bool:
    try:
        return shop.read(topic, b"no JSON", IDENTITY) != []
    except Unreadable:
        return True
