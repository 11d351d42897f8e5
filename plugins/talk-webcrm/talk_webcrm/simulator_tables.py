"""What the twin of webCRM accepts: the fields of each record type, and what they are when unset."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from talk_sdk.testing import kinds as f
from talk_sdk.testing.fields import Field, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["CENSORED", "KINDS", "NEVER", "Kind"]

NEVER = "0001-01-01T00:00:00+00:00"
"""A date that is not set."""
CENSORED = "(censored)"
PERSON_STATUS = ("Active", "Resigned", "Other", "Guest")
ENTITY_TYPES = (
    "Undefined", "Organisation", "Person", "Activity", "Meeting", "Opportunity", "Delivery",
    "Product", "SupportCase", "SupportFaq",
)  # fmt: skip
ERP_STATUS = ("NotReadyForSynchronization", "ReadyForSynchronization", "Synchronized")


@dataclass(frozen=True)
class Kind:
    """A record type.

    Attributes:
        prefix: What the names of its fields begin with.
        path: Its collection under the base address.
        name: Its collection in counters and the control plane.
        table: Its fields, without id and stamps.
        longest: Field -> how many characters it holds.
    """

    prefix: str
    path: str
    name: str
    table: Table
    longest: Mapping[str, int]

    @property
    def id(self) -> str:
        """The field with the id."""
        return f"{self.prefix}Id"

    @property
    def read_only(self) -> frozenset[str]:
        """Fields that the API shows and does not write, the id excepted."""
        stamps = {f"{self.prefix}{s}" for s in ("CreatedAt", "CreatedBy", "UpdatedAt", "UpdatedBy")}
        own = {each.name for each in self.table.fields if each.writable == "never"}
        return frozenset(stamps | own)


def _texts(prefix: str, names: str | Iterable[str]) -> list[Field]:
    words = names.split() if isinstance(names, str) else names
    return [replace(f.text(prefix + name), default="") for name in words]


def _numbers(prefix: str, names: str) -> list[Field]:
    return [replace(_double(prefix + name), default=0) for name in names.split()]


def _integers(prefix: str, names: str) -> list[Field]:
    return [replace(f.integer(prefix + name), default=0) for name in names.split()]


def _flags(prefix: str, names: str) -> list[Field]:
    return [f.flag(prefix + name, default=False) for name in names.split()]


def _times(prefix: str, names: str) -> list[Field]:
    return [_time(prefix + name) for name in names.split()]


def _customs(prefix: str) -> list[Field]:
    """Custom fields read as empty text where unset, the later Plus fields as null."""
    plus = [f.text(f"{prefix}Plus{number}") for number in range(1, 21)]
    return [*_texts(prefix, (f"Custom{number}" for number in range(1, 16))), *plus]


def _double(name: str) -> Field:
    """A JSON double: some fifteen digits are kept."""

    def clean(raw: Any) -> int | Decimal:
        if isinstance(raw, str):
            raise ValueError("must be a number")  # noqa: TRY004 - the same answer for all
        return f.plain(Decimal(repr(float(f.as_decimal(raw)))))

    return Field(name, {"type": "number"}, clean)


def _time(name: str) -> Field:
    def clean(raw: Any) -> str:
        try:
            moment = datetime.fromisoformat(str(raw))
        except ValueError:
            raise ValueError("must be a time like 2026-11-01T10:00:00Z") from None
        if moment.year == 1:
            return NEVER
        return moment.replace(microsecond=0).isoformat() + ("" if moment.tzinfo else "+00:00")

    return Field(name, {"type": "string", "format": "date-time"}, clean, default=NEVER)


def _read_only(fields: Iterable[Field]) -> list[Field]:
    return [f.read_only(each) for each in fields]


_COUNTRY = f.group("OrganisationCountryData", *_texts("", "Name CodeISO"))

ORGANISATION = Kind(
    "Organisation", "Organisations", "organisations",
    Table(
        (
            *_texts("Organisation", "Name DivisionName Address City PostCode State Country"
                    " Telephone Fax Www Domain VatNumber VatCountry VatGroup Comment Memo Alert"
                    " CompanyDescription DeliveryAddress DeliveryPostCode DeliveryCity"
                    " DeliveryState CurrencyName Status Type Industry"),
            *_integers("Organisation", "Owner Owner2 TerritoryId ApprovalStatus Sla"),
            *_customs("Organisation"),
            *_times("Organisation", "VatVerifiedAt XDate1"),
            _COUNTRY,
            *_read_only(_texts("Organisation", "CompareName TelephoneSearch History")),
            *_read_only(_times("Organisation", "LastDisplayedAt LastItemUpdatedAt")),
        )
    ),
    {
        "OrganisationName": 200, "OrganisationDivisionName": 200, "OrganisationAddress": 250,
        "OrganisationCompareName": 500, "OrganisationVatCountry": 10, "OrganisationVatGroup": 20,
        **{f"Organisation{name}": 50 for name in
           ("City", "Country", "Telephone", "Fax", "Www", "Domain", "VatNumber", "Industry",
            "Alert")},
    },
)  # fmt: skip

PERSON = Kind(
    "Person", "Persons", "persons",
    Table(
        (
            f.on_create(replace(f.integer("PersonOrganisationId"), default=0)),
            *_texts("Person", "FirstName MiddleName Email Email2 DirectPhone MobilePhone Title"
                    " Salutation Skype Comment Memo"),
            f.required(_texts("Person", "LastName")[0]),
            f.choice("PersonStatus", PERSON_STATUS, default="Active"),
            *_integers("Person", "SortOrder"),
            *_times("Person", "Birthday MemberStartDate"),
            *_flags("Person", "BlockMassEmail BlockMassEmail2 CheckMark1"),
            *_customs("Person"),
            *_read_only(_texts("Person", "Name TelephoneSearch History LoginLog")),
            *_read_only(_times("Person", "LastLoginDateTime")),
            replace(f.text("PersonPassword"), default=CENSORED),
        )
    ),
    {},
)  # fmt: skip

OPPORTUNITY = Kind(
    "Opportunity", "Opportunities", "opportunities",
    Table(
        (
            f.on_create(replace(f.integer("OpportunityOrganisationId"), default=0)),
            *_texts("Opportunity", "Number Description Product Comment Note Memo CurrencyName"
                    " CurrencySymbol ErpId ErpReadOnly LevelText Lost1"),
            *_numbers("Opportunity", "Discount OrderValue OrderGmValue Revenue1"),
            *_integers("Opportunity", "PersonId Level Percent WinPercent AssignedTo ProductId"),
            *_flags("Opportunity", "WinYesNo"),
            *_times("Opportunity", "OrderDate NextFollowUp LostDate ErpSyncDateTime"),
            f.choice("OpportunityErpStatus", ERP_STATUS, default=ERP_STATUS[0]),
            *_customs("Opportunity"),
            *_read_only(_texts("Opportunity", "History")),
        )
    ),
    {},
)  # fmt: skip

LINE = Kind(
    "QuotationLine", "QuotationLines", "quotation_lines",
    Table(
        (
            *_integers("QuotationLine", "OpportunityId OrganisationId PersonId SortOrder"),
            *_texts("QuotationLine", [f"Data{number}" for number in range(1, 10)]),
            *_texts("QuotationLine", "Memo Comment StockStatus"),
            *_numbers("QuotationLine", "Quantity Price ListPrice CostPrice Discount VatPercentage"),
        )
    ),
    {},
)  # fmt: skip

PRODUCT = Kind(
    "Product", "Products", "products",
    Table(
        (
            *_integers("Product", "OrganisationId PersonId ProductYear SortOrder"),
            *_numbers("Product", "Price CostPrice ListPrice Discount Quantity"),
            *_texts("Product", "VatCode StockStatus Comment Memo"),
            *_customs("Product"),
            *_read_only(_texts("Product", "Combined History")),
        )
    ),
    {},
)  # fmt: skip

LINKED = Kind(
    "QuotationLineLinkedDataItem", "QuotationLines/LinkedData", "linked_data",
    Table(
        (
            *_texts("QuotationLineLinkedDataItem", [f"Data{number}" for number in range(1, 10)]),
            *_texts("QuotationLineLinkedDataItem", "DataMemo ItemGroup VatCode"),
            *_numbers("QuotationLineLinkedDataItem", "Price CostPrice"),
            f.choice("QuotationLineLinkedDataItemEntityType", ENTITY_TYPES, default="Undefined"),
        )
    ),
    {},
)  # fmt: skip

KINDS = (ORGANISATION, PERSON, OPPORTUNITY, LINE, PRODUCT, LINKED)
