"""Clients of one account: one per thread, over one budget, with one notion of a fault."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from random import Random
from typing import Any, Literal, get_args

import msgspec
import tenacity

from talk_sdk.clock import Clock
from talk_sdk.errors import DeniedError, RemoteError, SafetyError, UnavailableError
from talk_sdk.http.answers import Answer, fault_of
from talk_sdk.http.auth import Auth
from talk_sdk.http.budget import Budget
from talk_sdk.http.slim import httpx

__all__ = ["Answer", "Client", "Effect", "Fault", "Http", "Transport"]

Effect = Literal["read", "write", "auth"]
Transport = Callable[[], httpx.BaseTransport]
Fault = Callable[[Answer], RemoteError | None]
"""What an answer of status 2xx says of a fault all the same; None for a success."""

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_CONNECTING = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Http:
    """What `talk_open` builds its clients from: the account's clock, budget and transport.

    Args:
        system: the account's name in talk.toml, for messages.
        clock: time and sleep.
        rng: jitter.
        transport: makes a transport per client; None for the network.
        writes: False in a dry run: a request that could write is refused here, whatever
            the connector meant.
        timeout_s: seconds without a byte after which a request is given up.
        attempts: how often a safe request is tried.
    """

    def __init__(
        self,
        system: str,
        *,
        clock: Clock,
        rng: Random,
        transport: Transport | None = None,
        writes: bool = True,
        timeout_s: float = 30.0,
        attempts: int = 4,
    ) -> None:
        """Keep the parts; nothing is opened yet."""
        self.system = system
        self.clock = clock
        self.rng = rng
        self.writes = writes
        self.timeout_s = timeout_s
        self.attempts = attempts
        self.budget = Budget(clock, rng)
        self.skew: timedelta | None = None
        self._date: str | None = None
        self._transport = transport
        self._local = threading.local()
        self._open: list[httpx.Client] = []
        self._lock = threading.Lock()
        self._tls: Any = None

    def client(
        self,
        base_url: str,
        *,
        auth: Auth | None = None,
        headers: Mapping[str, str] | None = None,
        cool_down_s: float = 1.0,
    ) -> Client:
        """A client for one API; may be used from any thread.

        `cool_down_s` is how long the account waits after a 429 that does not say how long.
        """
        return Client(self, base_url.rstrip("/"), auth, dict(headers or {}), cool_down_s)

    def wire(self, base_url: str) -> httpx.Client:
        """This thread's connection pool."""
        client: httpx.Client | None = getattr(self._local, "client", None)
        if client is None:
            transport = self._transport() if self._transport else None
            client = httpx.Client(
                transport=transport,
                verify=self._verify(base_url),
                timeout=self.timeout_s,
                trust_env=transport is None,
            )
            self._local.client = client
            with self._lock:
                self._open.append(client)
        return client

    def _verify(self, base_url: str) -> Any:
        if not base_url.startswith("https:"):
            return False
        with self._lock:
            if self._tls is None:
                self._tls = httpx.create_ssl_context()
        return self._tls

    def heard(self, answer: httpx.Response) -> None:
        """Learn from an answer's Date how far the system's clock is from ours."""
        date = answer.headers.get("Date")
        if date is None or date == self._date:
            return
        self._date = date
        try:
            theirs = parsedate_to_datetime(date)
        except ValueError:
            return
        ours = self.clock.now()
        if theirs.tzinfo is not None:
            self.skew = theirs - ours

    def close(self) -> None:
        """Close every thread's connections."""
        with self._lock:
            clients, self._open = self._open, []
        for client in clients:
            client.close()
        self._local = threading.local()


