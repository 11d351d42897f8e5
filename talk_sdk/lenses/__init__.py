"""Two-way functions between a value on the wire and a canonical value.

`get` reads what a system says, `put` writes what it should hold. For every lens
`get(put(v)) == render(v)`, `render` being what the lens declares (identity, if it says
nothing), and `put(get(w))` reads as `w` again. `None` is empty in both worlds; a lens never
sees it. Lenses have no clock, no I/O and no state but memoised look-ups.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from talk_sdk.lenses.lens import IDENTITY, UNSAID, Lens
from talk_sdk.lenses.places import country_name, organisation_number, phone, subdivision
from talk_sdk.lenses.times import day
from talk_sdk.lenses.values import (
    decimal_number,
    decimal_text,
    enum,
    inverse_flag,
    one_of,
    ref,
    scaled,
    truncate,
)

__all__ = [
    "IDENTITY",
    "UNSAID",
    "Lens",
    "country_name",
    "day",
    "decimal_number",
    "decimal_text",
    "enum",
    "inverse_flag",
    "named",
    "one_of",
    "organisation_number",
    "phone",
    "ref",
    "scaled",
    "subdivision",
    "truncate",
]

_BY_NAME: Mapping[str, Callable[..., Lens]] = {
    "decimal_text": decimal_text,
    "decimal_number": decimal_number,
    "scaled": scaled,
    "inverse_flag": inverse_flag,
    "truncate": truncate,
    "country_name": country_name,
    "day": day,
    "organisation_number": organisation_number,
    "phone": phone,
    "ref": ref,
    "subdivision": subdivision,
}

_NUMBERED = {"decimal_text", "decimal_number", "scaled", "truncate"}


def named(text: str) -> Lens:
    """The lens that talk.toml writes as `truncate(50)` or `country_name(nb)`.

    Raises:
        ValueError: no such lens, or it does not take these arguments.
    """
    found = re.fullmatch(r"\s*(\w+)\s*(?:\(([^()]*)\))?\s*", text)
    if found is None or found[1] not in _BY_NAME:
        raise ValueError(f"{text!r} is no lens; there are {', '.join(sorted(_BY_NAME))}")
    if found[2] and found[1] in _NUMBERED and not re.fullmatch(r"[\s\d,-]+", found[2]):
        raise ValueError(f"lens {text!r} takes numbers, as in {found[1]}(2)")
    words = [word.strip().strip("\"'") for word in (found[2] or "").split(",") if word.strip()]
    try:
        return _BY_NAME[found[1]](*[int(w) if w.lstrip("-").isdigit() else w for w in words])
    except TypeError as error:
        raise ValueError(f"lens {text!r}: {error}") from None
