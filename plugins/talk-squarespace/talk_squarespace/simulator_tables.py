"""What the twin of Squarespace accepts: the fields of products, variants, stock and orders."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from talk_sdk.testing import kinds as f
from talk_sdk.testing.fields import Field, Table
from talk_sdk.testing.service import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CURRENCY", "INVENTORY", "ORDER", "PAGE", "PRODUCT", "TYPES", "sanitised", "text_of"]

CURRENCY = "NOK"
"""The store's currency."""
TYPES = ("PHYSICAL", "SERVICE", "GIFT_CARD", "DIGITAL")
PAYMENT_STATES = ("NOT_CHARGED", "AUTHORIZED", "PAID", "REFUNDED", "PENDING", "FAILED",
                  "REFUND_PENDING", "REFUND_FAILED", "PARTIALLY_PAID")  # fmt: skip
_CAP = Decimal(1_000_000)


def _field(name: str, clean: Callable[[Any], Any], default: Any = None) -> Field:
    return Field(name, {}, clean, default=default)


def _expect(kind: type, what: str) -> Callable[[Any], Any]:
    def clean(raw: Any) -> Any:
        if not isinstance(raw, kind):
            raise ValueError(f"must be {what}")  # noqa: TRY004 - the same answer for all
        return raw

    return clean


def _money(name: str) -> Field:
    """An amount in the store's currency: a text with at most as many places as that has."""

    def clean(raw: Any) -> dict[str, str]:
        if not isinstance(raw, dict) or not isinstance(raw.get("value"), str):
            raise ValueError("must be value and currency, both texts")  # noqa: TRY004 - the same answer
        if raw.get("currency") != CURRENCY:
            raise RefusedError(409, "CURRENCY_MISMATCH", f"the store's currency is {CURRENCY}")
        if not re.fullmatch(r"-?\d+(\.\d{1,2})?", raw["value"]):
            raise ValueError("value must be a decimal with at most 2 places")
        if Decimal(raw["value"]) > _CAP:
            raise ValueError("value is over the limit of prices")
        return text_of(Decimal(raw["value"]))

    return _field(name, clean)


def text_of(value: Decimal) -> dict[str, str]:
    """An amount as the API writes it."""
    return {"currency": CURRENCY, "value": f"{f.rounded(value, 2):f}"}


def sanitised(html: str, *, rewrites: bool) -> str:
    """What the editor keeps of a description."""
    safe = re.sub(r"(?is)<(script|style)\b.*?</\1\s*>|<!--.*?-->", "", html)
    safe = re.sub(r"""(?i)\s(?:on\w+|style)\s*=\s*("[^"]*"|'[^']*')""", "", safe)
    if not rewrites or not safe:
        return safe
    tidy = re.sub(r"(?i)<br\s*/?>", "<br/>", safe).replace("\n", " ").replace("&#x27;", "'")
    tidy = re.sub(r"(?i)<(/?)b>", r"<\1strong>", tidy)
    return tidy if tidy.startswith("<") else f"<p>{tidy}</p>"


def _measurements(raw: Any) -> Any:
    for name, unit in (("weight", "KILOGRAM"), ("dimensions", "CENTIMETER")):
        part = _expect(dict, "an object")(raw).get(name)
        if part is not None and part.get("unit") != unit:
            text = f"the store measures in {unit}"
            raise RefusedError(409, "MEASUREMENT_STANDARD_MISMATCH", text)
    return raw


def _attributes(raw: Any) -> Any:
    if not all(isinstance(v, str) and len(v) <= 100 for v in _expect(dict, "a map")(raw).values()):  # noqa: PLR2004
        raise ValueError("must be texts of at most 100 characters")
    return raw


def _gtin(raw: Any) -> Any:
    if not re.fullmatch(r"\d{8}|\d{12,14}", str(raw)):
        raise ValueError("must have 8, 12, 13 or 14 digits")
    return raw


def _count(raw: Any) -> Any:
    if isinstance(raw, bool) or not isinstance(raw, int) or not 1 <= raw <= 1_000_000:  # noqa: PLR2004
        raise ValueError("must be a whole number from 1 to 1000000")
    return raw


def _plain(name: str, longest: int | None = None) -> Field:
    return f.text(name, trim=True, longest=longest)


VARIANT = (
    f.required(_plain("sku", 60)),
    f.required(f.group("pricing", f.required(_money("basePrice")), _money("salePrice"),
                       f.flag("onSale", default=False))),
    _field("attributes", _attributes),
    _field("shippingMeasurements", _measurements),
    _field("gtin", _gtin),
    _plain("mpn", 70),
    f.group("stock", f.integer("quantity"), f.flag("unlimited", default=False), optional=True),
)  # fmt: skip

PRODUCT = Table((
    f.required(f.on_create(f.choice("type", TYPES))),
    f.required(f.on_create(_plain("storePageId"))),
    f.text("name", longest=200),
    f.text("description", longest=102_400),
    f.text("urlSlug", longest=200, via=str.lower),
    f.strings("tags"),
    f.flag("isVisible", default=False),
    f.strings("variantAttributes"),
    f.group("seoOptions", _plain("title"), _plain("description"), optional=True),
    f.items("variants", *VARIANT, key="id"),
))  # fmt: skip

INVENTORY = Table((f.integer("quantity"), f.flag("isUnlimited", default=False)))

_ADDRESS = tuple(
    _plain(name)
    for name in ("firstName", "lastName", "address1", "address2", "city", "state", "countryCode",
                 "postalCode", "phone")
)  # fmt: skip

LINE = (
    f.choice("lineItemType", ("PHYSICAL_PRODUCT", "CUSTOM"), default="PHYSICAL_PRODUCT"),
    *(_plain(name) for name in ("variantId", "productId", "sku", "productName")),
    f.required(_field("quantity", _count)),
    f.required(_money("unitPricePaid")),
)

PAGE = "5d2f8a1c4b7e9f0011223344"
"""The store page on which products are."""

ORDER = Table((
    _plain("createdOn"),
    f.choice("channel", ("web", "pos", "external"), default="web"),
    _plain("channelName", 30),
    _plain("externalOrderReference", 200),
    f.flag("testmode", default=False),
    *(_plain(name) for name in ("customerEmail", "customerId")),
    f.group("billingAddress", *_ADDRESS, optional=True),
    f.group("shippingAddress", *_ADDRESS, optional=True),
    f.choice("fulfillmentStatus", ("PENDING", "FULFILLED", "CANCELED"), default="PENDING"),
    _plain("fulfilledOn"),
    _field("fulfillments", _expect(list, "a list"), ()),
    f.choice("paymentState", PAYMENT_STATES, default="PAID"),
    f.choice("priceTaxInterpretation", ("EXCLUSIVE", "INCLUSIVE"), default="EXCLUSIVE"),
    f.items("lineItems", *LINE, key="id"),
    _field("shippingLines", _expect(list, "a list"), ()),
    _field("discountLines", _expect(list, "a list"), ()),
    *(_money(name) for name in ("subtotal", "shippingTotal", "discountTotal", "taxTotal",
                                "refundedTotal", "grandTotal")),
))  # fmt: skip
