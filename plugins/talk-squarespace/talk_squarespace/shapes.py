"""Products in the shape of the tables, a record for each variant, and back. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import blake2s
from typing import Any

from talk_sdk.errors import RejectedError
from talk_sdk.operations import Operation, Raw
from talk_squarespace.settings import SiteSettings

__all__ = ["product_out", "slug_of", "suffix_of", "variants_in"]


def suffix_of(variant: Raw) -> str:
    """What tells a variant from its sisters, as Squarespace's own texts do: ` [Small, Red]`."""
    values = ", ".join(str(value) for value in (variant.get("attributes") or {}).values())
    return f" [{values}]" if values else ""


def variants_in(product: Raw, stocks: Mapping[str, Raw] | None) -> list[Raw]:
    """The records of a product's variants.

    `stocks` are inventory items by variant, where these were read; an item that is not there
    leaves what the product says. None leaves the stock unsaid.
    """
    variants = product.get("variants") or []
    return [_variant(product, each, stocks, several=len(variants) > 1) for each in variants]


def _variant(product: Raw, variant: Raw, stocks: Mapping[str, Raw] | None, *, several: bool) -> Raw:
    pricing = dict(variant.get("pricing") or {})
    if not pricing.get("onSale"):
        pricing["salePrice"] = None  # it means nothing, whatever it says
    found = {
        **{name: product.get(name) for name in ("type", "storePageId", "description", "urlSlug",
                                                "createdOn", "modifiedOn")},
        **{name: variant.get(name) for name in ("sku", "attributes", "shippingMeasurements")},
        "id": f"{product['id']}/{variant['id']}",
        "name": f"{product.get('name') or ''}{suffix_of(variant) if several else ''}",
        "pricing": pricing,
        "currency": (pricing.get("basePrice") or {}).get("currency"),
    }  # fmt: skip
    if "gtin" in variant:
        found["gtin"] = variant["gtin"]
    if not several:
        found["isVisible"] = product.get("isVisible")
    stock = None if stocks is None else _stock(variant, stocks)
    # What is unlimited is not counted: nothing is said of it, and nothing is written.
    return found if stock is None else {**found, "stock": {"quantity": stock}}


def _stock(variant: Raw, stocks: Mapping[str, Raw]) -> Any:
    item = stocks.get(str(variant["id"]))
    if item is not None:
        return None if item.get("isUnlimited") else item.get("quantity")
    own = variant.get("stock") or {}
    return None if own.get("unlimited") else own.get("quantity")


def product_out(body: Raw, settings: SiteSettings) -> tuple[Raw, Raw]:
    """What of a body is the product's, and what the variant's."""
    product: Raw = {
        name: body[name] for name in ("name", "description", "isVisible") if name in body
    }
    for name in product.keys() & {"name", "description"}:
        product[name] = product[name] or ""
    variant: Raw = {name: body[name] for name in ("sku", "gtin") if name in body}
    if "gtin" in variant and not variant["gtin"]:
        raise RejectedError("Squarespace does not take an empty barcode.")
    if "pricing" in body:
        variant["pricing"] = _pricing(body["pricing"], settings)
    if "shippingMeasurements" in body:
        measures = dict(body["shippingMeasurements"])
        value = (measures.get("weight") or {}).get("value")
        unit = settings.weight_unit
        measures["weight"] = None if value is None else {"unit": unit, "value": value}
        kept = measures["weight"] is not None or measures.get("dimensions") is not None
        variant["shippingMeasurements"] = measures if kept else None
    return product, variant


def _pricing(said: Raw, settings: SiteSettings) -> Raw:
    values = {name: (price or {}).get("value") for name, price in said.items()}
    found: Raw = {
        name: {"currency": settings.currency, "value": values[name]}
        for name in ("basePrice", "salePrice")
        if values.get(name) is not None
    }
    if "salePrice" in values:
        found["onSale"] = values["salePrice"] is not None
    return found


def slug_of(operation: Operation) -> str:
    """The address of a new product: its name, and what makes a second try the same product.

    A slug is of one product only, so a create that is sent again is refused if the first one
    had its effect.
    """
    name = str((operation.body or {}).get("name") or "").casefold()
    words = re.sub(r"[^a-z0-9]+", "-", name)[:100].strip("-")
    return f"{words or 'p'}-{blake2s(operation.key.encode(), digest_size=5).hexdigest()}"
