"""The Admin API: each document is validated against the real schema and executed over the memory."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLResolveInfo,
    OperationDefinitionNode,
    execute,
    get_named_type,
    get_operation_ast,
    parse,
    validate,
)
from graphql.execution.values import get_variable_values

from tests.fakes.shopify.asking import Asking
from tests.fakes.shopify.cost import MOST_PER_QUERY, Bucket, Costing
from tests.fakes.shopify.mutations import MUTATIONS
from tests.fakes.shopify.queries import QUERIES
from tests.fakes.shopify.schema import LONGEST_LIST, admin_schema, protection_of, scopes_for

Answer = dict[str, Any]
LIMITS_PAGE = "https://shopify.dev/api/usage/rate-limits"
APPROVAL_PAGE = "https://shopify.dev/docs/apps/launch/protected-customer-data"


@dataclass
class Call:
    """What was asked: kept so that a test may count."""

    shop: str
    at: datetime
    operation: str | None
    roots: list[str]
    variables: dict[str, Any]
    document: str
    cost: int = 0
    status: int = 200
    outcome: str = "answered"


@dataclass
class Prepared:
    """A document that holds, with what it asks for."""

    document: DocumentNode
    operation: OperationDefinitionNode
    variables: dict[str, Any]
    errors: list[GraphQLError] = field(default_factory=list)

    @property
    def roots(self) -> list[str]:
        return [one.name.value for one in self.operation.selection_set.selections if hasattr(one, "name")]


def read(body: bytes) -> tuple[str, dict[str, Any], str | None] | None:
    """The query, its variables and the operation's name; None: not understood."""
    try:
        told = json.loads(body)
    except ValueError:
        return None
    if not isinstance(told, dict) or not isinstance(told.get("query"), str):
        return None
    return told["query"], told.get("variables") or {}, told.get("operationName")


def prepare(query: str, variables: dict[str, Any], name: str | None) -> Prepared | Answer:
    schema = admin_schema()
    try:
        document = parse(query)
    except GraphQLError as error:
        return {"errors": [error.formatted]}
    errors = validate(schema, document)
    if errors:
        return {"errors": [one.formatted for one in errors]}
    operation = get_operation_ast(document, name)
    if operation is None:
        return {"errors": [{"message": "An operation name is required"}]}
    coerced = get_variable_values(schema, tuple(operation.variable_definitions), variables)
    if isinstance(coerced, list):
        return {"errors": [one.formatted | {"extensions": {"code": "INVALID_VARIABLE"}} for one in coerced]}
    too_long = [
        key for key, value in variables.items() if isinstance(value, list) and len(value) > LONGEST_LIST
    ]
    if too_long:
        return {"errors": [_too_long(too_long[0], len(variables[too_long[0]]))]}
    return Prepared(document, operation, coerced)


def _too_long(name: str, size: int) -> Answer:
    message = f"The input array size of {size} is greater than the maximum allowed of {LONGEST_LIST}."
    return {"message": message, "path": [name], "extensions": {"code": "MAX_INPUT_SIZE_EXCEEDED"}}


def answer(prepared: Prepared, given: dict[str, Any], asking: Asking, bucket: Bucket) -> tuple[Answer, int]:
    """The answer, and what it cost. Throttled: nothing was executed."""
    costing = Costing(admin_schema(), prepared.document, prepared.variables)
    asked = costing.of(prepared.operation)
    bucket.fill(asking.shop.now())
    if asked > MOST_PER_QUERY:
        return _too_dear(asked), 0
    if asked > bucket.left:
        return throttled(asked, bucket), 0
    result = _executed(prepared, given, asking)
    cost = costing.of(prepared.operation, result.data)
    bucket.left -= cost
    return _told(result, asking, asked, cost, bucket), cost


def _executed(prepared: Prepared, given: dict[str, Any], asking: Asking) -> ExecutionResult:
    result = execute(
        admin_schema(),
        prepared.document,
        context_value=asking,
        variable_values=given,
        operation_name=prepared.operation.name.value if prepared.operation.name else None,
        field_resolver=_resolved,
        type_resolver=lambda value, info, kind: value["__typename"],
    )
    assert isinstance(result, ExecutionResult)
    return result


