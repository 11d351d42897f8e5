"""What is not known of Wave for certain, as switches of the twin.

Each default is what is harder for a client, so that one that works here works with either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

READING: Mapping[str, bool | float] = {
    # `modifiedAtAfter` and `modifiedAtBefore` also find what was modified at that instant.
    "inclusive": False,
    # To how many seconds the times of records are cut: 1, or 0.001 for milliseconds.
    "precision": 1.0,
    # Pages hold at most so many records; more are cut, or refused.
    "page_cap": 200.0,
    "large_pages_refused": False,
    # `totalPages` and `totalCount` are told; else they are null.
    "page_totals": True,
    # What a query may cost, see `simulator_cost`.
    "max_cost": 5100.0,
    # `isArchived` left out finds archived records as well.
    "archived_listed": False,
    # Archived customers, for whom there is no filter, are listed.
    "archived_customers_listed": True,
    # The filter `email` finds whole addresses only; else what contains the text, in any case.
    "email_exact": False,
    # An address without any part reads as an object of nulls; else as null.
    "empty_objects": False,
    # A successful mutation has `inputErrors: []`; else null.
    "empty_input_errors": False,
    # Texts may stand in documents; else in variables only.
    "inline_strings": False,
    # The code of a variable of the wrong type is VARIABLE_VALUE; else BAD_USER_INPUT.
    "variable_value_code": False,
    # An unpaid invoice that is not yet due, and no draft, reads UNPAID; else its stored state.
    "unpaid_status": False,
}

SIGN_IN: Mapping[str, bool | float] = {
    # The user says no on the page where access is granted.
    "deny_consent": False,
    # The business has no Pro plan any more: refreshing answers 403.
    "lapsed": False,
    # A request without a valid token answers 401; else 200 and an error in the body.
    "http_401": False,
    # The scope `transaction:read` exists.
    "transaction_read": False,
}

WRITING: Mapping[str, bool | float] = {
    # Null clears a field in a patch; else only an empty text does.
    "null_clears": True,
    # An address, or shipping details, in a patch change the parts sent; else they replace all.
    "address_merges": False,
    # A province may lie outside of the country.
    "foreign_provinces": False,
    # Shipping details of a new customer need no name.
    "nameless_shipping": False,
    # No two customers have one `displayId`.
    "unique_display_ids": True,
    # A customer with invoices may get another currency.
    "customer_currency_change": False,
    # A customer with invoices may be deleted.
    "customer_delete_with_invoices": False,
    # No two products have one name. Off by default: a client that takes names for unique fails.
    "unique_product_names": False,
    # A product needs neither an income nor an expense account.
    "accountless_products": False,
    # For so many seconds a new customer or product "could not be found" by invoices.
    "reference_lag": 0.0,
}

INVOICES: Mapping[str, bool | float] = {
    # Two invoices may have one number.
    "duplicate_numbers": False,
    # A new invoice without status is SAVED; else DRAFT.
    "created_saved": False,
    # The business has texts that fill memo and footer where they are left out.
    "default_memo": False,
    # A SAVED invoice may become a DRAFT again.
    "unapprove": False,
    # A SAVED invoice may get another customer or currency.
    "saved_recast": False,
    # A SENT or VIEWED invoice may be patched.
    "sent_patch": False,
    # An invoice that money was paid for may be patched in what its total comes from.
    "paid_patch": False,
    # Who may be deleted: 0 drafts, 1 drafts and saved ones, 2 all; never one with payments.
    "delete_rule": 0.0,
    # A payment moves the invoice's `modifiedAt`.
    "payments_touch": False,
    # The business may send e-mail.
    "email_send": True,
}

SWITCHES: Mapping[str, bool | float] = {**READING, **SIGN_IN, **WRITING, **INVOICES}
"""Name -> default."""
