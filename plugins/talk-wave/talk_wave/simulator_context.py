"""What resolvers know of the request that they answer, and how errors are said."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError, GraphQLResolveInfo

from talk_sdk.testing.records import Author
from talk_wave.simulator_business import BUSINESSES
from talk_wave.simulator_inputs import Inputs

if TYPE_CHECKING:
    from talk_sdk.testing.service import Call
    from talk_wave.simulator_auth import Grant
    from talk_wave.simulator_books import Books

    Info = GraphQLResolveInfo["Context"]


@dataclass
class Context:
    """One request.

    Attributes:
        grant: What its token allows; none if nobody is signed in.
    """

    call: Call
    books: Books
    grant: Grant | None

    @property
    def author(self) -> Author:
        """Who writes."""
        return Author("api", self.call.method)

    @property
    def inputs(self) -> Inputs:
        """How inputs are read."""
        return Inputs(self.books)

    def enabled(self, switch: str) -> bool:
        """Whether a switch is on."""
        return self.books.faults.enabled(switch)

    def sign_in(self) -> Grant:
        """The grant.

        Raises:
            GraphQLError: Nobody is signed in.
        """
        if self.grant is None:
            raise refusal("UNAUTHENTICATED", "Login required.")
        return self.grant

    def need(self, resource: str, right: str) -> None:
        """Go on only if the token reaches so far.

        Raises:
            GraphQLError: Nobody is signed in, or a scope is missing.
        """
        if not self.sign_in().allows(resource, right):
            raise refusal("FORBIDDEN", f"The scope {resource}:{right} is missing.")

    def businesses(self) -> list[Mapping[str, Any]]:
        """The businesses that the token answers for."""
        only = self.sign_in().business
        return [each for each in BUSINESSES if only in {None, each["id"]}]

    def business(self, id_: str | None) -> dict[str, Any]:
        """A business; without an id the token's one, or the user's default.

        Raises:
            GraphQLError: The token does not answer for it.
        """
        mine = self.businesses()
        found = next((each for each in mine if id_ in {None, each["id"]}), None)
        if found is None:
            raise absent("Business", str(id_))
        return {**found, "emailSendEnabled": self.enabled("email_send")}


def context_of(info: Info) -> Context:
    """The request that a resolver answers."""
    return info.context


def refusal(code: str, message: str) -> GraphQLError:
    """An error of a field."""
    return GraphQLError(message, extensions={"code": code})


def absent(kind: str, id_: str) -> GraphQLError:
    """What is asked for is not there."""
    return refusal("NOT_FOUND", f"{kind} '{id_}' could not be found.")


def as_error(error: GraphQLError, code: str, number: int) -> dict[str, Any]:
    """An error as it is on the wire; `number` makes its id one of a kind."""
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    uuid = f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"
    told: dict[str, Any] = {
        "extensions": {"id": uuid, "code": (error.extensions or {}).get("code", code)},
        "message": error.message,
    }
    if error.locations:
        told["locations"] = [{"line": each.line, "column": each.column} for each in error.locations]
    if error.path:
        told["path"] = error.path
    return told
