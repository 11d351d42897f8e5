"""webCRM's tables: where each property of the shared model stands in its records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from talk_sdk.lenses import day, decimal_number, organisation_number, phone, ref, truncate
from talk_sdk.mapping import Children, Mapping, Pair
from talk_webcrm import models
from talk_webcrm.settings import CrmSettings
from talk_webcrm.values import archived, country, currency, employed, level, vat_code

__all__ = ["EMPTY", "mappings"]

EMPTY = "-"
"""Where the API demands a text that nobody knows: last names, Data fields."""
MONEY = decimal_number(6, zero=False)
PERCENT = decimal_number(4, zero=False)
SHORT = truncate(50)


def mappings(settings: CrmSettings) -> Sequence[Mapping]:
    """The tables of one system."""
    return _organisation(settings), _person(settings), _product(settings), _opportunity(settings)


def _organisation(settings: CrmSettings) -> Mapping:
    return Mapping(
        models.Organisations, "customer",
        Pair("OrganisationName", "name", truncate(200), placeholder="?"),
        Pair("Kind", "kind", read_only=True),
        Pair("OrganisationVatNumber", "organisation_number", organisation_number(), match=1),
        Pair("MainPerson.PersonEmail", "email", match=2),
        Pair("MainPerson.PersonFirstName", "first_name"),
        Pair("MainPerson.PersonLastName", "last_name", placeholder=EMPTY),
        Pair("MainPerson.PersonMobilePhone", "mobile", phone(settings.region)),
        Pair("OrganisationTelephone", "phone", phone(settings.region)),
        Pair("OrganisationFax", "fax", phone(settings.region)),
        Pair("OrganisationWww", "website", SHORT),
        Pair("OrganisationCompanyDescription", "notes"),
        Pair("OrganisationCurrencyName", "currency", currency(settings.currencies)),
        *_status(settings),
        *_address("Organisation", "billing_address"),
        Pair(("OrganisationCountryData.CodeISO", "OrganisationCountry"),
             "billing_address.country", country(settings.language)),
        *_address("OrganisationDelivery", "shipping_address"),
    )  # fmt: skip


def _status(settings: CrmSettings) -> Iterator[Pair]:
    if settings.archived_status is not None:
        lens = archived(settings.archived_status, settings.active_status)
        yield Pair("OrganisationStatus", "active", lens)


def _address(wire: str, ours: str) -> tuple[Pair, ...]:
    return (
        Pair(f"{wire}AddressLine1", f"{ours}.line1", truncate(124)),
        Pair(f"{wire}AddressLine2", f"{ours}.line2", truncate(124)),
        Pair(f"{wire}PostCode", f"{ours}.postal_code"),
        Pair(f"{wire}City", f"{ours}.city", SHORT),
        Pair(f"{wire}State", f"{ours}.subdivision"),
    )


def _person(settings: CrmSettings) -> Mapping:
    number = phone(settings.region)
    return Mapping(
        models.Persons, "contact",
        Pair("PersonEmail", "email", match=1),
        Pair("PersonOrganisationId", "customer", ref("Organisations", number=True), match=1,
             on_create=True, required="webCRM keeps every person on an organisation"),
        Pair("PersonFirstName", "first_name"),
        Pair("PersonLastName", "last_name", placeholder=EMPTY),
        Pair("PersonDirectPhone", "phone", number),
        Pair("PersonMobilePhone", "mobile", number),
        Pair("PersonTitle", "title"),
        Pair("PersonStatus", "active", employed(), default=True),
    )  # fmt: skip


def _product(settings: CrmSettings) -> Mapping:
    if settings.products == "registered":
        own = (
            Pair("Name", "name", match=3),
            Pair("ProductMemo", "description"),
            Pair("ProductPrice", "unit_price", MONEY),
            Pair("ProductCostPrice", "cost_price", MONEY),
            Pair("ProductQuantity", "stock", MONEY),
            Pair("ProductVatCode", "tax_rate", vat_code(settings.vat_codes)),
        )
        return Mapping(models.Products, "product", Pair("Number", "number", match=1), *own)
    item = "QuotationLineLinkedDataItem"
    unit = () if settings.item_unit is None else (Pair("Unit", "unit", placeholder=EMPTY),)
    return Mapping(
        models.Products, "product",
        Pair("Number", "number", match=1, placeholder=EMPTY),
        Pair("Name", "name", match=3, placeholder=EMPTY),
        *unit,
        Pair(f"{item}DataMemo", "description"),
        Pair(f"{item}Price", "unit_price", MONEY),
        Pair(f"{item}CostPrice", "cost_price", MONEY),
        Pair(f"{item}VatCode", "tax_rate", vat_code(settings.vat_codes)),
    )  # fmt: skip


def _opportunity(settings: CrmSettings) -> Mapping:
    steps = [Pair("OpportunityLevel", "status", level(settings.levels))] if settings.levels else []
    return Mapping(
        models.Opportunities, "order",
        Pair("OpportunityNumber", "number", match=1, assigned=True),
        Pair("OpportunityOrganisationId", "customer", ref("Organisations", number=True), match=1,
             required="webCRM keeps every opportunity on an organisation, give the order one"),
        Pair("OpportunityOrderDate", "date", day(settings.time_zone)),
        Pair(("OpportunityCurrencyName", "OpportunityCurrencySymbol"), "currency",
             currency(settings.currencies, symbol=True)),
        *steps,
        Pair("OpportunityDescription", "title"),
        Pair("OpportunityNote", "notes"),
        Pair("OpportunityDiscount", "discount", PERCENT),
        Children(
            "Quotationlines", "lines",
            Pair("Product", "product", ref("Products", number=True)),
            Pair("Number", "sku", placeholder=EMPTY),
            Pair("Name", "description", placeholder=EMPTY),
            Pair("QuotationLineQuantity", "quantity", MONEY),
            Pair("QuotationLinePrice", "unit_price", MONEY),
            Pair("QuotationLineDiscount", "discount", PERCENT),
            Pair("QuotationLineVatPercentage", "tax_rate", PERCENT),
            Pair("QuotationLineCostPrice", "cost_price", MONEY),
            id="QuotationLineId",
        ),
    )  # fmt: skip
