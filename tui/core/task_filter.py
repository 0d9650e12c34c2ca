"""What a person types to find tasks, as a predicate over rows: `state:failed exit!=0 !spot /part-\\d+/`.

Terms are joined by spaces and must all hold. A term is a plain text, looked for in every column whatever the case, a
`/regular expression/`, or a field with an operator and a value; `!` before a term turns it round, quotes keep spaces.
A comparison never holds for a row that has no value. Nothing is guessed: what cannot be read raises `FilterError`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Literal

from tui.core.records import FailureInfo, TaskRow, TaskStatus
from tui.core.task_table import NO_VALUE, duration_s, short_node_id, status_text
from tui.core.units import local_clock, parse_typed_duration

Predicate = Callable[[TaskRow], bool]

_FIELD = re.compile(r"([A-Za-z]+)(!=|<=|>=|[:=<>])")
_TEXT_OPERATORS = (":", "=", "!=")
_NUMBER_OPERATORS = (":", "=", "!=", "<", "<=", ">", ">=")
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    ":": operator.eq,
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_CLOCK_CHARACTERS = frozenset("0123456789:")
_NONE = "none"
"""How a person writes that there is no value."""


class FilterError(ValueError):
    """What was typed cannot be read."""

    def __init__(self, position: int, message: str) -> None:
        super().__init__(message)
        self.position = position
        """Index of the character where it goes wrong."""
        self.message = message
        """What is wrong there, and what is expected."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a filter must know beyond the row."""

    now_s: Callable[[], float]
    """Running durations are counted to it."""
    input_name: Callable[[str], str]
    """The input of a task by its id; empty where there is none."""


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """An expression that was understood."""

    text: str
    accepts: Predicate
    follows_clock: bool = False
    """Whether a running task may come to match by time alone."""


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    kind: Literal["text", "number", "duration", "state"]


FIELDS = (
    _Field("task", "text"),
    _Field("state", "state"),
    _Field("exit", "number"),
    _Field("node", "text"),
    _Field("duration", "duration"),
    _Field("retries", "number"),
    _Field("requeues", "number"),
    _Field("input", "text"),
    _Field("code", "text"),
    _Field("category", "text"),
    _Field("message", "text"),
)
_FIELD_OF = {field.name: field for field in FIELDS}
STATES = (*(status.value for status in TaskStatus), "completed")


def parse_filter(text: str, around: Surroundings) -> TaskFilter:
    """The filter that `text` says; FilterError where it says none."""
    terms = [_term(token, around) for token in _tokens(text)]
    follows_clock = any(token.field is not None and token.field.kind == "duration" for token in _tokens(text))
    if len(terms) == 1:
        return TaskFilter(text, terms[0], follows_clock)
    return TaskFilter(text, lambda row: all(term(row) for term in terms), follows_clock)


# Reading


@dataclass(frozen=True, slots=True)
class _Token:
    start: int
    value: str
    value_start: int
    is_negated: bool = False
    is_expression: bool = False
    field: _Field | None = None
    sign: str = ""


def _tokens(text: str) -> list[_Token]:
    tokens, position = [], 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        token, position = _token(text, position)
        tokens.append(token)
    return tokens


def _token(text: str, start: int) -> tuple[_Token, int]:
    """The token at `start`, and where the next one may begin."""
    position = start
    is_negated = text[position] == "!"
    position += is_negated
    if position == len(text) or text[position].isspace():
        raise FilterError(start, "expected a term after !, such as !text")
    if text[position] == "/":
        end = _closing(text, position, "/", "a regular expression ends with /")
        pattern = text[position + 1 : end].replace("\\/", "/")
        if not pattern:
            raise FilterError(position, "expected a regular expression between / and /")
        return _Token(start, pattern, position + 1, is_negated, is_expression=True), end + 1
    found = _FIELD.match(text, position)
    field, sign = None, ""
    if found is not None:
        field, sign = _FIELD_OF.get(found[1].casefold()), found[2]
        if field is None:
            names = ", ".join(_FIELD_OF)
            raise FilterError(position, f"no field {found[1]!r}; there are {names}; quotes make it plain text")
        position = found.end()
    value, end = _value(text, position)
    if field is None and not value:
        raise FilterError(position, "expected a text between the quotes")
    return _Token(start, value, position, is_negated, field=field, sign=sign), end


