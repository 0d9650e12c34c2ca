"""One HTTP call to Batch, signed, repeated and sent by the SDK's pipeline.

`BatchClient.send_request` carries every call. The typed operations above it start pollers that swallow errors, lose
the body of a failed file read and build a model of each task, which a list of 100,000 cannot afford; the wire below
is documented and the same for all of them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit

from azure.batch import BatchClient
from azure.core.credentials import AzureNamedKeyCredential, TokenCredential
from azure.core.rest import HttpRequest

from tui.gateways.errors import answer_errors, date_s, nonsense, service_errors
from tui.gateways.http import RETRIES, USUAL_TIMEOUTS, BriefRetryPolicy, Timeouts, transport_to

API_VERSION = "2025-06-01"

_SERVICE_MARGIN_S = 5
"""The service is told to give up this much before we do, so that its own error arrives."""

_CONTENT_TYPE = "application/json; odata=minimalmetadata"


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """A successful answer, read to its end."""

    content: bytes
    headers: Mapping[str, str]

    def json(self) -> dict[str, Any]:
        parsed = json.loads(self.content)
        if not isinstance(parsed, dict):
            raise ValueError("a JSON object is expected")
        return parsed


@dataclass(frozen=True, slots=True)
class BatchPage:
    """One page of a list."""

    items: Sequence[dict[str, Any]]
    server_time_s: float
    """The service's clock when it answered; ours where a proxy dropped the header."""
    size_bytes: int


class BatchCalls:
    """Calls by method, path and query. Safe from several threads."""

    def __init__(
        self,
        endpoint: str,
        credential: AzureNamedKeyCredential | TokenCredential,
        timeouts: Timeouts = USUAL_TIMEOUTS,
    ) -> None:
        self._endpoint = endpoint
        self._timeouts = timeouts
        self._retries = BriefRetryPolicy()
        self._client = BatchClient(
            endpoint,
            credential,
            retry_policy=self._retries,
            transport=transport_to(endpoint, timeouts.read_s),
            api_version=API_VERSION,
            permit_redirects=False,
        )

    @property
    def sent(self) -> int:
        return self._retries.sent

    def call(
        self,
        doing: str,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        done: int = 200,
        is_poll: bool = False,
    ) -> BatchAnswer:
        """`path` is quoted already, see `path_of`. A poll waits less and is not repeated: the poller does that.

        Only the status `done` says that it was. Another success is not the service's: something between, such as the
        sign-in page of a network, must not make a pool seem made, or deleted while it costs.
        """
        target, retries = f"{path}?{self._query(query or {}, is_poll)}", 0 if is_poll else RETRIES
        return self._send(doing, method, target, body, headers or {}, is_poll, retries, done)

    def change(self, doing: str, method: str, path: str, body: Any = None, *, done: int) -> None:
        """A call that is answered by its status alone."""
        answer = self.call(doing, method, path, body=body, done=done)
        if answer.content:
            raise nonsense("Batch", self._endpoint, f"{doing}: HTTP {done} with a body", done)

    def pages(
        self, doing: str, path: str, query: Mapping[str, str] | None = None, *, is_poll: bool = False
    ) -> Iterator[BatchPage]:
        """Every page of a list, each fetched when it is asked for.

        The later pages of a poll are repeated: begun anew with each refusal, a list of a hundred pages would never end
        on a busy account.
        """
        target, retries = f"{path}?{self._query(query or {}, is_poll)}", 0 if is_poll else RETRIES
        asked: set[str] = set()
        while target:
            if target in asked:
                raise nonsense("Batch", self._endpoint, f"{doing}: the list begins again in its middle")
            asked.add(target)
            answer = self._send(doing, "GET", target, None, {}, is_poll, retries)
            retries = RETRIES
            with answer_errors("Batch", self._endpoint, doing):
                body = answer.json()
                items = body["value"]
                if not isinstance(items, list):
                    raise ValueError("a list is expected")
                link = urlsplit(body.get("odata.nextLink") or "")
                if any(link) and unquote(link.path).casefold() != unquote(path).casefold():
                    raise ValueError("a link to something else")
            yield BatchPage(
                items=items,
                server_time_s=date_s(answer.headers.get("Date")) or time.time(),
                size_bytes=len(answer.content),
            )
            # Only the query: whatever else the link says, the same list of the account's own host is asked.
            target = f"{path}?{link.query}" if link.path else ""

    def items(
        self, doing: str, path: str, query: Mapping[str, str] | None = None, *, is_poll: bool = False
    ) -> Iterator[dict[str, Any]]:
        for page in self.pages(doing, path, query, is_poll=is_poll):
            yield from page.items

    def close(self) -> None:
        self._client.close()

    def _query(self, query: Mapping[str, str], is_poll: bool) -> str:
        read_timeout_s = self._timeouts.poll_read_s if is_poll else self._timeouts.read_s
        fixed = {"api-version": API_VERSION, "timeOut": str(max(1, round(read_timeout_s) - _SERVICE_MARGIN_S))}
        return urlencode({**fixed, **query}, quote_via=quote, safe="$,")

    def _send(
        self,
        doing: str,
        method: str,
        target: str,
        body: Any,
        headers: Mapping[str, str],
        is_poll: bool,
        retries: int,
        done: int = 200,
    ) -> BatchAnswer:
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        sent_headers = {"Accept": "application/json", **headers}
        if content is not None:
            sent_headers["Content-Type"] = _CONTENT_TYPE
        request = HttpRequest(method, self._endpoint + target, headers=sent_headers, content=content)
        options: dict[str, Any] = {"read_timeout": self._timeouts.poll_read_s} if is_poll else {}
        with service_errors("Batch", self._endpoint, doing):
            # Streamed, because the pipeline parses whatever it reads by itself: once too often for JSON, and wrongly
            # for a piece of a task's file that calls itself JSON.
            response = self._client.send_request(request, stream=True, retry_total=retries, **options)
            try:
                answer = BatchAnswer(response.read(), response.headers)
            finally:
                response.close()
        if response.status_code != done:
            what = f"{doing}: HTTP {response.status_code}, not {done}"
            raise nonsense("Batch", self._endpoint, what, response.status_code)
        return answer


def path_of(*segments: str) -> str:
    """A path of these segments, each quoted whole."""
    return "".join("/" + quote(segment, safe="") for segment in segments)
