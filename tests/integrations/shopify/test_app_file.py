"""What we tell Shopify of the app is what the code does."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from integrations.shopify import API_VERSION
from integrations.shopify.topics import READERS
from tests.integrations.recorded import PAYLOADS

FILE = Path(__file__).parents[3] / "shopify.app.toml"
APP: dict[str, Any] = tomllib.loads(FILE.read_text())
HOOKS: list[dict[str, Any]] = APP["webhooks"]["subscriptions"]
COMPLIANCE = {"customers/data_request", "customers/redact", "shop/redact"}
SCOPES = set(APP["access_scopes"]["scopes"].split(","))
# Documented in the schema alone; there is no sample of these.
WITHOUT_SAMPLE = {"inventory_levels/disconnect": "read_inventory", "orders/delete": "read_orders"}


def told(key: str) -> list[str]:
    return [topic for hook in HOOKS for topic in hook.get(key, ())]


def may_read(scope: str) -> bool:
    return scope in SCOPES or scope.replace("read_", "write_", 1) in SCOPES


def test_what_is_subscribed_to_is_what_can_be_read() -> None:
    assert sorted(told("topics") + told("compliance_topics")) == sorted(READERS)


def test_the_law_is_subscribed_to_in_its_own_way() -> None:
    assert set(told("compliance_topics")) == COMPLIANCE
    assert COMPLIANCE.isdisjoint(told("topics"))


def test_we_hear_the_version_we_call() -> None:
    assert APP["webhooks"]["api_version"] == API_VERSION


def test_every_topic_is_allowed_by_a_scope_we_ask_for() -> None:
    known = json.loads((PAYLOADS / "shopify" / "_topics.json").read_bytes())["topics"]
    for topic in told("topics"):
        needed = known[topic]["access_scopes"] if topic in known else [WITHOUT_SAMPLE[topic]]
        assert not needed or any(map(may_read, needed)), topic


def test_no_more_is_asked_for_than_serves() -> None:
    assert {
        "read_customer_events",
        "read_fulfillments",
        "read_inventory",
        "read_orders",
        "read_products",
        "write_app_proxy",
        "write_customers",
        "write_discounts",
        "write_pixels",
    } == SCOPES


def test_all_addresses_are_one_place_and_no_secret_is_told() -> None:
    places = set(re.findall(r"https?://[^/\"\s]+", FILE.read_text()))
    assert places == {"https://kontor.example"}
    assert "secret =" not in FILE.read_text()
    assert APP["embedded"] is True
