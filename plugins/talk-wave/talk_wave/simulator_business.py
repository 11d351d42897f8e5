"""Who keeps books in the twin: ids, the user, the businesses, their accounts, taxes and vendors."""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

CURRENCY = "NOK"
ZONE = ZoneInfo("Europe/Oslo")
FOUNDED = datetime(2025, 1, 2, 8, 0, tzinfo=UTC)
"""When the business came to Wave."""
TERMS_DAYS = 30
NUMBERS_FROM = 70_000_001
"""The running numbers of records in their ids."""

_UUID = "5e3d7b0a-94c1-4f6b-8a52-1d0c6f2e9b37"


def opaque(text: str) -> str:
    """An id as it is on the wire."""
    return b64encode(text.encode()).decode()


def record_id(kind: str, number: int) -> str:
    """The id of the so many-th record of a kind in the business, from 1."""
    return opaque(f"Business:{_UUID};{kind}:{NUMBERS_FROM + number - 1}")


def number_of(id_: str) -> str:
    """The running number within an id."""
    return b64decode(id_).decode().rpartition(":")[2]


def as_time(instant: datetime) -> str:
    """A time as it is on the wire."""
    return instant.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}Z"


BUSINESS_ID = opaque(f"Business:{_UUID}")
OTHER_BUSINESS_ID = opaque("Business:0c7a4f19-3b8e-4d25-9f60-7e51a2d8c4b6")
PERSONAL_ID = opaque("Business:b1f0d6c2-58e7-4a93-8d14-2c9e7a305f8d")
USER_ID = opaque("User:7d2c91e5-6a0f-4b38-b7c4-9e18f3a5d602")
APPLICATION_ID = opaque("OAuthApplication:3a94e7d1-0b5c-4c62-8f2e-6d71b8c0e945")


def _business(id_: str, name: str, **others: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "name": name,
        "isPersonal": False,
        "organizationalType": "CORPORATION",
        "currency": {"code": CURRENCY},
        "timezone": ZONE.key,
        "isClassicAccounting": False,
        "isClassicInvoicing": False,
        "isArchived": False,
        "createdAt": as_time(FOUNDED),
        "modifiedAt": as_time(FOUNDED),
        **others,
    }


MAIN = _business(BUSINESS_ID, "Nordlys Handel AS", website="https://nordlys.example")
BUSINESSES = (
    MAIN,
    _business(OTHER_BUSINESS_ID, "Fjordvik Eiendom AS"),
    _business(PERSONAL_ID, "Personal", isPersonal=True, organizationalType=None),
)

USER: dict[str, Any] = {
    "id": USER_ID,
    "defaultEmail": "regnskap@nordlys.example",
    "firstName": "Ingrid",
    "lastName": "Dahl",
    "createdAt": as_time(FOUNDED),
    "modifiedAt": as_time(FOUNDED),
}

ACCOUNTS = (
    ("Salgsinntekt", "INCOME"),
    ("Annen inntekt", "OTHER_INCOME"),
    ("Rabatter", "DISCOUNTS"),
    ("Varekostnad", "COST_OF_GOODS_SOLD"),
    ("Driftskostnad", "EXPENSE"),
    ("Bankkonto", "CASH_AND_BANK"),
    ("Kundefordringer", "RECEIVABLE_INVOICES"),
)
"""Name and subtype."""
INCOME_ACCOUNT = record_id("Account", 1)
SELLING = frozenset({"INCOME", "DISCOUNTS", "OTHER_INCOME"})
BUYING = frozenset({"EXPENSE", "COST_OF_GOODS_SOLD", "PAYMENT_PROCESSING_FEES", "PAYROLL_EXPENSES"})

TAXES = (
    ("Merverdiavgift høy sats", "MVA25", Decimal("0.25")),
    ("Mva mat", "MVA15", Decimal("0.15")),
)
"""Name, abbreviation, rate as a fraction."""

VENDORS = (
    {"name": "Papirgrossisten AS", "email": "ordre@papir.example", "city": "Drammen"},
    {"name": "Nordkraft", "email": "post@nordkraft.example", "city": "Bodø"},
)

TYPE_OF_SUBTYPE = {
    "ASSET": {
        "CASH_AND_BANK", "DEPRECIATION_AND_AMORTIZATION", "INVENTORY", "MONEY_IN_TRANSIT",
        "OTHER_CURRENT_ASSETS", "OTHER_LONG_TERM_ASSETS", "PROPERTY_PLANT_EQUIPMENT",
        "RECEIVABLE", "RECEIVABLE_INVOICES", "RECEIVABLE_OTHER",
        "VENDOR_PREPAYMENTS_AND_CREDITS", "TRANSFERS",
    },
    "INCOME": {
        "DISCOUNTS", "GAIN_ON_FOREIGN_EXCHANGE", "INCOME", "OTHER_INCOME", "UNCATEGORIZED_INCOME",
    },
    "EXPENSE": {
        "COST_OF_GOODS_SOLD", "EXPENSE", "LOSS_ON_FOREIGN_EXCHANGE", "PAYMENT_PROCESSING_FEES",
        "PAYROLL_EXPENSES", "UNCATEGORIZED_EXPENSE",
    },
    "EQUITY": {"DUE_TO_YOU_AND_OTHER_OWNERS", "NON_RETAINED_EARNINGS", "RETAINED_EARNINGS"},
}  # fmt: skip
"""What is not named here is a LIABILITY."""


def type_of(subtype: str) -> str:
    """The type of an account of this subtype."""
    found = (kind for kind, subtypes in TYPE_OF_SUBTYPE.items() if subtype in subtypes)
    return next(found, "LIABILITY")


def normal_balance(kind: str) -> str:
    """On which side accounts of a type grow."""
    return "DEBIT" if kind in {"ASSET", "EXPENSE"} else "CREDIT"
