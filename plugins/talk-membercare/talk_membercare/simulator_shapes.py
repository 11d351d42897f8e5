"""How the twin's API shows its records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talk_membercare.simulator_context import BASE, Context, Raw, local

if TYPE_CHECKING:
    from talk_sdk.testing.records import Snapshot

HOST = f"https://example-rest.membercare.no{BASE}"
NUMBER_KINDS = ("norwegianCompanyNumber", "cvr", "se", "vat")
DEBTOR = (
    "contacts", "addresses", "customFieldValues", "closeDate", "closeReason", "externalId",
    "einvoiceEan", "einvoiceEmail", "defaultAddressType", "dafualtPayerRule", "financeType",
)  # fmt: skip
"""What persons and companies have in common."""


def _debtor(snapshot: Snapshot, route: str, name: str, member_type: int) -> Raw:
    values = snapshot.values
    return {
        **{name: values.get(name) for name in DEBTOR},
        "url": f"{HOST}/{route}/{snapshot.id}",
        "debtorAccountNumber": snapshot.id,
        "name": name,
        "invoicesLink": f"{HOST}/debtors/{snapshot.id}/invoices",
        "memberType": member_type,
        "defaultPayerLink": None,
        "lastChange": local(snapshot.modified),
    }


def company(snapshot: Snapshot) -> Raw:
    """A company."""
    values = snapshot.values
    own = ("companyName", "companyName2", "category", "nameHistory", "defaultAgreement")
    more = ("publicEstablishment", "parentCompany", "foreignSystemMappings")
    name = " ".join(filter(None, (values["companyName"], values["companyName2"])))
    return {
        **_debtor(snapshot, "companies", name, 2),
        "id": 200_000 + int(snapshot.id),
        **{name: values[name] for name in (*own, *more)},
        "businessNumbers": _business_numbers(snapshot),
        "customFieldValuesLink": f"{HOST}/companies/{snapshot.id}/customFields/values",
        "invoiceAddresses": None,
        "readdressings": [],
    }


def _business_numbers(snapshot: Snapshot) -> Raw:
    numbers = {kind: snapshot.values["numbers"].get(kind) for kind in NUMBER_KINDS}
    texts = {kind: (row or {}).get("number") for kind, row in numbers.items()}
    return {
        "url": None,
        "debtorLink": f"{HOST}/debtors/{snapshot.id}",
        "cvr": texts["cvr"],
        "se": texts["se"],
        "vat": texts["vat"],
        "p": None,
        "rut": None,
        "registrationNumberCVR": numbers["cvr"],
        "registrationNumberNorwegianCompanyNumber": numbers["norwegianCompanyNumber"],
        "registrationNumberSwedishCompanyNumber": None,
        "registrationNumbersSE": [numbers["se"]] if numbers["se"] else [],
        "registrationNumberVAT": numbers["vat"],
        "registrationNumbersRUT": [],
    }


def person(snapshot: Snapshot) -> Raw:
    """A person."""
    values = snapshot.values
    name = " ".join(filter(None, (values["firstname"], values["lastname"])))
    own = ("firstname", "lastname", "birthDate", "gender", "honorific", "text")
    secret = ("password", "loginToken", "socialSecurityNumber")
    return {
        **_debtor(snapshot, "persons", name, 1),
        **{name: values[name] for name in (*own, *secret)},
        "employments": values["employments"],
        "foreignSystemMappings": values["foreignSystemMappings"],
    }


def debtor(snapshot: Snapshot, member_type: int) -> Raw:
    """A member as the list of debtors has it: what persons and companies have in common."""
    whole = company(snapshot) if member_type == 2 else person(snapshot)  # noqa: PLR2004 - the API's
    names = [
        *DEBTOR,
        "url",
        "debtorAccountNumber",
        "name",
        "invoicesLink",
        "memberType",
        "lastChange",
    ]
    names += ["defaultPayerLink", "businessNumbers"]
    return {name: whole.get(name) for name in names}


def organization(snapshot: Snapshot) -> Raw:
    """A unit of the association itself."""
    values = snapshot.values
    own = ("identificationNumber", "name", "name2", "contacts", "addresses", "webEnabled")
    more = ("membershipAllowed", "boardMemberAllowed", "organizationCategory")
    link = values["company"]
    return {
        "url": f"{HOST}/organizations/{values['identificationNumber']}",
        "id": 400_000 + int(snapshot.id),
        "fullName": " ".join(filter(None, (values["name"], values["name2"]))),
        "companyLink": None if link is None else f"{HOST}/companies/{link}",
        "electoralDistricts": None,
        **{name: values[name] for name in (*own, *more, "startDate", "endDate")},
    }


def product(snapshot: Snapshot) -> Raw:
    """Something that can be billed; it has no price."""
    url = f"{HOST}/products/{snapshot.id}"
    return {"url": url, "id": int(snapshot.id), **snapshot.values}


def invoice(context: Context, snapshot: Snapshot) -> Raw:
    """An invoice, with its payer as it is now."""
    link = f"{HOST}/invoices/{snapshot.id}"
    payer = payer_of(context, snapshot.values["payer"])
    return {
        **snapshot.values,
        "url": link,
        "id": int(snapshot.id),
        "payer": payer,
        "sendInvoiceTo": payer,
        "deliverProductsTo": payer,
        "creditedInvoiceLink": None,
        "eInvoiceInfo": None,
        "invoiceTexts": [],
        "recurringPaymentIdentification": None,
    }


def payer_of(context: Context, number: str) -> Raw:
    """A debtor by account number.

    Raises:
        KeyError: there is none.
    """
    for name, member_type in (("companies", 2), ("persons", 1)):
        found = context.resources[name].collection.get(number)
        if found is not None:
            return debtor(found, member_type)
    raise KeyError(number)
