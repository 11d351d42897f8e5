"""The resolvers of what is written: customers, products, accounts, taxes and transactions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from talk_sdk.testing.fields import InvalidError
from talk_wave import simulator_business as business
from talk_wave.simulator_books import RuleError, account_values, tax_values
from talk_wave.simulator_context import Context, absent, context_of, refusal
from talk_wave.simulator_tables import shortest

if TYPE_CHECKING:
    from talk_sdk.testing.records import Snapshot
    from talk_wave.simulator_context import Info
    from talk_wave.simulator_records import Records

Sent = Mapping[str, Any]
Act = Callable[[Context, Sent], Any]
"""(request, input) -> the record that results, or nothing where a payload has none."""

REQUIRED = "This field is required."
LONGEST_ABBREVIATION = 10


def mutation(act: Act, result: str | None, resource: str, right: str = "write") -> Any:
    """The resolver of a mutation: what is refused by a rule is said in its payload."""

    def resolve(_root: None, info: Info, **arguments: Any) -> dict[str, Any]:
        context = context_of(info)
        context.need(resource, right)
        payload: dict[str, Any] = {} if result is None else {result: None}
        try:
            record = act(context, arguments["input"])
        except InvalidError as error:
            return {**payload, "didSucceed": False, "inputErrors": [_input_error(error)]}
        errors: list[Any] | None = [] if context.enabled("empty_input_errors") else None
        if result is not None:
            payload[result] = record
        return {**payload, "didSucceed": True, "inputErrors": errors}

    return resolve


def _input_error(error: InvalidError) -> dict[str, Any]:
    if isinstance(error, RuleError):
        return {
            "code": error.code,
            "message": error.problem,
            "path": ["input", *error.path],
        }
    required = error.problem == "is required"
    return {
        "code": "REQUIRED" if required else "INVALID",
        "message": REQUIRED if required else error.problem,
        "path": ["input", *error.field.split(".")],
    }


def check_business(context: Context, sent: Sent) -> None:
    """Only the first business keeps records.

    Raises:
        GraphQLError: The token does not answer for the business, or it is another one.
    """
    context.business(sent["businessId"])
    if sent["businessId"] != business.BUSINESS_ID:
        raise refusal("FORBIDDEN", "Nothing can be written to this business.")


def need(records: Records, kind: str, id_: str) -> Snapshot:
    """The record that a mutation is about.

    Raises:
        GraphQLError: There is none.
    """
    found = records.get(id_)
    if found is None:
        raise absent(kind, id_)
    return found


def _customer_create(context: Context, sent: Sent) -> Any:
    check_business(context, sent)
    books = context.books
    values = context.inputs.customer(sent, new=True)
    return books.customers.node(books.resources["customers"].create(values, context.author))


def _customer_patch(context: Context, sent: Sent) -> Any:
    books = context.books
    need(books.customers, "Customer", sent["id"])
    changes = context.inputs.customer(sent, new=False)
    changed = books.resources["customers"].change(sent["id"], changes, context.author)
    return books.customers.node(changed)


def _customer_delete(context: Context, sent: Sent) -> None:
    books = context.books
    need(books.customers, "Customer", sent["id"])
    allowed = context.enabled("customer_delete_with_invoices")
    if not allowed and books.invoices_of(sent["id"]):
        raise RuleError(("id",), "A customer with invoices cannot be deleted.")
    books.customers.delete(sent["id"], context.author)


def _product_create(context: Context, sent: Sent) -> Any:
    check_business(context, sent)
    books = context.books
    values = context.inputs.product(sent, new=True)
    return books.products.node(books.resources["products"].create(values, context.author))


def _product_patch(context: Context, sent: Sent) -> Any:
    books = context.books
    need(books.products, "Product", sent["id"])
    changes = context.inputs.product(sent, new=False)
    changed = books.resources["products"].change(sent["id"], changes, context.author)
    return books.products.node(changed)


def _archive(records: Records, kind: str, context: Context, sent: Sent) -> Any:
    values = need(records, kind, sent["id"]).values
    return records.node(records.update(sent["id"], {**values, "isArchived": True}, context.author))


def _account_create(context: Context, sent: Sent) -> Any:
    check_business(context, sent)
    if not sent["name"].strip():
        raise RuleError(("name",), REQUIRED, "REQUIRED")
    others = {name: sent.get(name) for name in ("description", "displayId")}
    values = account_values(sent["name"], sent["subtype"], **others)
    if sent.get("currency"):
        values["currency"] = {"code": sent["currency"]}
    accounts = context.books.accounts
    return accounts.node(accounts.insert(values, context.author))


def _account_patch(context: Context, sent: Sent) -> Any:
    accounts = context.books.accounts
    values = need(accounts, "Account", sent["id"]).values
    if sent["sequence"] != values["sequence"]:
        raise RuleError(("sequence",), "The account has changed since.", "STALE")
    changes = {name: sent[name] for name in ("name", "description", "displayId") if name in sent}
    if "name" in changes and not changes["name"]:
        raise RuleError(("name",), REQUIRED, "REQUIRED")
    changed = {**values, **changes, "sequence": values["sequence"] + 1}
    return accounts.node(accounts.update(sent["id"], changed, context.author))


def _account_archive(context: Context, sent: Sent) -> None:
    accounts = context.books.accounts
    values = need(accounts, "Account", sent["id"]).values
    archived = {**values, "isArchived": True, "sequence": values["sequence"] + 1}
    accounts.update(sent["id"], archived, context.author)


def _tax_create(context: Context, sent: Sent) -> Any:
    check_business(context, sent)
    _check_abbreviation(context, sent["abbreviation"], None)
    taxes = context.books.taxes
    return taxes.node(taxes.insert(tax_values(sent, sent["rate"]), context.author))


def _tax_patch(context: Context, sent: Sent) -> Any:
    taxes = context.books.taxes
    values = need(taxes, "SalesTax", sent["id"]).values
    changes = {name: value for name, value in sent.items() if name != "id"}
    for name in ("name", "abbreviation", "showTaxNumberOnInvoices"):
        if name in changes and changes[name] is None:
            raise RuleError((name,), REQUIRED, "REQUIRED")
    if "abbreviation" in changes:
        _check_abbreviation(context, changes["abbreviation"], sent["id"])
    return taxes.node(taxes.update(sent["id"], {**values, **changes}, context.author))


def _check_abbreviation(context: Context, text: str, id_: str | None) -> None:
    path = ("abbreviation",)
    if len(text) > LONGEST_ABBREVIATION:
        raise RuleError(path, f"It may have at most {LONGEST_ABBREVIATION} characters.")
    if context.books.taxes.taken("abbreviation", text, id_):
        raise RuleError(path, "This abbreviation is already in use.", "UNIQUE")


def _transaction_create(context: Context, sent: Sent) -> Any:
    check_business(context, sent)
    return _transaction(context, sent, ())


def _transactions_create(context: Context, sent: Sent) -> Any:
    check_business(context, sent)
    each = enumerate(sent["transactions"])
    return [_transaction(context, one, ("transactions", str(index))) for index, one in each]


def _transaction(context: Context, sent: Sent, path: tuple[str, ...]) -> Any:
    """A transaction that came before, by its external id, is not made again."""
    transactions = context.books.transactions
    earlier = transactions.find("externalId", sent["externalId"])
    if earlier:
        return transactions.node(earlier[0])
    lines = sent["lineItems"]
    for holder in (sent["anchor"], *lines):
        account = context.books.accounts.get(holder["accountId"])
        if account is None:
            raise RuleError((*path, "accountId"), "Node could not be found", "NOT_FOUND")
    if sum((line["amount"] for line in lines), Decimal(0)) != sent["anchor"]["amount"]:
        raise RuleError((*path, "lineItems"), "The transaction does not balance.")
    kept = {"externalId": sent["externalId"], "amount": shortest(sent["anchor"]["amount"])}
    return transactions.node(transactions.insert(kept, context.author))


def _deposit_create(context: Context, sent: Sent) -> None:
    check_business(context, sent)
    transactions = context.books.transactions
    if not transactions.find("externalId", sent["externalId"]):
        transactions.insert({"externalId": sent["externalId"]}, context.author)


MUTATIONS: Mapping[str, Any] = {
    "customerCreate": mutation(_customer_create, "customer", "customer"),
    "customerPatch": mutation(_customer_patch, "customer", "customer"),
    "customerDelete": mutation(_customer_delete, None, "customer"),
    "productCreate": mutation(_product_create, "product", "product"),
    "productPatch": mutation(_product_patch, "product", "product"),
    "productArchive": mutation(
        lambda context, sent: _archive(context.books.products, "Product", context, sent),
        "product",
        "product",
    ),
    "accountCreate": mutation(_account_create, "account", "account"),
    "accountPatch": mutation(_account_patch, "account", "account"),
    "accountArchive": mutation(_account_archive, None, "account"),
    "salesTaxCreate": mutation(_tax_create, "salesTax", "sales_tax"),
    "salesTaxPatch": mutation(_tax_patch, "salesTax", "sales_tax"),
    "salesTaxArchive": mutation(
        lambda context, sent: _archive(context.books.taxes, "SalesTax", context, sent),
        "salesTax",
        "sales_tax",
    ),
    "moneyTransactionCreate": mutation(_transaction_create, "transaction", "transaction"),
    "moneyTransactionsCreate": mutation(_transactions_create, "transactions", "transaction"),
    "moneyDepositTransactionCreate": mutation(_deposit_create, None, "transaction"),
}
"""Field of `Mutation` -> resolver."""
