"""Updates of organisations, persons and registered products, many together.

A customer is two records here: the organisations are written first, their main persons after them.
What is cut between the two is in doubt, and the engine looks which of it is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from talk_sdk.errors import DeniedError, RejectedError, RemoteError, UnavailableError
from talk_sdk.http import Client
from talk_sdk.operations import Raw
from talk_webcrm import shapes
from talk_webcrm.bulk import Bulk, Looks, Result, begun, records_in
from talk_webcrm.catalogue import Catalogue
from talk_webcrm.mappings import EMPTY
from talk_webcrm.models import KINDS

__all__ = ["Changer"]

_PART = "MainPerson"
Main = Raw | None | RemoteError
"""A main person as it then is, none if there is none, or what went wrong with it."""


class Changer:
    """Updates records of one system.

    Attributes:
        entities: those that are updated here; the catalogue has no bulk PATCH.
    """

    def __init__(self, client: Client, catalogue: Catalogue, looks: Looks) -> None:
        """Keep the parts."""
        self._client = client
        self._catalogue = catalogue
        self._looks = looks
        registered = {"Products"} if catalogue.kind is KINDS["Products"] else set()
        self.entities = frozenset({"Organisations", "Persons"} | registered)
        self._bulk = {name: Bulk(client, looks, name, KINDS[name]) for name in self.entities}

    def change(self, entity: str, bodies: Mapping[int, Raw]) -> dict[int, Result]:
        """Write what the bodies say; of each record what it is then, or what went wrong with it."""
        if entity == "Organisations":
            return self._organisations(bodies)
        drafts = {id_: partial(self._draft, entity, body) for id_, body in bodies.items()}
        found = self._bulk[entity].change(drafts)
        return {id_: self._shaped(entity, result) for id_, result in found.items()}

    def _draft(self, entity: str, body: Raw, fresh: Raw) -> Raw:
        if entity == "Products":
            return self._catalogue.product_out(body, {})
        own = shapes.organisation_out(body, fresh) if entity == "Organisations" else body
        return shapes.unset(entity, own)

    def _shaped(self, entity: str, result: Result) -> Result:
        if isinstance(result, RemoteError):
            return result
        if entity == "Persons":
            return shapes.cleaned(result)
        product = self._catalogue.product_in(result)
        self._catalogue.learn(product)
        return product

    # --- organisations and their main persons ---------------------------------------------------

    def _organisations(self, bodies: Mapping[int, Raw]) -> dict[int, Result]:
        own = self._bulk["Organisations"].change({
            id_: partial(self._draft, "Organisations", body)
            for id_, body in bodies.items() if body.keys() - {_PART}
        })  # fmt: skip
        written = records_in(own)
        parts = {
            id_: body[_PART]
            for id_, body in bodies.items()
            if body.get(_PART) is not None and (id_ in written or id_ not in own)
        }
        found = own | {id_: _without_main(raw) for id_, raw in written.items()}
        for id_, main in self._mains(parts).items():
            found[id_] = self._joined(id_, written.get(id_), main)
        return found

    def _joined(self, id_: int, own: Raw | None, main: Main) -> Result:
        """A customer whose main person was written; `own` is the organisation if it was, too."""
        if isinstance(main, RejectedError) or (own is None and isinstance(main, DeniedError)):
            return main
        if isinstance(main, RemoteError):
            # A person that is gone is no organisation that is gone: it is looked at again.
            return UnavailableError(main.message, reached=own is not None or _reached(main))
        try:
            with begun():
                own = own or self._looks.raw("Organisations", str(id_))
        except UnavailableError as error:
            return error
        return shapes.organisation_in(own, main)

    def write_main(self, organisation: str, part: Raw | None) -> None:
        """Write what is said of the main person of an organisation.

        Raises:
            RemoteError: it may not be written.
        """
        for main in self._mains({} if part is None else {int(organisation): part}).values():
            if isinstance(main, RemoteError):
                raise main

    def _mains(self, parts: Mapping[int, Raw]) -> dict[int, Main]:
        """Write main persons by organisation: those that there are, else new ones."""
        found: dict[int, Main] = {id_: self._main(id_) for id_ in parts}
        owners = {main["PersonId"]: id_ for id_, main in found.items() if isinstance(main, dict)}
        changed = self._bulk["Persons"].change(
            {p: partial(self._draft, "Persons", parts[id_]) for p, id_ in owners.items()},
            {p: main for p, id_ in owners.items() if isinstance(main := found[id_], dict)},
        )  # fmt: skip
        found |= {owners[person]: result for person, result in changed.items()}
        missing = [id_ for id_, main in found.items() if main is None]
        return found | {id_: self._new_main(id_, parts[id_]) for id_ in missing}

    def _main(self, organisation: int) -> Main:
        try:
            persons = self._looks.children("Organisations", str(organisation), "Persons")
        except RemoteError as error:
            return error
        return shapes.main_of(persons).get(organisation)

    def _new_main(self, organisation: int, part: Raw) -> Main:
        """The person that is made of a part, none if there is nothing to say."""
        if not shapes.is_person(part):
            return None
        new = {"PersonId": 0, "PersonOrganisationId": organisation, **shapes.unset("Persons", part)}
        new["PersonLastName"] = new.get("PersonLastName") or EMPTY
        try:
            self._client.send("POST", KINDS["Persons"].path, json=new)
        except RemoteError as error:
            return error
        made = self._main(organisation)
        return UnavailableError(made.message) if isinstance(made, RemoteError) else made


def _without_main(record: Raw) -> Raw:
    """An organisation at whose main person nobody has looked: of that nothing is said."""
    return {n: v for n, v in shapes.organisation_in(record, None).items() if n != _PART}


def _reached(error: RemoteError) -> bool:
    return not isinstance(error, UnavailableError) or error.reached
