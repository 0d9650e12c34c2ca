"""Bad input: journals cut, corrupted, foreign or no files at all. One bad journal never hides the others."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.bad_input.table import Place, Prepare, Row, check, rows, write
from tests.cli.canned import RUN_ID, START_S, plan
from tests.cli.process import called
from tui.core.plan_codec import plan_to_json

SHOW = ("runs", "show", RUN_ID)
LIST = ("runs", "list")
OTHER_ID = "top-words-20261119-abc"
DAMAGE: dict[str, Any] = {"version": 1}


def record(kind: str, **fields: object) -> str:
    return json.dumps({"at": START_S, "kind": kind, **fields}) + "\n"


PLAN = record("plan", plan=plan_to_json(plan()))
STEP = record("step", step="upload", state="done", summary="3 files")
SUMMARY = {
    "run_id": RUN_ID, "started_s": START_S, "ended_s": START_S + 5, "downloaded_files": 1, "downloaded_bytes": 1,
    "counts": {"active": 0, "running": 0, "succeeded": 1, "failed": 0}, "deleted": [], "exit_code": 0, "outcome": "",
    "hint": "",
}  # fmt: skip


def journal(content: bytes | str, run_id: str = RUN_ID) -> Prepare:
    return lambda place: write(place.runs / f"{run_id}.jsonl", content)


def with_plan(**changed: object) -> str:
    return record("plan", plan={**plan_to_json(plan()), **changed})


def folder_in_the_way(place: Place) -> None:
    (place.runs / f"{RUN_ID}.jsonl").mkdir(parents=True)


def runs_is_a_file(place: Place) -> None:
    write(place.runs, "")


NO_JOURNAL = "Not the journal of a run"

UNREADABLE = rows(
    *(
        Row(f"a journal that is {title}", SHOW, words, prepare=journal(content))
        for title, content, words in (
            ("empty", "", NO_JOURNAL),
            ("one torn line", PLAN[:40], NO_JOURNAL),
            ("no JSON", "hello\n", NO_JOURNAL),
            ("no UTF-8", b"\xff\xfe\n" + PLAN.encode(), NO_JOURNAL),
            ("null", "null\n", NO_JOURNAL),
            ("nested without end", "[" * 100_000 + "\n", NO_JOURNAL),
            ("without its plan", STEP, NO_JOURNAL),
            ("of a later version", with_plan(version=9), "A plan of another version"),
            ("without a time", json.dumps({"kind": "plan", "plan": plan_to_json(plan())}) + "\n", NO_JOURNAL),
            ("of inputs that are a number", with_plan(inputs=3), "Not a plan"),
            ("of inputs without sizes", with_plan(inputs=[["a"]]), "Not a plan"),
            ("of a pool that is a text", with_plan(pool="p"), "Not a plan"),
        )
    ),
    Row("a folder in a journal's place", SHOW, "A folder, not a file", prepare=folder_in_the_way),
    Row("a file in the place of the journals", SHOW, "A file is in the way", prepare=runs_is_a_file),
)

TOLERATED = rows(
    *(
        Row(f"a journal with {title}", SHOW, f"Run {RUN_ID}: Top words", 0, journal(PLAN + content))
        for title, content in (
            ("a torn last line", STEP[:20]),
            ("a torn line in its middle", STEP[:20] + "\n" + STEP),
            ("bytes of zero", "\0" * 4_096),
            ("lines of zero", "\0\n" * 100),
            ("an unknown record", record("dance")),
            ("a step that is none", record("step", step="dance", state="done")),
            ("a time that is a text", STEP.replace(str(START_S), '"noon"')),
            ("a time beyond all calendars", STEP.replace(str(START_S), "1e300")),
            ("a record nested without end", "[" * 100_000 + "\n"),
            ("control sequences in a summary", record("step", step="upload", state="failed", summary="\x1b[2J\u202e")),
            ("a summary of half its fields", record("ended", summary={"run_id": RUN_ID})),
            ("a summary beyond all calendars", record("ended", summary={**SUMMARY, "ended_s": 1e300})),
            ("ten thousand damaged lines", "{}\n" * 10_000),
        )
    ),
)

LISTED = rows(
    *(
        Row(f"listing beside {title}", LIST, (RUN_ID, OTHER_ID), 0, prepare)
        for title, prepare in (
            ("an empty one", journal("", OTHER_ID)),
            ("one nested without end", journal("[" * 100_000 + "\n", OTHER_ID)),
            ("one that began before all calendars", journal(PLAN.replace(str(START_S), "-1e300"), OTHER_ID)),
            ("one of an infinite time", journal(PLAN.replace(str(START_S), "Infinity"), OTHER_ID)),
            ("a folder", lambda place: (place.runs / f"{OTHER_ID}.jsonl").mkdir(parents=True)),
        )
    )
)


@UNREADABLE
def test_a_journal_that_cannot_be_read_is_said(row: Row, tmp_path: Path, own_home: Path) -> None:
    check(row, tmp_path, own_home)


@TOLERATED
def test_a_damaged_journal_tells_the_rest(row: Row, tmp_path: Path, own_home: Path) -> None:
    check(row, tmp_path, own_home)


@LISTED
def test_one_bad_journal_does_not_hide_the_others(row: Row, tmp_path: Path, own_home: Path) -> None:
    journal(PLAN)(Place(tmp_path, own_home))
    check(row, tmp_path, own_home)


@pytest.mark.parametrize("run_id", ["CON", "x y", "-x", "top-words-20261120-k3f.jsonl"])
def test_a_journal_by_a_name_that_is_none_is_left_out(run_id: str, tmp_path: Path, own_home: Path) -> None:
    journal(PLAN, run_id)(Place(tmp_path, own_home))
    listed = called("runs", "list")
    assert (listed.code, "Traceback" in listed.stderr) == (0, False)


Mutation = Callable[[bytes], bytes]
_WHOLE = (PLAN + STEP + record("ended", summary=SUMMARY)).encode()


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A journal with some of its bytes cut out, replaced or doubled."""
    content = bytearray(_WHOLE)
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(0, 40)))
        content[start:end] = draw(st.sampled_from([b"", b"\0", b"\n", b"{", b"null", b'"', b"1e999", b"-1", b"[]"]))
    return bytes(content)


@given(content=mutated())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_damage_is_told_without_failing(content: bytes, own_home: Path) -> None:
    write(own_home / "state" / "batch-tui" / "runs" / f"{RUN_ID}.jsonl", content)
    for arguments in (LIST, SHOW, (*LIST, "--json"), (*SHOW, "--json")):
        finished = called(*arguments)
        assert finished.code in (0, 2), finished.stderr
