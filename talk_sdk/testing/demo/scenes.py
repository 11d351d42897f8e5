"""Scenes of the demo's story in which webCRM, MemberCare and Squarespace have a part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from talk_sdk.testing.demo.judge import Expectation
from talk_sdk.testing.demo.sights import Sight, quantity

__all__ = [
    "Controls",
    "Everywhere",
    "Story",
    "gaps_filled",
    "main_contact_moves",
    "member_leaves",
    "offer_changes",
    "sellers_call",
    "site_reprices",
    "site_sells",
    "sold_in_two_shops",
]

SHOP, ERP, CRM, MEMBERS, SITE = "shop", "erp", "crm", "members", "site"
Controls = Mapping[str, Any]
Everywhere = Mapping[str, Sight]
"""System → the record of one thing there."""


@dataclass
class Story:
    """What has happened so far, as (who, what) for people, and what has to come of it."""

    controls: Controls
    happened: list[tuple[str, str]] = field(default_factory=list)
    expected: list[Expectation] = field(default_factory=list)

    def edit(self, system: str, collection: str, id_: str, change: Any, words: str) -> None:
        """Somebody edits a record."""
        self.controls[system].edit(collection, id_, change)
        self.happened.append((system, words))

    def expect(self, collection: str, there: Everywhere, name: str, value: Any) -> None:
        """All systems that have the field must say this after the next run."""
        self.expected += [
            Expectation(system, collection, sight.id, name, value)
            for system, sight in there.items()
            if name in sight.values
        ]


def gaps_filled(story: Story, products: Iterable[Sight]) -> None:
    """Somebody enters the prices and the numbers that no system knew yet.

    MemberCare's products have no price, and Wave's no number: Wave does not take the former,
    Squarespace neither.
    """
    priced = numbered = 0
    for product in products:
        change: dict[str, Any] = {}
        if not product.values["price"]:
            change["salesPriceMinor"] = 45_000
            priced += 1
        if product.key == (product.values["name"],):
            change["articleNo"] = f"NY-{product.id}"
            numbered += 1
        if change:
            story.controls[ERP].edit("products", product.id, change)
    words = f"enters {priced} prices and {numbered} product numbers that nobody knew yet"
    story.happened.append((ERP, words))


# --- webCRM ---------------------------------------------------------------------------------------


def sellers_call(story: Story, customer: Everywhere) -> None:
    """A seller learns a phone number."""
    change = {"OrganisationTelephone": "33445566"}
    name = customer[SHOP].values["name"]
    story.edit(CRM, "organisations", customer[CRM].id, change, f"learns the number of {name}")
    story.expect("customers", customer, "phone", "33445566")


def main_contact_moves(story: Story, customers: Sequence[Everywhere], named: set[str]) -> None:
    """The main contact of one customer is that of another from now on, and has a successor.

    `named` are customers whom an order names in words of its own.
    """
    crm = story.controls[CRM]
    persons: dict[str, list[dict[str, Any]]] = {}
    for person in crm.dump("persons"):
        persons.setdefault(str(person["PersonOrganisationId"]), []).append(person)
    alone = [
        there for there in customers
        if len(persons.get(there[CRM].id, ())) == 1 and there[SHOP].values["email"]
        and there[SHOP].values["email"] not in named
    ]  # fmt: skip
    # Of the persons of an organisation the one with the lowest id is the main one.
    alone.sort(key=lambda there: int(persons[there[CRM].id][0]["PersonId"]))
    here, there = alone[0], alone[-1]
    mover = persons[here[CRM].id][0]
    crm.create("persons", {
        "PersonOrganisationId": int(here[CRM].id), "PersonFirstName": "Nina",
        "PersonLastName": "Nyansatt", "PersonEmail": "nina.nyansatt@example.no",
    })  # fmt: skip
    old, new = here[SHOP].values["name"], there[SHOP].values["name"]
    story.edit(CRM, "persons", str(mover["PersonId"]),
               {"PersonOrganisationId": int(there[CRM].id)},
               f"says that the main contact of {old} is that of {new} now")  # fmt: skip
    story.happened.append((CRM, f"and that {old} has a new one"))
    story.expect("customers", there, "email", here[CRM].values["email"])
    story.expect("customers", here, "email", "nina.nyansatt@example.no")


def offer_changes(story: Story, orders: Iterable[Everywhere]) -> None:
    """Three lines of an opportunity change while its order is edited in the shop."""
    there = next(found for found in orders if _three_lines(found[SHOP].values["lines"]))
    number = there[SHOP].key[0]
    crm, shop = story.controls[CRM], story.controls[SHOP]
    rows = [line for line in crm.dump("quotation_lines")
            if str(line["QuotationLineOpportunityId"]) == there[CRM].id]  # fmt: skip
    rows.sort(key=lambda line: (line["QuotationLineSortOrder"], line["QuotationLineId"]))
    _, changed, removed, *_ = rows
    story.edit(CRM, "quotation_lines", str(changed["QuotationLineId"]),
               {"QuotationLineQuantity": 7}, f"changes a line of opportunity {number}")  # fmt: skip
    crm.delete("quotation_lines", str(removed["QuotationLineId"]))
    crm.create("quotation_lines", {
        "QuotationLineOpportunityId": int(there[CRM].id), "QuotationLineQuantity": 1,
        "QuotationLineSortOrder": rows[-1]["QuotationLineSortOrder"] + 10,
        "QuotationLineData1": "Opplæring", "QuotationLinePrice": 1200,
    })  # fmt: skip
    story.happened.append((CRM, "takes another line out of it, and adds one"))
    order = next(row for row in shop.dump("orders") if row["id"] == there[SHOP].id)
    edited = [{**order["lines"][0], "quantity": "11"}, *order["lines"][1:]]
    story.edit(SHOP, "orders", order["id"], {"note": "Avtalt på telefon", "lines": edited},
               "writes a note on that order, and changes a third line")  # fmt: skip
    first, second, _, *rest = there[SHOP].values["lines"]
    lines = [
        (first[0], quantity(11), first[2]), (second[0], quantity(7), second[2]), *rest,
        ("", quantity(1), "1200.00"),
    ]  # fmt: skip
    story.expect("orders", there, "lines", lines)
    story.expect("orders", there, "amounts", [line[1:] for line in lines])
    story.expect("orders", there, "note", "Avtalt på telefon")


def _three_lines(lines: Sequence[tuple[str, str, str]]) -> bool:
    """Whether there are three, and all can be told apart by their products."""
    products = [line[0] for line in lines]
    return len(products) > 2 and len(set(products)) == len(products)


# --- MemberCare -----------------------------------------------------------------------------------


def member_leaves(story: Story, customer: Everywhere) -> None:
    """A company is closed: everywhere else it is no active customer any more."""
    name = customer[SHOP].values["name"]
    story.edit(MEMBERS, "companies", customer[MEMBERS].id, {"closeDate": "2025-01-31T00:00:00"},
               f"closes the company {name}")  # fmt: skip
    story.expect("customers", customer, "active", value=False)


# --- Squarespace ----------------------------------------------------------------------------------


def sold_in_two_shops(story: Story, there: Everywhere) -> None:
    """Both shops sell the same product before either hears of the other."""
    left, name = float(there[SHOP].values["stock"]) - 5, there[SHOP].values["name"]
    story.controls[SHOP].adjust("products", there[SHOP].id, "stock_quantity", -2)
    story.controls[SITE].adjust("inventory", _variant(story, there)["id"], "quantity", -3)
    story.happened += [(SHOP, f"sells 2 of {name}"), (SITE, "sells 3 of the same product")]
    story.expect("products", there, "stock", quantity(left))


def site_reprices(story: Story, product: Everywhere) -> None:
    """Somebody changes a price on the site."""
    variant = _variant(story, product)
    price = {"currency": "NOK", "value": "88.00"}
    changed = {**variant, "pricing": {**variant["pricing"], "basePrice": price}}
    story.edit(SITE, "products", product[SITE].id, {"variants": [changed]},
               f"sells {product[SHOP].values['name']} for 88.00")  # fmt: skip
    story.expect("products", product, "price", "88.00")


def site_sells(story: Story, product: Everywhere) -> None:
    """Somebody whom nobody knows buys on the site."""
    who = {"firstName": "Nettkunde", "lastName": "Ås", "address1": "Storgata 1", "city": "Oslo",
           "postalCode": "0155", "countryCode": "NO"}  # fmt: skip
    variant = _variant(story, product)
    story.controls[SITE].create("orders", {
        "customerEmail": "nettkunde@example.no", "billingAddress": who, "shippingAddress": who,
        "lineItems": [{"variantId": variant["id"], "quantity": 1,
                       "unitPricePaid": variant["pricing"]["basePrice"]}],
    })  # fmt: skip
    story.happened.append((SITE, "gets an order of somebody whom nobody else knows"))


def _variant(story: Story, product: Everywhere) -> dict[str, Any]:
    """The one variant of a product on the site."""
    rows = story.controls[SITE].dump("products")
    (variant,) = next(row for row in rows if row["id"] == product[SITE].id)["variants"]
    return dict(variant)
