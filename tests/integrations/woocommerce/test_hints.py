"""Bodies that only hint: deletions, errors where a product should be, hooks with their argument lost."""

import pytest

from core.errors import Unreadable
from core.events import AccessLost, LookUp
from integrations.woocommerce.shop import WOOCOMMERCE
from tests.integrations.woocommerce.reading import SHOP, read

GONE = b'{"code":"woocommerce_rest_shop_order_invalid_id","message":"Invalid ID.","data":{"status":404}}'


def test_a_deletion_is_looked_up_for_it_may_have_been_a_page() -> None:
    assert read("product.deleted") == [LookUp("product", "28")]
    assert read("customer.deleted") == [LookUp("customer", "4")]
    assert WOOCOMMERCE.read("order.deleted", b'{"id":17}', SHOP) == [LookUp("order", "17")]


def test_a_bare_id_under_any_topic_is_a_hint() -> None:
    assert WOOCOMMERCE.read("order.updated", b'{"id":17}', SHOP) == [LookUp("order", "17")]


def test_a_user_who_lost_her_rights_means_our_access_is_gone() -> None:
    assert read("product.updated__owner_lost_permission") == [AccessLost("owner_demoted")]
    unauthorised = read("product.updated__owner_lost_permission", data={"status": 401})
    assert unauthorised == [AccessLost("keys_refused")]


def test_a_product_that_went_away_unnamed_is_found_in_the_catalogue() -> None:
    assert read("product.updated__resource_gone") == [LookUp("catalogue", "products")]


def test_an_order_that_went_away_unnamed_says_nothing() -> None:
    assert WOOCOMMERCE.read("order.updated", GONE, SHOP) == []


def test_a_restored_product_under_the_name_of_a_coupon_says_nothing() -> None:
    assert read("coupon.restored__not_a_coupon") == []


def test_a_sale_names_the_product_it_took_from() -> None:
    assert read("action.woocommerce_updated_product_stock") == [LookUp("product", "11")]


@pytest.mark.parametrize("arg", [[], {}, None, True, "11", 0])
def test_a_hook_that_lost_its_argument_says_nothing(arg: object) -> None:
    assert read("action.woocommerce_updated_product_stock", arg=arg) == []


@pytest.mark.parametrize("hook", ["low_stock", "product_set_stock", "reduce_order_stock"])
def test_hooks_that_carry_objects_say_nothing(hook: str) -> None:
    assert read(f"action.woocommerce_{hook}") == []


@pytest.mark.parametrize("body", [b"{}", b'{"id":0}', b'{"id":true}', b'{"id":-1}', b'{"id":[1]}'])
def test_a_deletion_of_nothing_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable, match=r"^product\.deleted: 'id' is"):
        WOOCOMMERCE.read("product.deleted", body, SHOP)
