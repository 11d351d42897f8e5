"""The GraphQL documents, each asking for the fields that are used and no others.

Values go in variables. Every document is checked against the schema in the tests.
"""

from __future__ import annotations

from functools import cache

__all__ = [
    "ARCHIVE",
    "CREATE",
    "DELETE",
    "DELETE_KEYS",
    "FIELDS",
    "FIND_CUSTOMERS",
    "OPEN",
    "PATCH",
    "PRODUCT_NAMES",
    "ROOTS",
    "one_of_each",
    "page_of",
]

OPEN = """
query Open(
  $business: ID, $account: ID!, $line: ID!, $shipping: ID!,
  $hasAccount: Boolean!, $hasLine: Boolean!, $hasShipping: Boolean!
) {
  business(id: $business) {
    id name isPersonal isClassicInvoicing
    account(id: $account) @include(if: $hasAccount) { id isArchived }
    accounts(page: 1, pageSize: 50, subtypes: [INCOME], isArchived: false)
      @skip(if: $hasAccount) { edges { node { id name } } }
    line: product(id: $line) @include(if: $hasLine) { id }
    shipping: product(id: $shipping) @include(if: $hasShipping) { id }
  }
}
"""

PRODUCT_NAMES = """
query Names($business: ID!, $page: Int!, $size: Int!) {
  business(id: $business) {
    products(page: $page, pageSize: $size, sort: [CREATED_AT_ASC], isArchived: false) {
      pageInfo { currentPage totalPages totalCount }
      edges { node { id name } }
    }
  }
}
"""

_ADDRESS = """
fragment AddressFields on Address {
  addressLine1 addressLine2 city postalCode province { code } country { code }
}
"""

FIELDS = {
    "Customer": """
fragment CustomerFields on Customer {
  id name firstName lastName displayId email phone mobile fax website internalNotes
  currency { code }
  address { ...AddressFields }
  shippingDetails { name phone instructions address { ...AddressFields } }
  isArchived createdAt modifiedAt
}
"""
    + _ADDRESS,
    "Product": """
fragment ProductFields on Product {
  id name description unitPrice isArchived createdAt modifiedAt
}
""",
    "Invoice": """
fragment InvoiceFields on Invoice {
  id invoiceNumber poNumber customer { id } status currency { code }
  invoiceDate dueDate title memo
  amountPaid { value } total { value } taxTotal { value }
  discounts { __typename ... on PercentageInvoiceDiscount { percentage } }
  items {
    product { id } description quantity unitPrice
    taxes { salesTax { id } }
  }
  createdAt modifiedAt
}
""",
}

ROOTS = {"Customer": "customer", "Product": "product", "Invoice": "invoice"}
_LISTS = {
    "Customer": ("customers", "", ""),
    "Product": ("products", ", $archived: Boolean!", ", isArchived: $archived"),
    "Invoice": ("invoices", "", ""),
}


@cache
def page_of(entity: str) -> str:
    """A page of what was changed after a moment, the oldest change first."""
    name, variable, argument = _LISTS[entity]
    return f"""
query {entity}Page($business: ID!, $page: Int!, $size: Int!, $after: DateTime{variable}) {{
  business(id: $business) {{
    list: {name}(
      page: $page, pageSize: $size, sort: [MODIFIED_AT_ASC], modifiedAtAfter: $after{argument}
    ) {{
      pageInfo {{ currentPage totalPages totalCount }}
      edges {{ node {{ ...{entity}Fields }} }}
    }}
  }}
}}
{FIELDS[entity]}"""


FIND_CUSTOMERS = f"""
query CustomersByEmail($business: ID!, $page: Int!, $size: Int!, $email: String!) {{
  business(id: $business) {{
    list: customers(page: $page, pageSize: $size, sort: [CREATED_AT_ASC], email: $email) {{
      pageInfo {{ currentPage totalPages totalCount }}
      edges {{ node {{ ...CustomerFields }} }}
    }}
  }}
}}
{FIELDS["Customer"]}"""


@cache
def one_of_each(entity: str, count: int) -> str:
    """So many records by id, as `r0`, `r1` and so on, of the variables `id0`, `id1`."""
    variables = "".join(f", $id{place}: ID!" for place in range(count))
    rows = "\n    ".join(
        f"r{place}: {ROOTS[entity]}(id: $id{place}) {{ ...{entity}Fields }}"
        for place in range(count)
    )
    return f"""
query {entity}ById($business: ID!{variables}) {{
  business(id: $business) {{
    {rows}
  }}
}}
{FIELDS[entity]}"""


def _mutation(entity: str, verb: str) -> str:
    root = ROOTS[entity]
    return f"""
mutation {entity}{verb}($input: {entity}{verb}Input!) {{
  done: {root}{verb}(input: $input) {{
    didSucceed inputErrors {{ code message path }}
    {root} {{ ...{entity}Fields }}
  }}
}}
{FIELDS[entity]}"""


CREATE = {entity: _mutation(entity, "Create") for entity in ROOTS}
PATCH = {entity: _mutation(entity, "Patch") for entity in ROOTS}
ARCHIVE = _mutation("Product", "Archive")


def _deletion(entity: str) -> str:
    root = ROOTS[entity]
    return f"""
mutation {entity}Delete($input: {entity}DeleteInput!) {{
  done: {root}Delete(input: $input) {{ didSucceed inputErrors {{ code message path }} }}
}}
"""


DELETE = {entity: _deletion(entity) for entity in ("Customer", "Invoice")}
DELETE_KEYS = {"Customer": "id", "Invoice": "invoiceId"}
