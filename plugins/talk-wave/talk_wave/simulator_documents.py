"""Documents, parsed and validated once each, and what faults and counters know a request by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec
from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    StringValueNode,
    VariableNode,
    Visitor,
    parse,
    validate,
    value_from_ast_untyped,
    visit,
)

from talk_wave.simulator_cost import cost_of
from talk_wave.simulator_schema import schema

PATH = "/graphql/public"
COLLECTIONS = {
    "customer": "customers", "customers": "customers",
    "product": "products", "products": "products",
    "invoice": "invoices", "invoices": "invoices",
    "invoicePayment": "payments",
    "account": "accounts", "accounts": "accounts",
    "salesTax": "sales_taxes", "salesTaxes": "sales_taxes",
    "vendor": "vendors", "vendors": "vendors",
    "moneyTransaction": "transactions", "moneyTransactions": "transactions",
    "moneyDepositTransaction": "transactions",
    "user": "user", "oAuthApplication": "user",
    "currency": "currencies", "currencies": "currencies",
    "country": "countries", "countries": "countries", "province": "countries",
    "__schema": "schema", "__type": "schema", "__typename": "schema",
}  # fmt: skip
"""Field, or what a mutation's name begins with -> collection; any other is `business`."""
_METHODS = (("Create", "POST"), ("CreateManual", "POST"), ("Clone", "POST"), ("Delete", "DELETE"))
_ENDINGS = (
    "CreateManual", "Create", "Patch", "Delete", "Archive", "Approve", "Clone", "MarkSent",
    "ReceiptSend", "Send",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Document:
    """A document as it is known before it is run.

    Attributes:
        errors: Why it is not valid.
        pages: The variables that are page numbers.
        sizes: The variables that are page sizes.
        texts: The first text that stands in it instead of in a variable.
        costs: (operation, sizes, cap) -> what it costs, as far as it was asked.
    """

    text: str
    tree: DocumentNode | None
    errors: tuple[GraphQLError, ...]
    pages: frozenset[str] = frozenset()
    sizes: tuple[str, ...] = ()
    texts: StringValueNode | None = None
    costs: dict[Any, int] = field(default_factory=dict)

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """The operation of this name, or the only one."""
        found = [
            each
            for each in (self.tree.definitions if self.tree else ())
            if isinstance(each, OperationDefinitionNode)
            and (not name or (each.name is not None and each.name.value == name))
        ]
        return found[0] if len(found) == 1 else None

    def cost(self, name: str | None, variables: Mapping[str, Any], cap: int) -> int:
        """What the operation costs with these variables."""
        operation = self.operation(name)
        if self.tree is None or operation is None:
            return 0
        key = (name, cap, *(msgspec.json.encode(variables.get(each)) for each in self.sizes))
        if key not in self.costs:
            self.costs[key] = cost_of(self.tree, operation, variables, cap)
        return self.costs[key]


@lru_cache(maxsize=512)
def document(text: str) -> Document:
    """Parse and validate a document."""
    try:
        tree = parse(text)
    except GraphQLError as error:
        return Document(text, None, (error,))
    errors = tuple(validate(schema(), tree))
    if errors:
        return Document(text, tree, errors)
    survey = _Survey()
    visit(tree, survey)
    return Document(text, tree, (), frozenset(survey.pages), tuple(survey.sizes), survey.text)


class _Survey(Visitor):
    """Looks for page numbers, page sizes and texts among the arguments of a document."""

    def __init__(self) -> None:
        super().__init__()
        self.pages: list[str] = []
        self.sizes: list[str] = []
        self.text: StringValueNode | None = None

    def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
        if isinstance(node.value, VariableNode):
            if node.name.value == "page":
                self.pages.append(node.value.name.value)
            elif node.name.value == "pageSize":
                self.sizes.append(node.value.name.value)

    def enter_field(self, node: FieldNode, *_: Any) -> Any:
        # What is asked about a type by name is no argument of the API's own.
        return False if node.name.value in {"__type", "__schema"} else None

    def enter_string_value(self, node: StringValueNode, *_: Any) -> None:
        self.text = self.text or node


@dataclass(frozen=True)
class Address:
    """By what faults and counters know a request."""

    method: str
    collection: str
    id: str | None = None

    @property
    def path(self) -> str:
        """The path that a REST API would have for it."""
        return f"{PATH}/{self.collection}" + (f"/{self.id}" if self.id else "")


def address_of(operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> Address:
    """How a request is addressed: by the first field that it asks for."""
    fields = _fields(operation)
    if not fields:
        return Address("GET", "business")
    name = fields[0].name.value
    if operation.operation.value == "mutation":
        ending = next((each for each in _ENDINGS if name.endswith(each)), "")
        collection = COLLECTIONS.get(name.removesuffix(ending), "business")
        return Address(dict(_METHODS).get(ending, "PATCH"), collection, _id(fields, variables))
    if name == "business":
        inner = [each for each in _fields(fields[0]) if each.name.value in COLLECTIONS]
        if inner:
            collection = COLLECTIONS[inner[0].name.value]
            return Address("GET", collection, _id(inner, variables))
        return Address("GET", "business")
    return Address("GET", COLLECTIONS.get(name, "business"))


def _fields(node: OperationDefinitionNode | FieldNode) -> list[FieldNode]:
    if node.selection_set is None:
        return []
    return [each for each in node.selection_set.selections if isinstance(each, FieldNode)]


def _id(fields: list[FieldNode], variables: Mapping[str, Any]) -> str | None:
    """The id of the one record that is asked for or changed."""
    if len(fields) != 1:
        return None
    sent = {each.name.value: each.value for each in fields[0].arguments or ()}
    node = sent.get("input") or sent.get("id")
    if node is None:
        return None
    value = value_from_ast_untyped(node, dict(variables))
    if isinstance(value, dict):
        # Of what is written to payments, the invoice is not the record itself.
        about_payment = fields[0].name.value.startswith("invoicePayment")
        value = value.get("id") or (None if about_payment else value.get("invoiceId"))
    return value if isinstance(value, str) else None
