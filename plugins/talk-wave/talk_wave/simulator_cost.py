"""What a query costs: more with every object, times the lengths of lists around it.

An object costs 1 and what is in it, a value nothing. A connection costs its page size times (1 and
what is in a node), any other list as much as a page of three. So two hundred customers with all
their fields pass a limit of 5100, two hundred invoices with lines and taxes do not, a hundred do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLList,
    GraphQLNonNull,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    value_from_ast_untyped,
)

from talk_wave.simulator_listing import DEFAULT_SIZE
from talk_wave.simulator_schema import schema

if TYPE_CHECKING:
    from graphql import GraphQLOutputType

LIST = 3
"""As how long a list without pages counts."""


@dataclass(frozen=True)
class Costs:
    """Counts the cost of one request.

    Args:
        fragments: Of its document.
        variables: As sent.
        cap: Records that a page holds at most.
    """

    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    cap: int

    def of(self, selections: SelectionSetNode | None, kind: str) -> int:
        """What a selection on a type costs."""
        if selections is None:
            return 0
        total = 0
        for node in selections.selections:
            if isinstance(node, FieldNode):
                total += self._field(node, kind)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self.fragments[node.name.value]
                total += self.of(fragment.selection_set, fragment.type_condition.name.value)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                total += self.of(node.selection_set, condition.name.value if condition else kind)
        return total

    def _field(self, node: FieldNode, kind: str) -> int:
        fields: Mapping[str, Any] = getattr(schema().type_map[kind], "fields", {})
        # Introspection is free.
        if node.selection_set is None or node.name.value not in fields:
            return 0
        given = fields[node.name.value].type
        name = get_named_type(given).name
        if name.endswith("Connection"):
            return self._size(node) * self.of(node.selection_set, name)
        if name == "OffsetPageInfo":
            return 0
        inner = self.of(node.selection_set, name)
        if name.endswith("Edge"):
            return inner
        return (1 + inner) * (LIST if _is_list(given) else 1)

    def _size(self, node: FieldNode) -> int:
        sent = {each.name.value: each.value for each in node.arguments or ()}
        raw = sent.get("pageSize")
        size = value_from_ast_untyped(raw, dict(self.variables)) if raw is not None else None
        return min(size, self.cap) if isinstance(size, int) else DEFAULT_SIZE


def cost_of(
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
    cap: int,
) -> int:
    """What an operation costs."""
    fragments = {
        each.name.value: each
        for each in document.definitions
        if isinstance(each, FragmentDefinitionNode)
    }
    kind = "Mutation" if operation.operation.value == "mutation" else "Query"
    return Costs(fragments, variables, cap).of(operation.selection_set, kind)


def _is_list(kind: GraphQLOutputType) -> bool:
    if isinstance(kind, GraphQLNonNull):
        kind = cast("GraphQLOutputType", kind.of_type)
    return isinstance(kind, GraphQLList)
