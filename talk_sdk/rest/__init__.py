"""What connectors of REST APIs share, each part a small object.

* `Codec`, `PLAIN`: where a company's own field names become the canonical wire model.
* `cursor_pages`, `numbered_pages`: page styles that never take a broken read for a complete one.
* `object_in`, `records_in`: an answer's body in the shape that was asked for, or a fault.
* `outcome_of`: what became of a write, from how its request ended.
* `moment_in`, `since_utc`, `since_local`: times, and from where an incremental read starts.
* `windows`: reading by time of change, safe from what changes meanwhile.
* `GraphQL`: an endpoint whose documents tell reads from writes.
* `by_ids`, `matching`: look-ups that prove absence, and that never give foreign records.
"""

from talk_sdk.rest.bodies import object_in, records_in
from talk_sdk.rest.codec import PLAIN, Codec, Plain
from talk_sdk.rest.graphql import GraphQL, effect_of
from talk_sdk.rest.lookups import by_ids, matching
from talk_sdk.rest.outcomes import outcome_of
from talk_sdk.rest.pages import NumberedPage, cursor_pages, numbered_pages
from talk_sdk.rest.times import moment_in, since_local, since_utc
from talk_sdk.rest.windows import TimedPage, windows

__all__ = [
    "PLAIN",
    "Codec",
    "GraphQL",
    "NumberedPage",
    "Plain",
    "TimedPage",
    "by_ids",
    "cursor_pages",
    "effect_of",
    "matching",
    "moment_in",
    "numbered_pages",
    "object_in",
    "outcome_of",
    "records_in",
    "since_local",
    "since_utc",
    "windows",
]
