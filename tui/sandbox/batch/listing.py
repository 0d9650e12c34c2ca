"""Lists: filter, select, pages of at most a thousand, and the link to the next page."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from typing import TypeVar
from urllib.parse import parse_qsl, quote, urlencode

from tui.sandbox.batch.errors import invalid_query
from tui.sandbox.batch.http import Call, Reply
from tui.sandbox.batch.odata import Fields, Filter, parse_filter
from tui.sandbox.batch.records import Wire, key_of
from tui.sandbox.batch.wire_common import Properties, render

T = TypeVar("T")

_TOKEN_PREFIX, _TOKEN_SUFFIX = "WATV2:", ":1$1"
_MOST_LOOKED_AT = 50_000
"""A page ends after this many rows though its filter kept fewer, so that no list holds up the service for long."""


def parse_list_filter(call: Call, fields: Fields[T]) -> Filter[T] | None:
    text = call.query.get("$filter")
    return parse_filter(text, fields) if text and text.strip() else None


def read_token(call: Call) -> str | None:
    """The id after which this page starts."""
    token = call.query.get("$skiptoken")
    if token is None:
        return None
    inner = token.removeprefix(_TOKEN_PREFIX).removesuffix(_TOKEN_SUFFIX)
    try:
        return base64.urlsafe_b64decode(inner.encode("ascii")).decode(errors="surrogatepass")
    except (binascii.Error, ValueError):
        raise invalid_query("$skiptoken", token, "The token was not made by this service.") from None


def list_reply(
    call: Call,
    set_name: str,
    rows: Iterable[T],
    identify: Callable[[T], str],
    *,
    properties: Properties[T],
    where: Filter[T] | None = None,
) -> Reply:
    """A page of `rows`, which come in order and start where the page does."""
    limit, select = call.max_results(), call.select()
    page: list[T] = []
    last: T | None = None
    more = False
    for looked_at, row in enumerate(rows):
        if len(page) == limit or looked_at == _MOST_LOOKED_AT:
            more = True
            break
        last = row
        if where is None or where.matches(row):
            page.append(row)
    value = [render(row, properties, call.base_url, select) for row in page]
    return list_of(call, set_name, value, identify(last) if more and last is not None else None)


def sorted_rows(call: Call, rows: Iterable[T], identify: Callable[[T], str]) -> list[T]:
    """All rows by id, less those of the pages before."""
    after = read_token(call)
    ordered = sorted(rows, key=lambda row: key_of(identify(row)))
    return ordered if after is None else [row for row in ordered if key_of(identify(row)) > key_of(after)]


def list_of(call: Call, set_name: str, value: list[Wire], last_id: str | None = None) -> Reply:
    content: Wire = {"odata.metadata": f"{call.base_url}/$metadata#{set_name}", "value": value}
    if last_id is not None:
        content["odata.nextLink"] = _next_link(call, last_id)
    return Reply(content=content)


def _next_link(call: Call, last_id: str) -> str:
    token = _TOKEN_PREFIX + base64.urlsafe_b64encode(last_id.encode(errors="surrogatepass")).decode() + _TOKEN_SUFFIX
    given = [(name, value) for name, value in parse_qsl(call.raw_query) if name.lower() != "$skiptoken"]
    query = urlencode([*given, ("$skiptoken", token)], safe="$:", quote_via=quote)
    return f"{call.base_url}{call.raw_path}?{query}"
