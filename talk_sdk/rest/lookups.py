"""Look-ups: by id in bulk with proof of absence, and by a field, compared again on this side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from talk_sdk.errors import MissingError, RejectedError
from talk_sdk.operations import Raw

__all__ = ["by_ids", "matching"]


def by_ids(
    many: Callable[[Sequence[str]], Iterable[Raw]],
    one: Callable[[str], Raw],
    ids: Sequence[str],
    id_of: Callable[[Raw], str],
) -> dict[str, Raw]:
    """Records by the id that they were asked for; an id left out is proven absent.

    A bulk look-up that leaves a record out proves nothing, so each of these is asked for alone.

    Args:
        many: `ids` → the records that the API lists for them.
        one: id → record; raises `MissingError` where there is none.
        ids: wanted ids.
        id_of: a record's id, as text.
    """
    # A comma would be read as the border between two ids.
    plain = [id_ for id_ in ids if "," not in id_]
    listed = {id_of(record): record for record in many(plain)} if plain else {}
    found = {}
    for id_ in dict.fromkeys(ids):
        try:
            found[id_] = listed[id_] if id_ in listed else one(id_)
        except MissingError:
            continue
    return found


def matching(pages: Iterable[Iterable[Raw]], field: str, value: str) -> list[Raw]:
    """The records of a filtered listing in which the field has the value.

    Case and outer blanks apart. A server that does not know a filter ignores it and gives
    everything: what it gives is never taken for an answer unread.

    Raises:
        RejectedError: there are records, and none of them is one that was asked for: a
            look-up by this field proves nothing.
    """
    wanted = value.strip().casefold()
    found, others = [], False
    for records in pages:
        for record in records:
            if str(record.get(field) or "").strip().casefold() == wanted:
                found.append(record)
            else:
                others = True
    if others and not found:
        raise RejectedError(
            f"A look-up by {field} was answered with other records: the API ignores the filter."
        )
    return found
