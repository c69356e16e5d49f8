"""The web pixel is switched on once in each shop and told where to report to."""

import json
import tomllib

import pytest

from core.errors import NeedsMerchant
from integrations.roles import Access
from integrations.shopify.live import ShopifyLive
from tests.fakes.shopify import FakeShopify, Shop
from tests.integrations.shopify.test_extensions import FOLDER

URL = "https://kontor.example/pixel/key"
PIXEL = FOLDER / "kontor-pixel"


def test_it_is_switched_on_once(live: ShopifyLive, access: Access, beans: Shop, shopify: FakeShopify) -> None:
    for _ in range(3):
        live.report_views(access, URL)
    assert beans.memory.pixel is not None
    assert beans.memory.pixel[1] == {"address": URL}
    assert shopify.asked() == {"webPixel": 3, "webPixelCreate": 1}


@pytest.mark.parametrize("told", [{"address": URL}, json.dumps({"address": URL})])
def test_its_settings_may_come_back_as_they_are_or_as_text(
    live: ShopifyLive, access: Access, beans: Shop, shopify: FakeShopify, told: object
) -> None:
    beans.memory.pixel = (9, told)
    live.report_views(access, URL)
    assert shopify.asked() == {"webPixel": 1}


def test_an_address_that_has_moved_is_told_to_it(live: ShopifyLive, access: Access, beans: Shop) -> None:
    beans.memory.pixel = (9, {"address": "https://old.example/pixel/key"})
    live.report_views(access, URL)
    assert beans.memory.pixel == (9, {"address": URL})


def test_a_shop_that_has_not_granted_it_says_so(live: ShopifyLive, access: Access, beans: Shop) -> None:
    beans.change_scopes("read_products", silent=True)
    with pytest.raises(NeedsMerchant):
        live.report_views(access, URL)


def test_the_extension_asks_for_consent_and_for_one_setting() -> None:
    told = tomllib.loads((PIXEL / "shopify.extension.toml").read_text())
    assert (told["type"], told["runtime_context"]) == ("web_pixel_extension", "strict")
    assert told["customer_privacy"] == {
        "analytics": True,
        "marketing": True,
        "preferences": False,
        "sale_of_data": "disabled",
    }
    assert list(told["settings"]["fields"]) == ["address"]
    assert json.loads((PIXEL / "package.json").read_text())["main"] == "src/index.js"
