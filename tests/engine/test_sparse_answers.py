"""Answers to writes that do not say all that was written: it is read back, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from talk_sdk.testing.faults import Fault

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

LONG = "Østlandske Håndverksbedrifters Innkjøpssamvirke og Lager AS"


class Sparse:
    """An application whose answers to writes leave out fields."""

    def __init__(self, app: WSGIApplication, *names: str) -> None:
        self._app, self._names = app, names

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        body = b"".join(self._app(environ, start_response))
        if environ["REQUEST_METHOD"] == "GET" or not body:
            return [body]
        said = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        return [msgspec.json.encode({k: v for k, v in said.items() if k not in self._names})]


def leave_out(bench: Any, system: str, *names: str) -> None:
    twin = bench.twins[system]
    bench.twins[system] = type(twin)(Sparse(twin.app, *names), twin.settings, twin.control)


def requests(bench: Any, system: str, method: str) -> int:
    return sum(bench.control(system).counters()["requests"].get(method, {}).values())


def test_what_a_system_makes_of_a_value_is_read_back_and_not_taken_for_an_edit(bench: Any) -> None:
    leave_out(bench, "erp", "name")
    here = bench.control("shop").create("customers", {"name": LONG, "email": "o@example.no"})
    bench.settle()
    assert len(bench.erp("customers")["name"]) == 50
    bench.control("shop").edit("customers", here, {"name": f"Nye {LONG}"})
    bench.settle()
    assert bench.erp("customers")["name"] == f"Nye {LONG}"[:50].rstrip()
    assert bench.shop("customers")["name"] == f"Nye {LONG}"
    assert bench.conflicts() == []


def test_an_answer_that_says_all_that_was_written_is_not_read_back(bench: Any) -> None:
    here = bench.control("shop").create("customers", {"name": "Ola", "email": "o@example.no"})
    bench.settle()
    leave_out(bench, "erp", "phone", "remark")
    seen = {}
    for field, value in (("name", "Kari"), ("phone", "+4722000001")):
        bench.control("shop").edit("customers", here, {field: value})
        bench.reset()
        bench.sync()
        seen[field] = requests(bench, "erp", "GET")
        bench.settle()
    assert seen["phone"] == seen["name"] + 1


def test_an_edit_between_a_write_and_its_read_back_is_kept(bench: Any) -> None:
    erp = bench.control("erp")
    here = bench.control("shop").create("customers", {"name": "Ola", "email": "o@example.no"})
    bench.settle()
    there = str(bench.erp("customers")["customerId"])
    leave_out(bench, "erp", "phone")
    bench.control("shop").edit("customers", here, {"phone": "+4722000001"})
    written: list[bool] = []

    def on_request(call: Any) -> None:
        if written and call.method == "GET":
            written.clear()
            erp.edit("customers", there, {"phone": "+4722000099", "remark": "fra regnskapet"})
            bench.faults["erp"].on_request = None
        written.extend([True] if call.method == "PUT" else [])

    bench.faults["erp"].on_request = on_request
    bench.sync()
    bench.settle()
    assert bench.shop("customers")["note"] == "fra regnskapet"
    phones = bench.shop("customers")["phone"], bench.erp("customers")["phone"]
    listed = any(reason.startswith("phone") for reason in bench.conflicts())
    assert phones == ("+4722000099", "+4722000099") or listed


def test_a_line_that_is_taken_away_before_a_new_order_is_read_back_stays_away(bench: Any) -> None:
    erp = bench.control("erp")
    customer = bench.control("shop").create("customers", {"name": "Ola", "email": "o@example.no"})
    bench.settle()
    leave_out(bench, "erp", "lines")
    lines = [{"quantity": "1", "unit_price": "10.00", "text": text} for text in ("Frakt", "Pakke")]
    bench.control("shop").create("orders", {"customer_id": customer, "lines": lines})
    made: list[bool] = []

    def on_request(call: Any) -> None:
        if made and call.method == "GET":
            bench.faults["erp"].on_request = None
            order = bench.erp("orders")
            erp.edit("orders", str(order["orderId"]), {"lines": order["lines"][:1]})
        made.extend([True] if call.method == "POST" else [])

    bench.faults["erp"].on_request = on_request
    bench.sync()
    assert not bench.faults["erp"].on_request
    bench.settle()
    assert [line["text"] for line in bench.erp("orders")["lines"]] == ["Frakt"]
    assert [line["text"] for line in bench.shop("orders")["lines"]] == ["Frakt"]


@pytest.mark.parametrize("field", ["phone", "name"])
def test_a_read_back_that_fails_leaves_the_write_in_doubt(bench: Any, field: str) -> None:
    here = bench.control("shop").create("customers", {"name": "Ola", "email": "o@example.no"})
    bench.settle()
    leave_out(bench, "erp", field)
    value = {"phone": "+4722000001", "name": LONG}[field]
    bench.control("shop").edit("customers", here, {field: value})
    faults = bench.faults["erp"]

    def on_request(call: Any) -> None:
        if call.method == "PUT":
            faults.plan([Fault(kind="server_error", method="GET")])

    faults.on_request = on_request
    assert bench.sync().outcome == "stopped"
    faults.on_request = None
    faults.plan([])
    bench.settle()
    assert bench.shop("customers")[field] == value
    assert str(bench.erp("customers")[field]).strip() == value[:50].strip()
    assert bench.open() == {}


def test_a_number_that_is_assigned_does_not_make_an_older_edit_the_newer_one(bench: Any) -> None:
    """The create was lost and found; the ERP had given it a number, and a user had typed."""
    erp = bench.control("erp")
    here = bench.control("shop").create("customers", {"name": "Ola", "email": "o@example.no"})
    bench.faults["erp"].plan([Fault(kind="drop_after", method="POST", path="customers", times=1)])
    bench.sync()
    bench.faults["erp"].plan([])
    bench.clock.advance(600)
    there = str(bench.erp("customers")["customerId"])
    erp.edit("customers", there, {"mobile": "+4790000001"})
    bench.clock.advance(7200)
    bench.control("shop").edit("customers", here, {"mobile": "+4790000002"})
    bench.settle()
    assert bench.erp("customers")["mobile"] == "+4790000002"
