"""The customer inside of a guest order, as a record of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC

from talk_sdk.operations import Raw
from talk_sdk.rest import moment_in

__all__ = ["guests_in", "with_guest_key"]


def with_guest_key(order: Raw) -> Raw:
    """The order with `guest_key`: the guest's e-mail, without one the order's id; or none."""
    guest = order.get("guest")
    if order.get("customer_id") or not isinstance(guest, dict) or not guest:
        return {**order, "guest_key": None}
    email = str(guest.get("email") or "").strip().lower()
    return {**order, "guest_key": email or str(order.get("id"))}


def guests_in(orders: Iterable[Raw]) -> list[Raw]:
    """The guests of orders that have their `guest_key`: of each key the latest order speaks."""
    found: dict[str, Raw] = {}
    for order in orders:
        if order["guest_key"] is not None:
            guest = _guest(order)
            other = found.get(guest["key"])
            if other is None or int(other["version"]) <= int(guest["version"]):
                found[guest["key"]] = guest
    return list(found.values())


def _guest(order: Raw) -> Raw:
    guest = order["guest"]
    return {
        "key": order["guest_key"],
        "version": _version(order),
        "created_at": order.get("created_at"),
        "updated_at": order.get("updated_at"),
        "name": guest.get("name"),
        "email": guest.get("email"),
        "phone": guest.get("phone"),
    }


def _version(order: Raw) -> str:
    """A number that is greater for a later order, and for a later change of the same one."""
    digits = re.findall(r"[0-9]+", str(order.get("id")))
    number = int(digits[-1]) % 10**12 if digits else 0
    created, updated = _second(order, "created_at"), _second(order, "updated_at")
    return str((created * 10**12 + number) * 10**10 + updated)


def _second(order: Raw, field: str) -> int:
    moment = moment_in(order, field)
    return int(moment.replace(tzinfo=UTC).timestamp()) if moment else 0
