"""Texts that a store cannot keep, or not as they are: one record waits, the run does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

HALF = rb"\ud83d"
MARK = "Grønn hage"


def garble(bench: Any, old: str, new: bytes) -> None:
    """Let the shop's answers say something else on the wire, from here on."""
    twin = bench.twins["shop"]

    def app(environ: Any, start_response: Any) -> list[bytes]:
        said: list[Any] = []
        body = b"".join(twin.app(environ, lambda *head: said.append(head)))
        body = body.replace(old.encode(), new)
        ((status, headers),) = said
        length = ("Content-Length", str(len(body)))
        start_response(status, [length if n == length[0] else (n, v) for n, v in headers])
        return [body]

    bench.twins["shop"] = replace(twin, app=app)


def people(bench: Any) -> str:
    shop = bench.control("shop")
    for number in range(3):
        shop.create("customers", {"name": f"Kunde {number}", "email": f"k{number}@example.no"})
    ident: str = shop.create("customers", {"name": MARK, "email": "hage@example.no"})
    return ident


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("name", rb"Gr\u0000nn"),
        ("name", b"Hage " + HALF),
        ("id", rb"cus\u0000"),
        ("id", b"cus" + HALF),
        ("id", b"c" * 3000),
    ],
    ids=["NUL", "half a character", "id with NUL", "id with half a character", "endless id"],
)
def test_a_record_that_no_store_can_keep_is_a_dead_letter_until_it_is_mended(
    bench: Any, what: str, said: bytes
) -> None:
    ident, whole = people(bench), bench.twins["shop"]
    garble(bench, {"name": MARK, "id": ident}[what], said)
    bench.settle()
    assert len(bench.control("erp").dump("customers")) == 3
    with bench.runner() as runner:
        (letter,) = runner.status().dead_letters
    assert what in letter.reason
    assert letter.reason.isprintable()

    bench.twins["shop"] = whole
    bench.control("shop").edit("customers", ident, {"note": "rettet"})
    bench.settle()
    assert bench.erp("customers", email="hage@example.no")["remark"] == "rettet"


def test_a_key_that_no_index_can_hold_still_matches(bench: Any) -> None:
    """A random text, for what repeats itself is packed and fits after all."""
    number = "".join(chr(0x4E00 + (n * n * 7919 + n * 104729) % 20000) for n in range(3000))
    bench.control("shop").create("products", {"sku": number, "title": "Stol"})
    bench.control("erp").create("products", {"articleNo": number, "description": "Stol"})
    report = bench.sync()
    assert report.problems == ()
    bench.settle()
    assert len(bench.control("shop").dump("products")) == 1
    assert len(bench.control("erp").dump("products")) == 1
