"""The tables that say how an entity's records are read as, and written from, a concept.

A `Mapping` is written by a connector's author and reads like the property table of a
dataflow document. It is compiled once into a `Compiled`, whose functions parse no path.
"""

from talk_sdk.mapping.compiled import Compiled, CompiledChildren, Line, compile_mapping
from talk_sdk.mapping.tables import FILLED, Children, Mapping, Pair

__all__ = [
    "FILLED",
    "Children",
    "Compiled",
    "CompiledChildren",
    "Line",
    "Mapping",
    "Pair",
    "compile_mapping",
]