def _value(text: str, start: int) -> tuple[str, int]:
    if start < len(text) and text[start] == '"':
        end = _closing(text, start, '"', 'a quoted text ends with "')
        return text[start + 1 : end].replace('\\"', '"'), end + 1
    end = start
    while end < len(text) and not text[end].isspace():
        end += 1
    return text[start:end], end


def _closing(text: str, start: int, mark: str, message: str) -> int:
    position = start + 1
    while position < len(text):
        if text[position] == "\\":
            position += 1
        elif text[position] == mark:
            return position
        position += 1
    raise FilterError(start, message)


# Judging


def _term(token: _Token, around: Surroundings) -> Predicate:
    found = _positive(token, around)
    return (lambda row: not found(row)) if token.is_negated else found


def _positive(token: _Token, around: Surroundings) -> Predicate:
    if token.is_expression:
        try:
            pattern = re.compile(token.value, re.IGNORECASE)
        except re.error as problem:
            where = token.value_start + (problem.pos or 0)
            raise FilterError(where, f"not a regular expression: {problem.msg}") from problem
        search = pattern.search
        return _anywhere(lambda text: search(text) is not None, around, may_be_clock=True)
    if token.field is None:
        needle = token.value.casefold()
        return _anywhere(lambda text: needle in text.casefold(), around, may_be_clock=set(needle) <= _CLOCK_CHARACTERS)
    allowed = _TEXT_OPERATORS if token.field.kind in ("text", "state") else _NUMBER_OPERATORS
    if token.sign not in allowed:
        wanted = " ".join(allowed)
        raise FilterError(token.value_start - len(token.sign), f"{token.field.name} is compared by one of {wanted}")
    match token.field.kind:
        case "state":
            return _state_term(token)
        case "text":
            return _text_term(token, around)
        case "number" | "duration":
            return _number_term(token, around)


def _anywhere(test: Callable[[str], bool], around: Surroundings, *, may_be_clock: bool) -> Predicate:
    """`test` on the text of any column; values that many rows share are tested once."""
    states = {status for status in TaskStatus if test(status_text(status))}
    exits = _Remembered(lambda code: test(NO_VALUE if code is None else str(code)))
    nodes = _Remembered(lambda node_id: test(node_id) or test(short_node_id(node_id)))
    starts = _Remembered(lambda second: test(local_clock(second)))
    input_name = around.input_name

    def found(row: TaskRow) -> bool:
        return (
            test(row.id)
            or test(input_name(row.id))
            or nodes[row.node_id]
            or exits[row.exit_code]
            or (bool(states) and row.status in states)
            or (may_be_clock and row.start_time_s is not None and starts[int(row.start_time_s)])
        )

    return found


class _Remembered(dict[Any, bool]):
    """Answers by value, each worked out once."""

    def __init__(self, test: Callable[[Any], bool]) -> None:
        super().__init__()
        self._test = test

    def __missing__(self, value: Hashable) -> bool:
        found = self[value] = self._test(value)
        return found


def _state_term(token: _Token) -> Predicate:
    word = token.value.casefold()
    wanted = {name for name in STATES if name.startswith(word)} if word else set()
    if not wanted:
        raise FilterError(token.value_start, f"expected a state: {', '.join(STATES)}")
    statuses = {status for status in TaskStatus if status.value in wanted}
    if "completed" in wanted:
        statuses |= {TaskStatus.SUCCEEDED, TaskStatus.FAILED}
    if token.sign == "!=":
        statuses = set(TaskStatus) - statuses
    return lambda row: row.status in statuses


_NO_FAILURE = FailureInfo("", "", "")
_TEXTS: dict[str, Callable[[TaskRow], str]] = {
    "task": lambda row: row.id,
    "node": lambda row: row.node_id,
    "code": lambda row: (row.failure or _NO_FAILURE).code,
    "category": lambda row: (row.failure or _NO_FAILURE).category,
    "message": lambda row: (row.failure or _NO_FAILURE).message,
}


