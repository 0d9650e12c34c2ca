"""A plan is deterministic, holds no secret, names everything within the service's rules and survives its own JSON."""

from __future__ import annotations

import dataclasses
import json
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.core import ids
from tui.core.errors import InputError
from tui.core.inputs import MAXIMUM_BLOB_NAME_CHARACTERS, blob_names
from tui.core.plan import TASKS_PER_REQUEST, ExistingPool, NewPool, RunPlan
from tui.core.plan_codec import plan_from_json, plan_to_json
from tui.core.planning import FileChoice, RunOptions, build_plan, problems
from tui.core.records import ImageInfo, ImageReference

RUN = "top-words-20261120-k3f"


def plan_of(*paths: str, workload: str = "top-words", **options: object) -> RunPlan:
    chosen = RunOptions(workload, tuple(FileChoice(10, path) for path in paths), destination="/out")
    return build_plan(dataclasses.replace(chosen, **options), RUN, 1_790_000_000.0, "sandbox")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (("/a/x.txt", "/b/y.txt"), ("x.txt", "y.txt")),
        (("/d/a/x.txt", "/d/b/x.txt"), ("a/x.txt", "b/x.txt")),
        (("/d/a/x.txt", "/d/X.TXT"), ("a/x.txt", "X.TXT")),
        (("/d/two\nlines.txt",), ("two%0Alines.txt",)),
        (("/d/back\\slash",), ("back%5Cslash",)),
        (("/d/ends.",), ("ends%2E",)),
        (("/d/\udcff",), ("%FF",)),
    ],
)
def test_blob_names(paths: tuple[str, ...], names: tuple[str, ...]) -> None:
    assert blob_names(paths) == names


PATH_PART = st.text(alphabet=st.characters(exclude_characters="/\0"), min_size=1, max_size=80).filter(
    lambda part: part not in (".", "..")
)


@given(st.lists(st.lists(PATH_PART, min_size=1, max_size=5).map(lambda parts: "/" + "/".join(parts)), unique=True))
def test_blob_names_are_unique_and_storable(paths: list[str]) -> None:
    names = blob_names(paths)
    assert len(set(names)) == len(paths)
    for name in names:
        assert 1 <= len(name) <= MAXIMUM_BLOB_NAME_CHARACTERS
        assert not name.startswith("/")
        name.encode("utf-8")


def test_a_top_words_task() -> None:
    plan = plan_of("/texts/it's $(id).txt", "/texts/-n.txt")
    task = plan.task(0)
    _, _, script = shlex.split(task.command_line)
    assert shlex.split(script) == [
        "python3",
        f"$AZ_BATCH_NODE_SHARED_DIR/{RUN}/top_words.py",
        "--filepath=it's $(id).txt",
        "--numwords=3",
        "--output-name=it's $(id)_OUTPUT.txt",
        "--delay=0",
    ]
    assert [file.file_path for file in task.resource_files] == ["it's $(id).txt"]
    assert task.resource_files[0].source.permissions == "r"
    assert [(file.file_pattern, file.path, file.condition) for file in task.output_files] == [
        ("../std*.txt", "task-logs/topword-00000", "taskcompletion")
    ]
    assert all("sig=" not in text for text in (task.command_line, repr(task)))


def test_an_ffmpeg_task_keeps_inner_dots_and_uploads_on_success() -> None:
    plan = plan_of("/v/my.holiday.1.mp4", workload="ffmpeg-mp3")
    task = plan.task(0)
    assert "file:my.holiday.1.mp4" in task.command_line
    result, logs = task.output_files
    assert (result.file_pattern, result.path, result.condition) == ("output.mp3", "my.holiday.1.mp3", "tasksuccess")
    assert logs.condition == "taskcompletion"
    assert plan.pool == NewPool(RUN, dedicated=0, spot=5)
    assert plan.containers == (f"{RUN}-input", f"{RUN}-output")


def test_the_scripts_way_to_the_node() -> None:
    own = plan_of("/t/a.txt")
    image = ImageInfo(ImageReference("canonical", "ubuntu-24_04-lts", "server"), "agent", True, "linux")
    start_task = own.pool_spec(image).start_task
    assert start_task is not None
    assert own.job_spec().preparation_task is None
    foreign = plan_of("/t/a.txt", pool_id="shared-pool")
    assert foreign.pool == ExistingPool("shared-pool")
    assert foreign.job_spec().preparation_task == start_task
    assert "cp top_words.py" in start_task.command_line


def test_what_is_put_on_the_nodes_of_anothers_pool_goes_with_the_job() -> None:
    assert plan_of("/t/a.txt").job_spec().release_command_line == ""
    release = plan_of("/t/a.txt", pool_id="shared-pool").job_spec().release_command_line
    assert shlex.split(release) == ["/bin/sh", "-c", f'rm -rf "$AZ_BATCH_NODE_SHARED_DIR/{RUN}"']
    video = plan_of("/t/a.mp4", workload="ffmpeg-mp3", pool_id="shared-pool").job_spec()
    assert video.preparation_task is not None
    assert video.release_command_line == ""


