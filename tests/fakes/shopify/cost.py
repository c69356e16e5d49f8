"""What a query costs, and the bucket it is paid from.

An object costs 1, a scalar nothing, a connection 2 and its objects, a mutation
10. Before the call the page sizes asked for count, afterwards what came.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    NamedTypeNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    get_named_type,
)
from graphql.execution.values import get_argument_values

MOST_PER_QUERY = 1000
UNASKED = object()


@dataclass
class Costing:
    schema: GraphQLSchema
    document: DocumentNode
    variables: Mapping[str, Any]

    def __post_init__(self) -> None:
        self._fragments = {
            one.name.value: one
            for one in self.document.definitions
            if isinstance(one, FragmentDefinitionNode)
        }

    def of(self, operation: OperationDefinitionNode, data: Any = UNASKED) -> int:
        mutation = operation.operation is OperationType.MUTATION
        root = self.schema.mutation_type if mutation else self.schema.query_type
        return self._selected(operation.selection_set, root, data, 10 if mutation else None)

    def _selected(
        self, selection: SelectionSetNode | None, parent: Any, data: Any, flat: int | None = None
    ) -> int:
        if selection is None or data is None:
            return 0
        return sum(self._one(one, parent, data, flat) for one in selection.selections)

    def _one(self, one: SelectionNode, parent: Any, data: Any, flat: int | None) -> int:
        if isinstance(one, FieldNode):
            return self._field(one, parent, data, flat)
        if isinstance(one, FragmentSpreadNode):
            fragment = self._fragments[one.name.value]
            return self._selected(fragment.selection_set, self._type(fragment.type_condition), data, flat)
        assert isinstance(one, InlineFragmentNode)
        named: NamedTypeNode | None = one.type_condition
        kind = self._type(named) if named is not None else parent
        return self._selected(one.selection_set, kind, data, flat)

    def _type(self, named: NamedTypeNode) -> Any:
        return self.schema.type_map[named.name.value]

    def _field(self, field: FieldNode, parent: Any, data: Any, flat: int | None) -> int:
        if not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType) or field.selection_set is None:
            return 0
        definition = parent.fields.get(field.name.value)
        if definition is None:
            return 0
        key = field.alias.value if field.alias else field.name.value
        value = data if data is UNASKED else data.get(key) if isinstance(data, dict) else None
        if value is None:
            return 0
        kind: Any = get_named_type(definition.type)
        args = get_argument_values(definition, field, dict(self.variables))
        if kind.name.endswith("Connection"):
            return 2 + self._connection(field.selection_set, kind, value, args)
        if isinstance(value, list):
            return sum(1 + self._selected(field.selection_set, kind, one, None) for one in value if one)
        own = flat if flat is not None else 1
        several = len(args["ids"]) if isinstance(args.get("ids"), list) else args.get("first") or 1
        return several * (own + self._selected(field.selection_set, kind, value, None))

    def _connection(self, selection: SelectionSetNode, kind: Any, value: Any, args: dict[str, Any]) -> int:
        """Edges and nodes show the same objects: the dearer of the two counts."""
        size = args.get("first") or args.get("last") or 0
        costs = [0]
        for field in self._fields(selection):
            name, key = field.name.value, (field.alias or field.name).value
            if name not in {"edges", "nodes"} or field.selection_set is None:
                continue
            inner = get_named_type(kind.fields[name].type)
            if value is UNASKED:
                costs.append(size * self._entry(field, inner, UNASKED))
            else:
                costs.append(sum(self._entry(field, inner, one) for one in value.get(key) or []))
        return max(costs)

    def _fields(self, selection: SelectionSetNode) -> Iterator[FieldNode]:
        """Those behind fragments too."""
        for one in selection.selections:
            if isinstance(one, FieldNode):
                yield one
            elif isinstance(one, InlineFragmentNode):
                yield from self._fields(one.selection_set)
            elif isinstance(one, FragmentSpreadNode):
                yield from self._fields(self._fragments[one.name.value].selection_set)

    def _entry(self, field: FieldNode, inner: Any, value: Any) -> int:
        """One object of a connection; an edge is only its wrapping."""
        inside = self._selected(field.selection_set, inner, value)
        return inside if field.name.value == "edges" else 1 + inside


@dataclass
class Bucket:
    """Of one app in one shop."""

    size: float = 2000.0
    rate: float = 100.0
    left: float = 2000.0
    at: datetime | None = None

    def fill(self, now: datetime) -> None:
        passed = max((now - self.at).total_seconds(), 0.0) if self.at else 0.0
        self.left, self.at = min(self.left + passed * self.rate, self.size), now

    def status(self) -> dict[str, float]:
        return {
            "maximumAvailable": self.size,
            "currentlyAvailable": float(int(self.left)),
            "restoreRate": self.rate,
        }
