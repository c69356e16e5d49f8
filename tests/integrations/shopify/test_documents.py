"""What we ask Shopify is what Shopify's schema knows, and never dearer than it allows."""

import pytest
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    InlineFragmentNode,
    IntValueNode,
    NoDeprecatedCustomRule,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    is_non_null_type,
    parse,
    validate,
)
from graphql.language.ast import ListValueNode

from integrations.shopify import API_VERSION, documents, fragments
from integrations.shopify.api import LONGEST_WAIT_SECONDS, PERSONAL
from integrations.shopify.change_documents import CHANGES
from integrations.shopify.fragments import Document
from tests.fakes.shopify.schema import VERSION, admin_schema

LONG_READINGS = (documents.PRODUCTS_SINCE, documents.NEWEST_CUSTOMERS, documents.LEVELS)
DOCUMENTS = documents.DOCUMENTS + CHANGES
# How many ids we send with each document that takes some.
IDS = {
    "LastMoment": fragments.VARIANTS_AT_ONCE,
    "Stock": fragments.VARIANTS_AT_ONCE,
    "Orders": fragments.ORDERS_AT_ONCE,
    "Checkouts": fragments.CHECKOUTS_AT_ONCE,
    "Products": fragments.PRODUCTS_AT_ONCE,
    "Variants": fragments.VARIANTS_AT_ONCE,
    "Items": fragments.ITEMS_AT_ONCE,
    "Customers": fragments.CUSTOMERS_AT_ONCE,
    "StillThere": fragments.REFS_AT_ONCE,
}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: one.name)
def test_every_document_is_valid(document: Document) -> None:
    assert validate(admin_schema(), parse(document.text)) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: one.name)
def test_no_document_asks_for_what_is_going_away(document: Document) -> None:
    assert validate(admin_schema(), parse(document.text), [NoDeprecatedCustomRule]) == []


def test_the_schema_is_of_the_version_we_call() -> None:
    assert API_VERSION == VERSION


def test_documents_have_names_of_their_own() -> None:
    assert len({document.name for document in DOCUMENTS}) == len(DOCUMENTS) > 20


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: one.name)
def test_no_document_is_dearer_than_a_thousand_points(document: Document) -> None:
    assert 0 < points(document) <= 1000


@pytest.mark.parametrize("document", LONG_READINGS, ids=lambda one: one.name)
def test_a_long_reading_never_waits_longer_for_a_page_than_a_call_waits(document: Document) -> None:
    """A bucket that is empty fills again by a hundred points a second, and a connection counts two."""
    assert points(document) + 10 <= LONGEST_WAIT_SECONDS * 100


def test_what_may_be_withheld_may_be_null() -> None:
    """Else a field withheld would take its whole order or cart away."""
    for name in ("Order", "AbandonedCheckout", "Customer"):
        kind = admin_schema().type_map[name]
        assert isinstance(kind, GraphQLObjectType)
        for field in PERSONAL & kind.fields.keys():
            assert not is_non_null_type(kind.fields[field].type), f"{name}.{field}"


def points(document: Document) -> int:
    """Shopify's rule: an object a point, a list as many as are asked for, a mutation ten."""
    parsed = parse(document.text)
    fragments = {one.name.value: one for one in parsed.definitions if isinstance(one, FragmentDefinitionNode)}
    (operation,) = [one for one in parsed.definitions if isinstance(one, OperationDefinitionNode)]
    base = 10 if operation.operation.value == "mutation" else 0
    return base + _cost(operation.selection_set, fragments, IDS.get(document.name, 0), 1)


def _cost(
    selection: SelectionSetNode, fragments: dict[str, FragmentDefinitionNode], ids: int, times: int
) -> int:
    total = 0
    for one in selection.selections:
        if isinstance(one, FragmentSpreadNode):
            total += _cost(fragments[one.name.value].selection_set, fragments, ids, times)
        elif isinstance(one, InlineFragmentNode):
            total += _cost(one.selection_set, fragments, ids, times)
        elif isinstance(one, FieldNode) and one.selection_set:
            many = _asked_for(one, ids)
            # The nodes of a connection are what its page counts, once.
            inner = one.name.value in ("nodes", "pageInfo") and not one.arguments
            total += 0 if inner else times * many
            total += _cost(one.selection_set, fragments, ids, times * many)
    return total


def _asked_for(field: FieldNode, ids: int) -> int:
    for argument in field.arguments:
        if argument.name.value == "first" and isinstance(argument.value, IntValueNode):
            return int(argument.value.value)
        if argument.name.value == "ids" and isinstance(argument.value, VariableNode | ListValueNode):
            return max(ids, 1)
    return 1