def _told(result: ExecutionResult, asking: Asking, asked: int, cost: int, bucket: Bucket) -> Answer:
    told: Answer = {"data": result.data}
    if result.errors:
        told = {"errors": [one.formatted for one in result.errors], **told}
    told["extensions"] = {"cost": _cost(asked, cost, bucket)}
    if asking.warnings:
        told["extensions"]["search"] = asking.warnings
    return told


def throttled(asked: int, bucket: Bucket) -> Answer:
    error = {"message": "Throttled", "extensions": {"code": "THROTTLED", "documentation": LIMITS_PAGE}}
    return {"errors": [error], "extensions": {"cost": _cost(asked, None, bucket)}}


def _cost(asked: int, cost: int | None, bucket: Bucket) -> Answer:
    return {"requestedQueryCost": asked, "actualQueryCost": cost, "throttleStatus": bucket.status()}


def _too_dear(asked: int) -> Answer:
    message = f"Query cost is {asked}, which exceeds the single query max cost limit ({MOST_PER_QUERY})."
    told = {
        "code": "MAX_COST_EXCEEDED",
        "cost": asked,
        "maxCost": MOST_PER_QUERY,
        "documentation": LIMITS_PAGE,
    }
    return {"errors": [{"message": message, "extensions": told}]}


def _resolved(source: Any, info: GraphQLResolveInfo, **args: Any) -> Any:
    """Every field of every type comes through here."""
    asking: Asking = info.context
    _allowed(asking, info)
    if source is None:
        return _root(asking, info, args)
    value = source.get(info.field_name)
    return value(args) if callable(value) else value


def _root(asking: Asking, info: GraphQLResolveInfo, args: dict[str, Any]) -> Any:
    name, key, names = info.field_name, str(info.path.key), {info.field_name, str(info.path.key)}
    domain = asking.shop.profile.domain
    if asking.faults.take(("partial",), domain, names):
        raise GraphQLError(
            "Internal error. Looks like something went wrong on our end.",
            extensions={"code": "INTERNAL_SERVER_ERROR"},
        )
    if info.parent_type.name == "Mutation":
        refused = asking.faults.take(("user_errors",), domain, names)
        if refused:
            return {"userErrors": refused.errors or [{"field": None, "message": "Refused by the test"}]}
        if name not in MUTATIONS:
            raise GraphQLError(f"this Shopify does not know {name}")
        return MUTATIONS[name](asking, args)
    if name not in QUERIES:
        raise GraphQLError(f"this Shopify does not know {name}")
    asking.roots.append(key)
    return QUERIES[name](asking, args)


def _allowed(asking: Asking, info: GraphQLResolveInfo) -> None:
    """Scopes first, then protected customer data: each a null beside an error."""
    owner, name = info.parent_type.name, info.field_name
    kind = get_named_type(info.return_type).name
    entry = kind.removesuffix("Connection")
    for needed in (
        scopes_for(f"{owner}.{name}"),
        scopes_for(kind),
        scopes_for(entry) if entry != kind else (),
    ):
        if not asking.may(needed):
            access = " or ".join(f"`{one}`" for one in needed) + " access scope."
            raise GraphQLError(
                f"Access denied for {name} field. Required access: {access}",
                extensions={"code": "ACCESS_DENIED", "requiredAccess": access},
            )
    withheld = asking.shop.withheld
    if "customer" in withheld and kind == "Customer":
        raise _unapproved("access the Customer object")
    protection = protection_of(owner, name)
    if protection in withheld:
        raise _unapproved(f"use the {name} field")


def _unapproved(what: str) -> GraphQLError:
    return GraphQLError(
        f"This app is not approved to {what}. See {APPROVAL_PAGE} for more details.",
        extensions={"code": "ACCESS_DENIED", "documentation": APPROVAL_PAGE},
    )