def _text_term(token: _Token, around: Surroundings) -> Predicate:
    assert token.field is not None
    name, needle = token.field.name, token.value.casefold()
    if not needle:
        raise FilterError(token.value_start, f"expected a text after {name}{token.sign}, or {_NONE}")
    text: Callable[[TaskRow], str] = _TEXTS.get(name) or (lambda row: around.input_name(row.id))
    if needle == _NONE:
        return (lambda row: text(row) != "") if token.sign == "!=" else (lambda row: text(row) == "")
    if token.sign == "=":
        return lambda row: text(row).casefold() == needle
    if token.sign == "!=":
        return lambda row: text(row).casefold() not in ("", needle)
    for cut in ("…", "..."):
        if needle.startswith(cut) and len(needle) > len(cut):
            ending = needle.removeprefix(cut)
            return lambda row: text(row).casefold().endswith(ending)
    return lambda row: needle in text(row).casefold()


_NUMBERS: dict[str, Callable[[TaskRow], float | None]] = {
    "exit": lambda row: row.exit_code,
    "retries": lambda row: row.retry_count,
    "requeues": lambda row: row.requeue_count,
}


def _number_term(token: _Token, around: Surroundings) -> Predicate:
    assert token.field is not None
    name, sign = token.field.name, token.sign
    value_of: Callable[[TaskRow], float | None]
    value_of = _NUMBERS.get(name) or (lambda row: duration_s(row, around.now_s()))
    if token.value.casefold() == _NONE and sign in _TEXT_OPERATORS:
        return (lambda row: value_of(row) is not None) if sign == "!=" else (lambda row: value_of(row) is None)
    wanted, compare = _number(token), _COMPARISONS[sign]

    def holds(row: TaskRow) -> bool:
        value = value_of(row)
        return value is not None and compare(value, wanted)

    return holds


def _number(token: _Token) -> float:
    assert token.field is not None
    if token.field.kind == "duration":
        if token.value and not token.value[-1].isdigit():
            try:
                return parse_typed_duration(token.value)
            except ValueError:
                pass
        raise FilterError(token.value_start, f"expected a duration after duration{token.sign}: 90s, 5m, 1h30m")
    try:
        return int(token.value)
    except ValueError:
        expected = f"expected a whole number after {token.field.name}{token.sign}, or {_NONE}"
        raise FilterError(token.value_start, expected) from None


# Completing


def complete(text: str, values_of: Callable[[str], tuple[str, ...]]) -> tuple[str, ...]:
    """What the last term may become: whole texts to put in its place, likeliest first; the values of a field come from
    `values_of` its name. Empty where there is nothing to add."""
    start = max(text.rfind(" "), text.rfind("\t")) + 1
    head, last = text[:start], text[start:]
    sign = "!" if last.startswith("!") else ""
    word = last.removeprefix("!")
    found = _FIELD.match(word)
    if found is None:
        if not word or not word.isalpha():
            return ()
        names = (field for field in FIELDS if field.name.startswith(word.casefold()))
        return tuple(f"{head}{sign}{field.name}{':' if field.kind in ('text', 'state') else '='}" for field in names)
    field = _FIELD_OF.get(found[1].casefold())
    if field is None:
        return ()
    typed = word[found.end() :]
    values = STATES if field.kind == "state" else values_of(field.name)
    fitting = (value for value in values if value.casefold().startswith(typed.casefold()) and value != typed)
    stem = f"{head}{sign}{word[: found.end()]}"
    return tuple(stem + (f'"{value}"' if " " in value else value) for value in fitting)


def explain(text: str, problem: FilterError) -> str:
    """The problem with its place, in one line: `exit>abc ← at “abc”: expected …`."""
    near = text[problem.position : problem.position + 12].split(" ")[0]
    return f"at “{near}”: {problem.message}" if near else f"at the end: {problem.message}"