class Client:
    """Requests to one API. Reads are retried; writes only where they had no effect for sure."""

    def __init__(
        self,
        http: Http,
        base_url: str,
        auth: Auth | None,
        headers: dict[str, str],
        cool_down_s: float = 1.0,
    ) -> None:
        """Use `Http.client` instead."""
        self.http = http
        self.base_url = base_url
        self.auth = auth
        self.headers = headers
        self.cool_down_s = cool_down_s
        self._renewing = threading.Lock()
        self._retrying = {effect: _retrying(http, effect) for effect in get_args(Effect)}

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        """A GET. Raises as `send` does."""
        return self.send("GET", path, params=params)

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        form: str | None = None,
        headers: Mapping[str, str] | None = None,
        effect: Effect | None = None,
        fault: Fault | None = None,
    ) -> Answer:
        """Send one request and return its answer (2xx), decoded when asked.

        Args:
            method: HTTP method.
            path: appended to the base URL, or an absolute URL, as of the next page.
            params: query parameters, beside those that the path has; None values are left out.
            json: body.
            form: body that is encoded already, in its place: a form, unless `headers` have another
                Content-Type.
            headers: beside the client's own.
            effect: what the request does at the other end; GET and HEAD read, anything
                else writes unless it is declared.
            fault: looks into answers of APIs that report faults under status 200; what it
                finds is treated as if the status had said it: credentials are renewed, reads
                are tried again.

        Raises:
            UnavailableError: not reached, timed out, 429 or 5xx, after the retries.
            DeniedError: 401 or 403.
            MissingError: 404 or 410.
            StaleError: 409 or 412.
            RejectedError: any other 4xx.
            SafetyError: a write in a dry run.
        """
        does: Effect = effect or ("read" if method in {"GET", "HEAD"} else "write")
        if does == "write" and not self.http.writes:
            raise SafetyError(
                f"{self.http.system}: {method} {path} was refused, because a plan never writes;"
                " if it only reads, the connector must say effect='read'."
            )
        content = None if json is None else _ENCODER.encode(json)
        query = {name: value for name, value in (params or {}).items() if value is not None}
        url = path if path.startswith(("http:", "https:")) else self.base_url + path
        extra = {**self.headers, **(headers or {})}
        if form is not None:
            content = form.encode()
            extra.setdefault("Content-Type", "application/x-www-form-urlencoded")
        elif content is not None:
            extra["Content-Type"] = "application/json"

        def once() -> Answer:
            return self._once(method, url, query, content, extra, does, fault)

        return self._retrying[does](once)

    def _once(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any],
        content: bytes | None,
        headers: dict[str, str],
        effect: Effect,
        fault: Fault | None,
    ) -> Answer:
        signed = self.auth.headers() if self.auth else {}
        try:
            return self._exchange(
                method, url, params, content, {**headers, **signed}, effect, fault
            )
        except DeniedError:
            if self.auth is None or effect == "auth" or not self._renew(signed):
                raise
        signed = self.auth.headers()
        return self._exchange(method, url, params, content, {**headers, **signed}, effect, fault)

    def _renew(self, refused: dict[str, str]) -> bool:
        with self._renewing:
            return self.auth is not None and self.auth.renew(refused)

    def _exchange(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any],
        content: bytes | None,
        headers: dict[str, str],
        effect: Effect,
        fault: Fault | None,
    ) -> Answer:
        self.http.budget.wait()
        wire = self.http.wire(url)
        request = wire.build_request(
            method, _address(url, params), content=content, headers=headers,
            extensions={"talk_effect": effect},
        )  # fmt: skip
        try:
            answer = wire.send(request)
        except _CONNECTING as error:
            raise UnavailableError(self._words(method, url, error), reached=False) from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise UnavailableError(self._words(method, url, error)) from error
        except (httpx.InvalidURL, httpx.TooManyRedirects) as error:
            raise RemoteError(self._words(method, url, error)) from error
        self.http.heard(answer)
        found = Answer(answer.status_code, answer.headers, answer.content, self.http.system, url)
        now = self.http.clock.now()
        said = fault_of(self.http.system, method, url, answer, now, self.cool_down_s)
        if said is None and fault is not None:
            said = fault(found)
        if said is not None:
            if isinstance(said, UnavailableError) and said.retry_after is not None:
                self.http.budget.hold(said.retry_after)
            raise said
        return found

    def _words(self, method: str, url: str, error: Exception) -> str:
        bare = url.split("?", 1)[0]
        if isinstance(error, httpx.TimeoutException):
            what = f"no answer within {self.http.timeout_s:g} s"
        else:
            what = str(error) or type(error).__name__
        return f"{self.http.system}: {method} {bare} failed: {what}."


def _address(url: str, params: Mapping[str, Any]) -> httpx.URL:
    found = httpx.URL(url)
    return found.copy_merge_params(params) if params else found


def _retrying(http: Http, effect: Effect) -> tenacity.Retrying:
    """How requests are tried again; for all threads, as what a call has come to is its own."""

    def again(error: BaseException) -> bool:
        return isinstance(error, UnavailableError) and (effect != "write" or not error.reached)

    def wait(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, UnavailableError) and error.retry_after is not None:
            return 0.0  # the account's budget waits, for all threads at once
        return float(0.2 * 2 ** (state.attempt_number - 1) * (0.5 + http.rng.random()))

    return tenacity.Retrying(
        stop=lambda state: state.attempt_number >= http.attempts,
        wait=wait,
        retry=tenacity.retry_if_exception(again),
        sleep=http.clock.sleep,
        reraise=True,
    )
