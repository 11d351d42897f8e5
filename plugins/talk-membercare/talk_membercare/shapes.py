"""Members, units and payers as the tables speak of them.

Pure functions; arguments are left as they are. Times are local texts, as the API writes them.
"""

from __future__ import annotations

from talk_membercare.dated import address_in, contacts_in, last_change
from talk_membercare.models import MARKER
from talk_membercare.settings import MemberCareSettings
from talk_sdk.operations import Raw

__all__ = [
    "OURS",
    "company_in",
    "linked_key",
    "organization_in",
    "payer_in",
    "person_in",
]

OURS = "talk-sdk/"
"""What `externalId` begins with where it holds our key."""
_SECRET = frozenset(
    {"socialSecurityNumber", "password", "loginToken", "webUserId", "identity",
     "bankRegistrationNumber", "bankAccountNumber"}
)  # fmt: skip
"""What is in a person's record and is nobody's business here."""
_ROWS = frozenset({"contacts", "addresses", "businessNumbers", "employments"})


def company_in(raw: Raw, settings: MemberCareSettings, now: str) -> Raw:
    """A company, of its dated rows only what holds today."""
    registration = _registration(raw.get("businessNumbers") or {}, settings.registration)
    rows = raw.get("addresses") or ()
    found = {
        **_member_in(raw, settings, now),
        "primary": address_in(rows, (0, 1), now[:10]),
        "secondary": address_in(rows, (2,), now[:10]),
        "registration": registration,
    }
    if registration and registration.get("number"):
        # A private person who was billed is a company here, too: only a number tells.
        found["isOrganisation"] = True
    return found


def person_in(raw: Raw, settings: MemberCareSettings, now: str) -> Raw:
    """A person without secrets, of its dated rows only what holds today."""
    jobs = [
        job
        for job in raw.get("employments") or ()
        if job.get("unemployDate") is None or str(job["unemployDate"]) > now
    ]
    jobs.sort(key=lambda job: (not job.get("isPrimary"), str(job.get("employDate") or "")))
    job = jobs[0] if jobs else {}
    return {
        **_member_in(raw, settings, now),
        "primary": address_in(raw.get("addresses") or (), (0, 1), now[:10]),
        "employer": (job.get("company") or {}).get("debtorAccountNumber"),
        "title": job.get("officialTitle"),
    }


def _member_in(raw: Raw, settings: MemberCareSettings, now: str) -> Raw:
    kept = {n: v for n, v in raw.items() if n not in _SECRET and n not in _ROWS}
    closed = raw.get("closeDate")
    return {
        **kept,
        "contact": contacts_in(raw.get("contacts") or (), now[:10]),
        "valid": closed is None or str(closed) > now,
        "changed": last_change(raw),
        MARKER: linked_key(raw, settings) or _provisional(raw),
    }


def _registration(numbers: Raw, kind: str) -> Raw | None:
    """The registration number of a kind with its row's id."""
    field = {
        "norwegianCompanyNumber": "registrationNumberNorwegianCompanyNumber",
        "cvr": "registrationNumberCVR",
        "se": "registrationNumbersSE",
        "vat": "registrationNumberVAT",
    }[kind]
    found = numbers.get(field)
    row = (found[0] if found else None) if isinstance(found, list) else found
    return None if row is None else {"number": row.get("number"), "id": row.get("id")}


def linked_key(raw: Raw, settings: MemberCareSettings) -> str | None:
    """A member's id in our foreign system; of several, the one that was added last."""
    mine = [
        mapping
        for mapping in raw.get("foreignSystemMappings") or ()
        if (mapping.get("foreignSystem") or {}).get("name") == settings.foreign_system
    ]
    return str(max(mine, key=lambda each: each.get("id") or 0)["externalId"]) if mine else None


def _provisional(raw: Raw) -> str | None:
    """Our key where a creation was cut before the record was linked."""
    text = str(raw.get("externalId") or "")
    return text.removeprefix(OURS) if text.startswith(OURS) else None


def organization_in(raw: Raw, company: Raw | None, now: str) -> Raw:
    """A unit of the association.

    A unit with a company that has a registration number is that company: the company speaks for
    it. Where the unit has no address, its company's stands.
    """
    found: Raw = {"identificationNumber": raw.get("identificationNumber")}
    registration = (company or {}).get("registration") or {}
    if registration.get("number"):
        return {**found, "registration": registration}
    end = raw.get("endDate")
    own = address_in(raw.get("addresses") or (), (0, 1), now[:10])
    return {
        **found,
        "name": raw.get("fullName") or raw.get("name"),
        "isOrganisation": True,
        "contact": contacts_in(raw.get("contacts") or (), now[:10]),
        "primary": own or (company or {}).get("primary"),
        "valid": end is None or str(end) > now,
    }


def payer_in(debtor: Raw, now: str) -> Raw:
    """A payer that is no company, as an invoice has it."""
    return {
        "debtorAccountNumber": debtor.get("debtorAccountNumber"),
        "name": debtor.get("name"),
        "memberType": debtor.get("memberType"),
        "contact": contacts_in(debtor.get("contacts") or (), now[:10]),
    }
