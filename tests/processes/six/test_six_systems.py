"""Six systems at once over real HTTP: one workspace, and a story that the tests tell in order."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from typing import Any

PEOPLE = ("aase", "berg", "cato", "dag", "eli", "finn")


def test_first_run_puts_everybody_once_into_each_system(six: Any) -> None:
    for system, collection in six.customers.items():
        seeded = six[system].identities(collection)
        names = {six.id(system, row): six.named(row) for row in six[system].dump(collection)}
        found = Counter(
            identity or six.email(system, names[id_]).partition("@")[0]
            for id_, identity in seeded.items()
        )
        assert found == Counter(PEOPLE), system
    # A site has customers by their orders alone.
    assert [o["customerEmail"] for o in six["site"].dump("orders") if o["channel"] == "web"] == [
        "finn@example.no"
    ]


def test_first_run_puts_products_and_orders_once_where_they_can_be(six: Any) -> None:
    everything = {"Bord", "Hylle", "Kurs", "Lampe", "Stol", "Vase"}
    has = {name: six.names(name, collection) for name, collection in six.products.items()}
    for name in ("shop", "erp", "crm"):
        assert has[name] == sorted(everything), name
    assert has["books"] == sorted(everything - {"Kurs"})
    assert has["site"] == sorted(everything - {"Kurs", "Lampe"})
    assert has["members"] == ["Kurs"]  # products of MemberCare are read only
    counts = {name: len(six[name].dump(collection)) for name, collection in six.orders.items()}
    assert counts == {"shop": 4, "erp": 4, "books": 4, "crm": 4, "members": 3, "site": 2}
    assert sorted((i.system, i.reason.partition(":")[0]) for i in six.status().parked) == [
        ("books", "it has no unit price"), ("site", "it has no number"),
        ("site", "it has no unit price"),
    ]  # fmt: skip
    nowhere = {(d.system, d.record) for d in six.reports[0].drift
               if d.property == "status" and "no place there" in d.reason}  # fmt: skip
    assert nowhere == {("site", "shop.Order:ord_000001"), ("site", "crm.Opportunities:1"),
                       ("members", "crm.Opportunities:1")}  # fmt: skip


def test_second_run_writes_nothing(six: Any) -> None:
    six.sync()
    assert six.writes[-1] == dict.fromkeys(six.servers, 0)


def test_an_edit_in_each_system_reaches_all_that_have_a_place_for_it(six: Any) -> None:
    six["shop"].edit("customers", six.customer("shop", "Åse AS")["id"], {"phone": "+4722334455"})
    berg = six.customer("erp", "Berg AS")["customerId"]
    six["erp"].edit("customers", str(berg), {"remark": "Ring først"})
    address = {"addressLine1": "Gata 9", "city": "Tromsø", "postalCode": "9008",
               "country": {"code": "NO"}}  # fmt: skip
    six["books"].edit("customers", six.customer("books", "Cato Dahl")["id"], {"address": address})
    (dag, _) = six.persons(six.customer("crm", "Dag Eide AS"))
    six["crm"].edit("persons", str(dag["PersonId"]), {"PersonMobilePhone": "+4790123456"})
    eli = six.customer("members", "Eli Foss")["debtorAccountNumber"]
    six["members"].edit("companies", eli, {"companyName": "Eli Foss AS"})
    vase = six.row("site", "products", name="Vase")
    pricing = {**vase["variants"][0]["pricing"], "basePrice": six.kroner("65.00")}
    six["site"].edit("products", vase["id"], {
        "name": "Vase, blå", "variants": [{**vase["variants"][0], "pricing": pricing}],
    })  # fmt: skip
    assert all(report.conflicts == 0 for report in six.settle())

    has = {name: {n: six.customer(name, n) for n in six.names(name, collection)}
           for name, collection in six.customers.items()}  # fmt: skip
    shop, erp, books, crm, members = (has[name] for name in six.customers)
    assert {
        erp["Åse AS"]["phone"], books["Åse AS"]["phone"], crm["Åse AS"]["OrganisationTelephone"],
        six.contact(members["Åse AS"], 3),
    } == {"+4722334455"}  # fmt: skip
    assert {
        shop["Berg AS"]["note"], books["Berg AS"]["internalNotes"],
        crm["Berg AS"]["OrganisationCompanyDescription"],
    } == {"Ring først"}  # fmt: skip
    assert "Ring først" not in json.dumps(members, ensure_ascii=False)  # it has no notes
    town = members["Cato Dahl"]["addresses"][-1]["postalCode"]
    assert {
        (shop["Cato Dahl"]["billing"]["zip"], shop["Cato Dahl"]["billing"]["city"]),
        (erp["Cato Dahl"]["invoiceAddress"]["postCode"],
         erp["Cato Dahl"]["invoiceAddress"]["town"]),
        (crm["Cato Dahl"]["OrganisationPostCode"], crm["Cato Dahl"]["OrganisationCity"]),
        (town["zipCode"], town["city"]),
    } == {("9008", "Tromsø")}  # fmt: skip
    assert {
        shop["Dag Eide AS"]["mobile"], erp["Dag Eide AS"]["mobile"],
        books["Dag Eide AS"]["mobile"], six.contact(members["Dag Eide AS"], 5),
    } == {"+4790123456"}  # fmt: skip
    assert all("Eli Foss AS" in found for found in has.values())
    assert Decimal(six.row("shop", "products", title="Vase, blå")["price"]) == 65
    assert six.row("erp", "products", description="Vase, blå")["salesPriceMinor"] == 6500
    assert Decimal(six.row("books", "products", name="Vase, blå")["unitPrice"]) == 65
    assert six.names("crm", "linked_data").count("Vase, blå") == 1
    assert six.names("members", "products") == ["Kurs"]


def test_a_conflict_among_three_lists_all_values_and_has_one_winner(six: Any) -> None:
    before = len(six.conflicts())
    names = {"shop": "Eli i butikken", "erp": "Eli i økonomien", "members": "Eli i klubben"}
    fields = {"shop": "name", "erp": "name", "members": "companyName"}
    for system, value in names.items():
        id_ = six.id(system, six.customer(system, "Eli Foss AS"))
        six[system].edit(six.customers[system], id_, {fields[system]: value})
    six.settle()

    # Record times within each other's reach: a tie, which the order in talk.toml settles.
    for system, collection in six.customers.items():
        assert names["shop"] in six.names(system, collection), system
        assert not {names["erp"], names["members"]} & {*six.names(system, collection)}
    found = six.conflicts()[before:]
    assert {name for name, _ in found} == {"name"}
    listed: dict[str, Any] = {}
    for _, values in found:
        listed |= values
    assert listed == names


def test_main_contact_who_moves_is_the_other_customers_and_leaves_the_next_one_behind(
    six: Any,
) -> None:
    dag, dina = six.persons(six.customer("crm", "Dag Eide AS"))
    berg = six.customer("crm", "Berg AS")["OrganisationId"]
    six["crm"].edit("persons", str(dag["PersonId"]), {"PersonOrganisationId": berg})
    # webCRM tells nothing of the organisation that somebody left, until it or its persons change.
    six["crm"].edit("persons", str(dina["PersonId"]), {"PersonTitle": "Innkjøper"})
    six.settle()

    for system in six.customers:
        assert six.email(system, "Berg AS") == "dag@example.no", system
        assert six.email(system, "Dag Eide AS") == "dina@example.no", system
    shop = {name: six.customer("shop", name) for name in ("Berg AS", "Dag Eide AS")}
    assert (shop["Berg AS"]["first_name"], shop["Dag Eide AS"]["first_name"]) == ("Dag", "Dina")
    main, contact_now = six.persons(six.customer("crm", "Berg AS"))
    assert (main["PersonEmail"], contact_now["PersonEmail"]) == (
        "dag@example.no", "berg@example.no",
    )  # fmt: skip
    # Only MemberCare keeps further people, and cannot say whose they are.
    persons = six["members"].dump("persons")
    assert sorted(six.contact(p, 1) for p in persons) == ["berg@example.no", "dina@example.no"]
    for system, collection in six.customers.items():
        assert len(six[system].dump(collection)) == len(PEOPLE)


def test_a_product_sold_in_two_shops_between_two_runs_has_what_is_left_everywhere(six: Any) -> None:
    before = six.stock("S-1")
    assert len(set(before.values())) == 1
    six["shop"].adjust("products", six.row("shop", "products", sku="S-1")["id"],
                       "stock_quantity", -2)  # fmt: skip
    six["site"].adjust("inventory", six.variant("S-1")["id"], "quantity", -3)
    assert all(report.conflicts == 0 for report in six.settle())
    assert six.stock("S-1") == {name: count - 5 for name, count in before.items()}


def test_lines_of_an_opportunity_change_while_its_order_is_edited_in_the_shop(six: Any) -> None:
    offer = six.row("crm", "opportunities", OpportunityId=1)
    number = offer["OpportunityNumber"]
    shelf, _, table = six.quotation(offer)
    six["crm"].edit("quotation_lines", str(shelf["QuotationLineId"]), {"QuotationLineQuantity": 5})
    six["crm"].delete("quotation_lines", str(table["QuotationLineId"]))
    six["crm"].create("quotation_lines", six.quoted(1, "Vase", "V-1", 4, 4))
    order = six.row("shop", "orders", number=number)
    lines = [{**line, "quantity": "7"} if line["sku"] == "S-1" else line
             for line in order["lines"]]  # fmt: skip
    six["shop"].edit("orders", order["id"], {"note": "Haster", "lines": lines})
    assert all(report.conflicts == 0 for report in six.settle())

    for system in ("shop", "erp", "books", "crm"):
        assert six.lines(system, number) == [
            ("Hylle", Decimal(5)), ("Stol", Decimal(7)), ("Vase", Decimal(4)),
        ], system  # fmt: skip
    notes = {"shop": "note", "erp": "remark", "books": "memo", "crm": "OpportunityNote"}
    assert {(six.order(system, number) or {})[name] for system, name in notes.items()} == {"Haster"}
    # Drafts are neither invoices of MemberCare nor orders that a site imports.
    assert (six.order("members", number), six.order("site", number)) == (None, None)


def test_what_two_systems_keep_for_ever_is_said_and_stays_as_it_was(six: Any) -> None:
    number = six.row("shop", "orders", status="completed")["number"]
    before = {name: six.lines(name, number) for name in six.orders}
    assert set(map(tuple, before.values())) == {(("Stol", Decimal(1)),)}
    order = six.row("shop", "orders", number=number)
    six["shop"].edit(
        "orders", order["id"],
        {"order_date": "2026-10-02", "lines": [{**order["lines"][0], "quantity": "6"}]},
    )  # fmt: skip
    first, *_ = six.settle()

    for system in ("shop", "erp", "books", "crm"):
        assert six.lines(system, number) == [("Stol", Decimal(6))], system
    for system in ("members", "site"):
        assert six.lines(system, number) == before[system]
    said = {(d.system, d.property) for d in first.drift}
    assert {("site", "date"), ("site", "lines"), ("members", "lines")} <= said


def test_after_all_of_it_two_runs_write_nothing(six: Any) -> None:
    for _ in range(2):
        six.sync()
        assert six.writes[-1] == dict.fromkeys(six.servers, 0)
    assert six.status().open == {"parked": 3}
