"""What is not known of MemberCare for certain, as switches of the twin.

Each default is what is harder for a client, so that one that works here works with either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

READING: Mapping[str, bool | float] = {
    # Lists are in the order of creation; else in one that says nothing.
    "sorted": False,
    # A page has at most so many records; a larger `pageSize` is cut.
    "page_cap": 200.0,
    # `changedAfter` also finds what changed at that moment.
    "inclusive": False,
    # `changedAfter` is local time, as `lastChange` is; else it is UTC.
    "local_filter": True,
    # A new address, contact, number or mapping moves the owner's `lastChange`.
    "lists_touch": False,
    # A company that is read alone shows its addresses and contacts.
    "lists_alone": False,
    # An empty list is null; else [].
    "null_lists": True,
    # `/debtors` lists members whose `financeType` is not set.
    "unset_listed": False,
    # `/companies` knows `changedAfter`.
    "companies_changed_after": False,
}

SIGN_IN: Mapping[str, bool | float] = {
    # A token lives so many seconds.
    "token_life": 3600.0,
    # `expiration` is in UTC; else it is local time.
    "expiration_utc": False,
    # A dead token answers 403; else 401.
    "dead_is_403": False,
}

WRITING: Mapping[str, bool | float] = {
    # A company's POST keeps `foreignSystemMappings`; else it ignores them.
    "mappings_on_create": False,
    # A record may have several ids in one foreign system; else the last one stands.
    "several_mappings": False,
    # No two records have one id in a foreign system.
    "unique_mappings": False,
    # A person's POST keeps addresses and contacts; else it ignores them.
    "lists_on_post": False,
    # A new contact ends those of its kind; else all stay valid, and the latest counts.
    "contact_ends_others": False,
    # A company needs a name and a category; else nothing is needed.
    "demanding": True,
    # An address needs a country and a postal code; else it may have none.
    "full_addresses": True,
    # Countries and postal codes in what is written are told by id; else by their codes.
    "places_by_id": True,
    # A postal code that is not known is kept; else it has to be created first.
    "any_postal_code": False,
    # Null clears a value in a PATCH; else it leaves it alone.
    "null_clears": False,
    # What a PUT leaves out is cleared; else it stays.
    "put_clears": True,
    # Routes without a body answer 200; else 204.
    "ok_is_200": False,
    # Errors are text/plain; else JSON strings.
    "plain_errors": False,
}

BILLING: Mapping[str, bool | float] = {
    # To how many places the unit price of a purchase's line is rounded.
    "price_places": 2.0,
    # A purchase may have negative lines.
    "negative_lines": False,
    # A line needs a product identification.
    "product_needed": True,
    # The result of a PATCH of several invoices is a list; else one object, of the last.
    "results_listed": True,
}

SWITCHES: Mapping[str, bool | float] = {**READING, **SIGN_IN, **WRITING, **BILLING}
"""Name -> default."""
