"""Squarespace's endpoints: variants with their products and their stock, orders with who bought."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import quote

from talk_sdk.errors import ConfigError, MissingError, RejectedError, UnavailableError
from talk_sdk.http import Bearer, Client, Http
from talk_sdk.operations import Account, Operation, Outcome, Page, Raw, Session
from talk_sdk.rest import cursor_pages, object_in, outcome_of, records_in, since_utc
from talk_squarespace.listing import BEGINNING, changed
from talk_squarespace.orders import customers_in, order_in
from talk_squarespace.settings import SiteSettings
from talk_squarespace.shapes import variants_in
from talk_squarespace.writing import INVENTORY, ORDERS, Writer

__all__ = ["Site", "open_site"]

STATES = "NOT_CHARGED,AUTHORIZED,PAID,REFUNDED,PENDING,REFUND_PENDING,REFUND_FAILED,PARTIALLY_PAID"
"""Payment states of orders that are any; the list hides some of them unless it is asked."""
COOL_DOWN_S = 60.0
"""How long nothing is answered after too many requests; no header says so."""
_STANDARD = {"KILOGRAM": "METRIC", "POUND": "IMPERIAL"}


def open_site(settings: SiteSettings, http: Http) -> Session:
    """Sign in, and make sure that the settings are the store's.

    Raises:
        RemoteError: Squarespace does not answer, or does not accept the key.
        ConfigError: currency or unit of weight are others there; says what to write.
    """
    client = http.client(
        settings.base_url, auth=Bearer(settings.api_key), headers={"User-Agent": "talk-sdk"},
        cool_down_s=COOL_DOWN_S,
    )  # fmt: skip
    website = object_in(client.get("/1.0/authorization/website"))
    account = Account(str(website.get("id") or ""), str(website.get("title") or ""))
    if not account.id:
        raise UnavailableError(f"{http.system}: the API does not tell whose site it is.")
    wrong = []
    if website.get("currency") not in {None, settings.currency}:
        wrong.append(f'currency = "{website["currency"]}"')
    measures = website.get("measurementStandard")
    if measures not in {None, _STANDARD[settings.weight_unit]}:
        unit = next(unit for unit, standard in _STANDARD.items() if standard == measures)
        wrong.append(f'weight_unit = "{unit}"')
    if wrong:
        raise ConfigError(f"The store is another one: write {' and '.join(wrong)} in"
                          f" [systems.{http.system}].")  # fmt: skip
    return Session(account, Site(client, settings))


class Site:
    """One site's Commerce APIs. Shared by all threads."""

    def __init__(self, client: Client, settings: SiteSettings) -> None:
        """Use `open_site`, which checks the credentials."""
        self._client = client
        self._system = client.http.system
        self._settings = settings
        self.products_at = f"/{settings.products}/commerce/products"
        self._overlap = timedelta(seconds=settings.overlap_s + settings.lag_s)
        self._known: dict[str, bool] = {}
        self.variants: dict[str, int] = {}
        self._writer = Writer(client, settings, self)

    # --- in ---------------------------------------------------------------------------------------

    def read(self, entity: str, since: str | None) -> Iterator[Page]:
        """All products, or the orders that changed since a cursor, with who bought; lazy.

        Raises:
            UnavailableError: a list may have lost records.
        """
        if entity == "Sesamproducts":
            return self._products()
        if entity == "Order":
            return self._orders(since)
        raise self._nowhere(entity)

    def _products(self) -> Iterator[Page]:
        """All of them: neither a deletion nor a stock shows in what changed."""
        fetch = partial(self.fetch, INVENTORY, "inventory")
        pages = cursor_pages(
            lambda cursor: fetch({} if cursor is None else {"cursor": cursor}),
            f"{self._system}: {INVENTORY}",
        )
        stocks = {str(item.get("variantId")): item for items, _ in pages for item in items}
        path = self.products_at
        read = partial(self.fetch, path, "products")
        for rows, last in changed(read, BEGINNING, self.soon(), f"{self._system}: {path}"):
            self._count(rows)
            records = [record for row in rows for record in variants_in(row, stocks)]
            yield Page(records, complete=last)

    def _orders(self, since: str | None) -> Iterator[Page]:
        start = BEGINNING if since is None else _moment(since_utc(since, self._overlap))
        states = {"paymentStates": STATES}
        read = lambda query: self.fetch(  # noqa: E731 - the cursor stands alone
            ORDERS, "result", query if "cursor" in query else {**query, **states}
        )
        latest = since
        for rows, last in changed(read, start, self.soon(), f"{self._system}: {ORDERS}"):
            times = (str(row["modifiedOn"]) for row in rows)
            latest = max(filter(None, (latest, *times)), key=_moment, default=None)
            orders = self.shaped(row for row in rows if not row.get("testmode"))
            # Newest first or last: only at the end is it sure that nothing is left behind.
            yield Page(orders, latest if last else None, complete=last,
                       derived={"Customer": customers_in(orders)})  # fmt: skip

    def fetch(
        self, path: str, field: str, query: Mapping[str, str]
    ) -> tuple[list[Raw], str | None]:
        """A page of a list, and the cursor of the next one."""
        answer = self._client.get(path, query)
        body = object_in(answer)
        pagination = body.get("pagination") or {}
        following = pagination.get("nextPageCursor") if pagination.get("hasNextPage") else None
        if pagination.get("hasNextPage") and not following:
            raise UnavailableError(f"{self._system}: {path} does not say where it goes on.")
        return records_in(answer, body, field), following

    def soon(self) -> datetime:
        """A moment after all changes that there are."""
        return self._client.http.clock.now() + timedelta(days=1)

    def shaped(self, rows: Iterable[Raw]) -> list[Raw]:
        """Orders, whose products are looked up where it is not known whether they exist."""
        orders = list(rows)
        wanted = {str(line["productId"]) for order in orders for line in order["lineItems"] or ()
                  if line.get("productId")}  # fmt: skip
        unknown = sorted(wanted - self._known.keys())
        for start in range(0, len(unknown), 50):
            self.products_of(unknown[start : start + 50])
        known = {id_ for id_ in wanted if self._known.get(id_)}
        return [order_in(order, self._settings, known) for order in orders]

    def get(self, entity: str, ids: Sequence[str]) -> Mapping[str, Raw]:
        """Records by id; one left out does not exist.

        Raises:
            RejectedError: customers have no address of their own.
        """
        if entity == "Sesamproducts":
            products = self.products_of(list(dict.fromkeys(id_.partition("/")[0] for id_ in ids)))
            stocks = self._stocks([id_.partition("/")[2] for id_ in ids] if products else [])
            found = {r["id"]: r for product in products for r in variants_in(product, stocks)}
            return {id_: found[id_] for id_ in ids if id_ in found}
        if entity != "Order":
            raise self._nowhere(entity)
        orders = {}
        for id_ in dict.fromkeys(ids):
            try:
                orders[id_] = self.order(id_)
            except MissingError:
                continue
        return orders

    def find(self, entity: str, key: str, _values: Sequence[str]) -> Sequence[Raw]:
        """Nothing is found by a field.

        Raises:
            RejectedError: always.
        """
        raise RejectedError(f"{self._system}: Squarespace finds no {entity} by {key}.")

    def _nowhere(self, entity: str) -> RejectedError:
        return RejectedError(f"{self._system}: {entity} has no address, it comes with the orders.")

    def order(self, id_: str) -> Raw:
        """An order.

        Raises:
            MissingError: there is none.
        """
        order = object_in(self._client.get(f"{ORDERS}/{quote(id_, safe='')}"))
        if str(order.get("id")) != id_:
            raise UnavailableError(f"{self._system}: Squarespace answered another order.")
        return self.shaped([order])[0]

    def products_of(self, ids: Sequence[str]) -> list[Raw]:
        """Products; where one of several is unknown, all are refused, and each is asked alone."""
        path = f"{self.products_at}/{','.join(quote(id_, safe='') for id_ in ids)}"
        try:
            answer = self._client.get(path)
        except MissingError:
            if len(ids) > 1:
                return [product for id_ in ids for product in self.products_of([id_])]
            self._known[ids[0]] = False
            return []
        products = records_in(answer, object_in(answer), "products")
        self._count(products)
        return products

    def _count(self, products: Iterable[Raw]) -> None:
        for product in products:
            self._known[str(product["id"])] = True
            self.variants[str(product["id"])] = len(product.get("variants") or ())

    def _stocks(self, variants: Sequence[str]) -> dict[str, Raw]:
        """Inventory items by variant; one that is not there is left out."""
        if not variants:
            return {}
        try:
            answer = self._client.get(
                f"{INVENTORY}/{','.join(quote(v, safe='') for v in variants)}"
            )
        except MissingError:
            if len(variants) == 1:
                return {}
            return {k: item for v in variants for k, item in self._stocks([v]).items()}
        items = records_in(answer, object_in(answer), "inventory")
        return {str(item.get("variantId")): item for item in items}

    # --- out --------------------------------------------------------------------------------------

    def write(self, operation: Operation) -> Outcome:
        """Send one operation."""
        return outcome_of(operation, partial(self._writer.write, operation))


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
