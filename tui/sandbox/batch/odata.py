"""The part of OData the service speaks: `$filter` and `$select`, parsed once and compiled to a plain predicate.

Only what the service allows is accepted: and, or, parentheses, six comparisons and startswith, on the properties a
resource lists in its `Fields`; a property tells which of them it takes.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, Literal, TypeAlias, TypeVar

from tui.sandbox.batch.errors import ServiceError, invalid_query
from tui.sandbox.batch.times import parse_time

T = TypeVar("T")
Scalar: TypeAlias = str | int | float | bool
Kind: TypeAlias = Literal["text", "time", "number", "flag"]

_MAX_DEPTH = 64
"""Parentheses deeper than this are refused rather than risking the interpreter's stack."""

_MAX_DIGITS = 64
"""Of a number: many more than any property has, and far fewer than Python refuses to read."""

EQUALITY = frozenset({"eq", "ne"})
ORDER = frozenset({"eq", "ne", "lt", "le", "gt", "ge"})
PREFIX = ORDER | {"startswith"}


@dataclass(frozen=True, slots=True)
class Compare:
    path: str
    operation: str
    kind: Kind
    value: Scalar


@dataclass(frozen=True, slots=True)
class And:
    terms: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or:
    terms: tuple[Expression, ...]


Expression: TypeAlias = Compare | And | Or


@dataclass(frozen=True, slots=True)
class FilterField(Generic[T]):
    """A property a filter may name: how to read it (times in ticks, None where absent) and what it may be asked."""

    kind: Kind
    operations: frozenset[str]
    read: Callable[[T], Scalar | None]


Fields: TypeAlias = Mapping[str, FilterField[T]]

_TOKEN = re.compile(
    r"\s*(?:(?P<open>\()|(?P<close>\))|(?P<comma>,)"
    r"|(?P<time>datetime'(?P<time_value>[^']*)')"
    r"|(?P<text>'(?:[^']|'')*')"
    r"|(?P<number>-?[0-9]+(?:\.[0-9]+)?[lLdDfFmM]?)(?![\w/])"
    r"|(?P<word>[A-Za-z_@$][\w.]*(?:/[A-Za-z_][\w.]*)*))",
    re.IGNORECASE,
)


class _Malformed(Exception):
    """The text is no filter; the message says where."""


