"""The words after `run` become the form of a run, or say what is wrong with them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tui.commands.options import TypedRun, run_options
from tui.core.errors import InputError
from tui.core.planning import RunOptions

RUN_ID = "top-words-20261120-k3f"


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TypedRun:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "a.mp4").write_text("a")
    return TypedRun("top-words", ("a.txt",))


def form(typed: TypedRun, **changes: object) -> RunOptions:
    return run_options(replace(typed, **changes), RUN_ID)  # type: ignore[arg-type]


def refusal(typed: TypedRun, **changes: object) -> str:
    with pytest.raises(InputError) as caught:
        form(typed, **changes)
    assert caught.value.exit_code == 2
    return f"{caught.value} / {caught.value.hint}"


def test_nothing_given_means_the_workload_decides(typed: TypedRun, tmp_path: Path) -> None:
    options = form(typed)
    assert (options.dedicated, options.spot, options.timeout_s, options.parameters) == (None, None, None, {})
    assert options.destination == str(tmp_path / RUN_ID)
    assert options.delete_after == frozenset()


def test_what_is_given_is_taken(typed: TypedRun, tmp_path: Path) -> None:
    options = form(
        typed,
        nodes=2,
        spot=1,
        slots=4,
        vm_size="Standard_D4s_v3",
        output="out/puts",
        timeout="1h30m",
        delete="pool, job",
        parameters=(("words", "5"), ("delay", "0.5")),
    )
    assert (options.dedicated, options.spot, options.slots_per_node, options.vm_size) == (2, 1, 4, "Standard_D4s_v3")
    assert options.timeout_s == 5_400
    assert options.destination == str(tmp_path / "out" / "puts")
    assert options.delete_after == {"pool", "job"}
    assert options.parameters == {"words": 5, "delay": 0.5}


def test_parameters_belong_to_their_workload(typed: TypedRun) -> None:
    text = refusal(typed, workload="ffmpeg-mp3", inputs=("a.mp4",), parameters=(("words", "5"), ("delay", None)))
    assert "ffmpeg-mp3 has no --words" in text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"workload": "top-hats"}, ("top-hats", "top-words, ffmpeg-mp3")),
        ({"parameters": (("words", "0"),)}, ("'0'", "whole number from 1")),
        ({"parameters": (("words", "many"),)}, ("'many'",)),
        ({"parameters": (("delay", "nan"),)}, ("'nan'",)),
        ({"timeout": "soon"}, ("--timeout", "'soon'", "30m")),
        ({"delete": "everything"}, ("'everything'", "job,pool,containers")),
        ({"delete": ","}, ("names nothing",)),
        ({"delete": "job", "keep": True}, ("contradict",)),
        ({"delete": "pool", "pool": "mine"}, ("--pool", "only the pool that it made")),
        ({"pool": "mine", "nodes": 3}, ("--nodes", "a pool that exists stays as it is")),
        ({"pool": "mine", "slots": 3}, ("--slots",)),
        ({"inputs": ("gone.txt",)}, ("'gone.txt' does not exist",)),
        ({"output": "a.txt"}, ("a.txt is not a folder",)),
        ({"output": "a.txt/below/it"}, ("a.txt is not a folder",)),
    ],
)
def test_what_cannot_be_used_is_said(typed: TypedRun, changes: dict[str, object], words: tuple[str, ...]) -> None:
    text = refusal(typed, **changes)
    assert [word for word in words if word not in text] == []


def test_an_output_folder_that_is_there_is_fine(typed: TypedRun, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    assert form(typed, output="there").destination == str(tmp_path / "there")
    assert list((tmp_path / "there").iterdir()) == []