def test_everything_made_carries_the_run() -> None:
    plan = plan_of("/t/a.txt")
    assert plan.containers == (f"{RUN}-application", f"{RUN}-input", f"{RUN}-output")
    assert plan.job_spec().metadata[ids.RUN_METADATA_KEY] == RUN
    assert plan.made(plan.job_spec().metadata)
    assert not dataclasses.replace(plan, created_s=plan.created_s + 1).made(plan.mark), (
        "another run that drew the same id"
    )


def test_chunks_keep_the_input_order() -> None:
    plan = plan_of(*(f"/t/{number}.txt" for number in range(250)))
    chunks = list(plan.chunks())
    assert [len(chunk) for chunk in chunks] == [TASKS_PER_REQUEST, TASKS_PER_REQUEST, 50]
    assert [task.id for chunk in chunks for task in chunk] == [f"topword-{number:05}" for number in range(250)]


def test_a_task_finds_its_input_again() -> None:
    plan = plan_of("/t/a.txt", "/t/b.txt")
    found = plan.input_of("topword-00001")
    assert found is not None
    assert found.blob_name == "b.txt"
    assert plan.input_of("topword-00002") is None
    assert plan.input_of("somebody-elses") is None


@pytest.mark.parametrize("pool_id", [None, "shared-pool"])
def test_a_plan_survives_its_json(pool_id: str | None) -> None:
    plan = plan_of(
        "/t/a.txt", "/t/ü.txt", pool_id=pool_id, parameters={"words": 5.0}, delete_after=frozenset({"job", "pool"})
    )
    assert plan_from_json(json.loads(json.dumps(plan_to_json(plan)))) == plan


@pytest.mark.parametrize(
    "change",
    [
        {"version": 99},
        {"pool": {}},
        {"inputs": [["only a name"]]},
        {"inputs": [["a", 10**400, None]]},
        {"inputs": [["a", -1, None]]},
        {"workload": None},
    ],
)
def test_what_is_no_plan_is_refused(change: dict[str, object]) -> None:
    data = plan_to_json(plan_of("/t/a.txt")) | change
    with pytest.raises(InputError):
        plan_from_json(data).task(0)


@pytest.mark.parametrize(
    ("change", "option"),
    [
        ({"files": ()}, "inputs"),
        ({"dedicated": -1}, "nodes"),
        ({"dedicated": 0, "spot": 0}, "nodes"),
        ({"spot": 10_000}, "spot"),
        ({"slots_per_node": 0}, "slots"),
        ({"vm_size": "big one"}, "vm-size"),
        ({"pool_id": "no spaces please"}, "pool"),
        ({"new_pool_id": "x" * 65}, "pool"),
        ({"timeout_s": 5.0}, "timeout"),
        ({"timeout_s": 8 * 86_400.0}, "timeout"),
        ({"priority": 1_001}, "priority"),
        ({"max_task_retry_count": -2}, "retries"),
        ({"parameters": {"words": 0.0}}, "words"),
        ({"parameters": {"words": 2.5}}, "words"),
        ({"parameters": {"unknown": 1.0}}, "unknown"),
    ],
)
def test_each_problem_names_its_option(change: dict[str, object], option: str) -> None:
    options = dataclasses.replace(RunOptions("top-words", (FileChoice(1, "/t/a.txt"),)), **change)  # type: ignore[arg-type]
    assert [problem.option for problem in problems(options)] == [option]
    with pytest.raises(InputError, match=option):
        build_plan(options, RUN, 0.0, "sandbox")


def test_a_wrong_extension_is_a_problem_of_the_inputs() -> None:
    assert [problem.option for problem in problems(RunOptions("ffmpeg-mp3", (FileChoice(1, "/v/a.txt"),)))] == [
        "inputs"
    ]


@pytest.mark.parametrize(
    ("workload", "files"),
    [
        ("ffmpeg-mp3", (FileChoice(1, "/v/a.mp4"), FileChoice(1, "/v/a.MP4"))),
        ("ffmpeg-mp3", (FileChoice(1, blob_name="v/a.mp4"), FileChoice(1, blob_name="v/a.MP4"))),
        ("top-words", (FileChoice(1, "/t/task-logs/a.txt"), FileChoice(1, "/t/b/a.txt"))),
        ("top-words", (FileChoice(1, blob_name="task-logs/a.txt"),)),
    ],
)
def test_no_output_takes_the_place_of_another_or_of_the_logs(workload: str, files: tuple[FileChoice, ...]) -> None:
    assert [problem.option for problem in problems(RunOptions(workload, files))] == ["inputs"]


@pytest.mark.parametrize(
    ("workload", "paths"),
    [
        ("ffmpeg-mp3", ("/v/a.mp4", "/w/a.MP4")),
        ("top-words", ("/v/a.mp4", "/v/a.MP4")),
        ("top-words", ("/t/task-logs/a.txt", "/t/b/b.txt")),
    ],
)
def test_outputs_that_differ_are_no_problem(workload: str, paths: tuple[str, ...]) -> None:
    plan = plan_of(*paths, workload=workload)
    assert len({plan.output_name(item) for item in plan.inputs}) == 2


def test_an_unknown_workload_lists_the_known_ones() -> None:
    with pytest.raises(InputError) as refusal:
        problems(RunOptions("nothing", ()))
    assert "top-words" in refusal.value.hint