class _Parser:
    """Recursive descent over the tokens of one filter."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        position, text = 0, text.rstrip()
        while position < len(text):
            found = _TOKEN.match(text, position)
            if found is None or found.lastgroup is None:
                raise _Malformed(f"Unexpected character at position {position}.")
            name = "time" if found.group("time") is not None else found.lastgroup
            self._tokens.append((name, found.group("time_value" if name == "time" else name)))
            position = found.end()
        self._next = 0

    def parse(self) -> Expression:
        expression = self._either(0)
        if self._next < len(self._tokens):
            raise _Malformed(f"Unexpected '{self._tokens[self._next][1]}'.")
        return expression

    def _either(self, depth: int) -> Expression:
        terms = [self._both(depth)]
        while self._take_word("or"):
            terms.append(self._both(depth))
        return terms[0] if len(terms) == 1 else Or(tuple(terms))

    def _both(self, depth: int) -> Expression:
        terms = [self._term(depth)]
        while self._take_word("and"):
            terms.append(self._term(depth))
        return terms[0] if len(terms) == 1 else And(tuple(terms))

    def _term(self, depth: int) -> Expression:
        if depth > _MAX_DEPTH:
            raise _Malformed("The expression is nested too deeply.")
        kind, value = self._take()
        if kind == "open":
            inner = self._either(depth + 1)
            self._expect("close")
            return inner
        if kind != "word":
            raise _Malformed(f"Expected a property, found '{value}'.")
        if value.lower() == "startswith":
            self._expect("open")
            path = self._expect("word")
            self._expect("comma")
            prefix = _unquote(self._expect("text"))
            self._expect("close")
            return Compare(path, "startswith", "text", prefix)
        operation = self._expect("word").lower()
        if operation not in ORDER:
            raise _Malformed(f"'{operation}' is not a supported operator.")
        literal_kind, literal = self._literal()
        return Compare(value, operation, literal_kind, literal)

    def _literal(self) -> tuple[Kind, Scalar]:
        kind, value = self._take()
        if kind == "text":
            return "text", _unquote(value)
        if kind == "number":
            digits = value.rstrip("lLdDfFmM")
            if len(digits) > _MAX_DIGITS:
                raise _Malformed(f"'{digits[:_MAX_DIGITS]}…' is too long a number.")
            return "number", float(digits) if "." in digits else int(digits)
        if kind == "time":
            ticks = parse_time(value)
            if ticks is None:
                raise _Malformed(f"'{value}' is not a date and time.")
            return "time", ticks
        if kind == "word" and value.lower() in ("true", "false"):
            return "flag", value.lower() == "true"
        raise _Malformed(f"Expected a value, found '{value}'.")

    def _take(self) -> tuple[str, str]:
        if self._next >= len(self._tokens):
            raise _Malformed("The expression ends too early.")
        self._next += 1
        return self._tokens[self._next - 1]

    def _take_word(self, word: str) -> bool:
        if self._next < len(self._tokens):
            kind, value = self._tokens[self._next]
            if kind == "word" and value.lower() == word:
                self._next += 1
                return True
        return False

    def _expect(self, kind: str) -> str:
        found, value = self._take()
        if found != kind:
            raise _Malformed(f"Unexpected '{value}'.")
        return value


def _unquote(text: str) -> str:
    return text[1:-1].replace("''", "'")


@dataclass(frozen=True, slots=True)
class Filter(Generic[T]):
    """A compiled filter: the predicate, and its text as an expression for those who can do better than scan."""

    matches: Callable[[T], bool]
    expression: Expression


def parse_filter(text: str, fields: Fields[T]) -> Filter[T]:
    """Compile `$filter`; raises InvalidQueryParameterValue with the reason."""
    try:
        expression = _Parser(text).parse()
        return Filter(_compile(expression, fields), expression)
    except _Malformed as problem:
        raise invalid_query("$filter", text[:512], str(problem)) from None


_COMPARISONS: Mapping[str, Callable[[Scalar, Scalar], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "startswith": lambda value, prefix: str(value).startswith(str(prefix)),
}


def _compile(expression: Expression, fields: Fields[T]) -> Callable[[T], bool]:
    if isinstance(expression, Compare):
        return _compile_compare(expression, fields)
    parts = tuple(_compile(term, fields) for term in expression.terms)
    if isinstance(expression, And):
        return lambda item: all(part(item) for part in parts)
    return lambda item: any(part(item) for part in parts)


def _compile_compare(term: Compare, fields: Fields[T]) -> Callable[[T], bool]:
    field = fields.get(term.path)
    if field is None:
        raise _Malformed(f"'{term.path}' is not a property that can be filtered on.")
    if term.operation not in field.operations:
        raise _Malformed(f"Operator '{term.operation}' is not supported on '{term.path}'.")
    wanted = term.value
    if field.kind == "time" and term.kind == "text":
        parsed = parse_time(str(wanted))
        if parsed is None:
            raise _Malformed(f"'{term.path}' takes a DateTime value.")
        wanted = parsed
    elif field.kind != term.kind:
        raise _Malformed(f"'{term.path}' takes a value of another type.")
    compare, read = _COMPARISONS[term.operation], field.read
    if_absent = term.operation == "ne"
    if field.kind == "text":
        folded = str(wanted).lower()

        def matches_text(item: T) -> bool:
            value = read(item)
            return if_absent if value is None else compare(str(value).lower(), folded)

        return matches_text

    def matches(item: T) -> bool:
        value = read(item)
        return if_absent if value is None else compare(value, wanted)

    return matches


def lower_bound(expression: Expression, path: str) -> int | None:
    """The earliest time `path` can have in a match, None where the filter sets none."""
    if isinstance(expression, Compare):
        if expression.path != path or expression.operation not in ("ge", "gt", "eq"):
            return None
        value = parse_time(expression.value) if isinstance(expression.value, str) else expression.value
        return value if isinstance(value, int) else None
    bounds = [lower_bound(term, path) for term in expression.terms]
    known = [bound for bound in bounds if bound is not None]
    if isinstance(expression, And):
        return max(known, default=None)
    return min(known) if len(known) == len(bounds) else None


def parse_select(text: str | None) -> frozenset[str] | None:
    """The names of `$select`, None for everything. `a/b` asks for `a`."""
    if text is None or not text.strip():
        return None
    names = [name.strip() for name in text.split(",")]
    if not all(re.fullmatch(r"[A-Za-z_][\w.]*(?:/[\w.]+)*", name) for name in names):
        raise ServiceError(
            "InvalidQueryParameterValue",
            [("QueryParameterName", "$select"), ("QueryParameterValue", text[:512])],
        )
    return frozenset(name.partition("/")[0] for name in names)
