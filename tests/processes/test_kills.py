"""`talk sync` killed with SIGKILL between the effect and the answer, over real HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from talk_sdk.testing.serve import SimulatorProcess
from talk_sdk.testing.workbench import BASE_URLS

LONG = "Østlandske Håndverksbedrifters Innkjøpssamvirke og Lager AS"
EMPTY = {"parties": 0, "items": 0, "deals": 0}
CONNECTORS = {"shop": "customwebshop", "erp": "customerp", "books": "wave"}


class Workspace:
    """Empty systems as real servers, and `talk` as a real process."""

    def __init__(self, folder: Path, servers: dict[str, SimulatorProcess]) -> None:
        self.folder = folder
        self.servers = servers
        self.extra: dict[str, dict[str, Any]] = {name: {} for name in servers}

    def control(self, system: str) -> Any:
        return self.servers[system].control

    def talk(self, *words: str) -> subprocess.Popen[str]:
        """Start a command."""
        return subprocess.Popen(
            [sys.executable, "-m", "talk_sdk", "-c", str(self._config()), *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def _config(self) -> Path:
        parts = []
        for name, server in self.servers.items():
            connector = CONNECTORS[name]
            settings = {
                "connector": connector,
                "base_url": server.base_url + BASE_URLS[connector].split(".test", 1)[1],
                **server.settings, **self.extra[name],
            }  # fmt: skip
            parts.append(f"[systems.{name}]")
            parts += [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
        path = self.folder / "talk.toml"
        path.write_text("\n".join(parts), encoding="utf-8")
        return path

    def sync(self) -> dict[str, Any]:
        """One whole run."""
        process = self.talk("sync", "--yes", "--json")
        out, err = process.communicate(timeout=120)
        assert process.returncode in {0, 1}, err
        found: dict[str, Any] = json.loads(out)
        return found

    def settle(self) -> None:
        """Run until nothing is written any more."""
        for _ in range(5):
            if not self.sync()["written"]:
                return
        raise AssertionError("still writing")

    def kill_in(self, system: str, method: str, path: str) -> None:
        """Kill a run when the server has had the effect and the client has no answer."""
        assert self.kill_at(system, method, path, 1) == 1

    def kill_at(self, system: str, method: str, path: str, after: int) -> int:
        """The same after so many effects in all; returns how many there were."""
        control = self.control(system)
        control.reset_counters()
        control.faults(
            [{"kind": "timeout", "method": method, "path": path, "seconds": 20, "times": 1}]
        )
        process = self.talk("sync", "--yes")
        try:
            wait_for(lambda: effects(control) >= after)
            assert process.poll() is None, process.communicate()
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
            control.faults([])
        return effects(control)

    def status(self) -> dict[str, Any]:
        process = self.talk("status", "--json")
        out, _ = process.communicate(timeout=60)
        found: dict[str, Any] = json.loads(out)
        return found


def effects(control: Any) -> int:
    return sum(sum(kinds.values()) for kinds in control.counters()["effects"].values())


def wait_for(ready: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with (
        SimulatorProcess("customwebshop", sizes=EMPTY) as shop,
        SimulatorProcess("customerp", sizes=EMPTY) as erp,
    ):
        yield Workspace(tmp_path, {"shop": shop, "erp": erp})


@pytest.fixture
def with_books(tmp_path: Path) -> Iterator[Workspace]:
    """A shop and Wave, and in the shop a customer who orders a product."""
    with (
        SimulatorProcess("customwebshop", sizes=EMPTY) as shop,
        SimulatorProcess("wave", sizes=EMPTY) as books,
    ):
        workspace = Workspace(tmp_path, {"shop": shop, "books": books})
        control = workspace.control("shop")
        buyer = control.create("customers", {"name": "Kari", "email": "kari@example.no"})
        product = control.create("products", {"sku": "A", "title": "Stol", "price": "9.90"})
        line = {"product_id": product, "text": "Stol", "quantity": "1", "unit_price": "9.90"}
        control.create("orders", {"customer_id": buyer, "currency": "NOK", "lines": [line]})
        yield workspace


@pytest.mark.parametrize(("origin", "target"), [("shop", "erp"), ("erp", "shop")])
def test_a_create_that_is_killed_is_linked_and_made_once(
    workspace: Workspace, origin: str, target: str
) -> None:
    workspace.control(origin).create("customers", {"name": "Uten nøkkel"})
    workspace.kill_in(target, "POST", "customers")
    workspace.settle()
    assert len(workspace.control(target).dump("customers")) == 1
    links = {(x["system"], x["entity"]): x["count"] for x in workspace.status()["links"]}
    assert links[target, "Customer"] == 1


def test_a_create_that_nothing_proves_goes_to_review_and_is_never_repeated(
    workspace: Workspace,
) -> None:
    workspace.extra = {"shop": {"idempotency_keys": False}, "erp": {"marker": False}}
    for system in ("shop", "erp"):
        workspace.control(system).switch("marker", False)
        workspace.control(system).switch("idempotency", False)
    workspace.control("shop").create("customers", {"name": "Uten nøkkel"})
    workspace.kill_in("erp", "POST", "customers")
    for _ in range(2):
        workspace.sync()
    assert len(workspace.control("erp").dump("customers")) == 1
    assert len(workspace.control("shop").dump("customers")) == 1
    assert len(workspace.status()["reviews"]) == 1


@pytest.mark.parametrize("edited", [False, True])
def test_an_update_that_the_erp_cuts_and_that_is_killed_loses_and_cuts_nothing(
    workspace: Workspace, edited: bool
) -> None:
    shop, erp = workspace.control("shop"), workspace.control("erp")
    ident = shop.create("customers", {"name": "Kort", "email": "a@example.no"})
    workspace.settle()
    shop.edit("customers", ident, {"name": LONG})
    workspace.kill_in("erp", "PUT", "customers")
    (there,) = erp.dump("customers")
    if edited:
        erp.edit("customers", str(there["customerId"]), {"remark": "ring først"})
    workspace.settle()
    (here,) = shop.dump("customers")
    assert here["name"] == LONG
    assert here["note"] == ("ring først" if edited else None)
    assert erp.dump("customers")[0]["name"] == LONG[:50].rstrip()


@pytest.mark.parametrize(
    ("collection", "before"), [("customers", 0), ("products", 1), ("invoices", 2)]
)
@pytest.mark.parametrize("edited", [False, True])
def test_a_create_in_wave_that_is_killed_is_made_once(
    with_books: Workspace, collection: str, before: int, edited: bool
) -> None:
    """Wave knows neither keys nor markers: numbers, e-mail and names tell what was made."""
    books = with_books.control("books")
    assert with_books.kill_at("books", "POST", collection, before + 1) == before + 1
    field = {"customers": "mobile", "products": "description", "invoices": "memo"}[collection]
    if edited:
        made = next(r for r in reversed(books.dump(collection)))
        books.edit(collection, made["id"], {field: "meanwhile"})
    with_books.settle()
    assert [len([r for r in books.dump(c) if r.get("name") not in {"Diverse", "Frakt"}])
            for c in ("customers", "products", "invoices")] == [1, 1, 1]  # fmt: skip
    assert [len(with_books.control("shop").dump(c)) for c in ("customers", "products", "orders")] \
        == [1, 1, 1]  # fmt: skip
    if edited and collection != "invoices":  # a memo may be one that Wave has filled in
        field = {"customers": "mobile", "products": "description"}[collection]
        assert with_books.control("shop").dump(collection)[0][field] == "meanwhile"
    status = with_books.status()
    assert (status["reviews"], status["parked"], status["dead_letters"]) == ([], [], [])


def test_a_stock_change_that_is_killed_is_applied_once(workspace: Workspace) -> None:
    shop, erp = workspace.control("shop"), workspace.control("erp")
    article = erp.create("products", {"description": "Stol", "articleNo": "S-1", "onHand": 10})
    workspace.settle()
    erp.adjust("products", article, "onHand", 5)
    workspace.kill_in("shop", "POST", "stock")
    workspace.settle()
    assert [int(p["stock_quantity"]) for p in shop.dump("products")] == [15]
    assert [int(p["onHand"]) for p in erp.dump("products")] == [15]
