"""What no source settles of webCRM's API: one switch each, the stricter behaviour the default.

A connector that works with the defaults and with each switch the other way round works with either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SWITCHES: Mapping[str, bool | float] = {
    # --- signing in -----------------------------------------------------------------------------
    # A refused login answers 401; else 200 with `IsError: true`.
    "login_401": False,
    # Seconds that an access token is valid.
    "token_life": 3600.0,
    # Requests in a sliding minute and per application token.
    "per_minute": 250.0,
    # --- reading --------------------------------------------------------------------------------
    # Lists are in order of ids; else in an order of their own, the same for every page.
    "lists_by_id": False,
    # What a page holds where `Size` is left out.
    "default_size": 50.0,
    # `/Queries` knows the tables QuotationLine and Product.
    "line_tables": False,
    # --- creating -------------------------------------------------------------------------------
    # What POST answers: 0 nothing, 1 the id as a number, 2 the record. Organisations; the others.
    "organisation_answer": 0.0,
    "create_answer": 1.0,
    # Seconds after a create in which the next one fails (id generation); 0 never.
    "id_generation": 0.0,
    # Opportunities get a number where none is given.
    "auto_number": False,
    # A person needs an organisation.
    "person_needs_organisation": True,
    # --- what is sent ---------------------------------------------------------------------------
    # Text that is too long is refused; else it is cut.
    "overlong_refused": True,
    # A PUT changes what is sent; else it replaces the record, and what is left out is unset.
    "put_merges": False,
    # So does a bulk PATCH.
    "patch_merges": False,
    # A bulk PATCH tells the id of a record that it has changed; else it tells nothing of it.
    "patch_tells": True,
    # Sent values of read-only fields are refused; else they are ignored.
    "read_only_refused": True,
    # Data fields that are in use must not be empty.
    "data_required": True,
    # `OrganisationCountryData` is written as sent; else it follows `OrganisationCountry`.
    "country_data_writable": False,
    # --- what moves what ------------------------------------------------------------------------
    # A line that is created, changed or deleted moves its opportunity's UpdatedAt.
    "line_touches": False,
    # The value of an opportunity is computed from its lines.
    "value_from_lines": False,
    # Linked data is switched on for this system.
    "linked_data": True,
}
"""Name -> default."""
