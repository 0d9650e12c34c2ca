"""What synthetic tasks print: made when somebody reads it, the same for every reader, growing while the task runs."""

from __future__ import annotations

from dataclasses import dataclass

from tui.sandbox.simulation.outcomes import TEMPORARY_FAILURE, chance, family_of
from tui.sandbox.simulation.recipe import Recipe

_LINES_PER_S = 4.0
_MOST_LINES = 2_000


@dataclass(frozen=True, slots=True)
class Output:
    stdout: str
    stderr: str


def task_output(recipe: Recipe, job_id: str, task_id: str, elapsed_s: float, *, exit_code: int | None) -> Output:
    """Both streams of a task that has run for `elapsed_s`; `exit_code` is None while it runs."""
    lines = min(3 + int(elapsed_s * _LINES_PER_S), _MOST_LINES)
    progress = [_progress(recipe.seed, task_id, number) for number in range(1, lines + 1)]
    stdout = [f"{task_id} of {job_id}: begin", *progress]
    stderr = [f"note: {int(1 + 8 * chance(recipe.seed, task_id, 'threads'))} threads"]
    if exit_code is not None:
        stdout.append(f"{task_id}: end, exit code {exit_code}")
        stderr += _last_words(recipe, job_id, task_id, exit_code)
    return Output("\n".join(stdout) + "\n", "\n".join(stderr) + "\n")


def _progress(seed: int, task_id: str, number: int) -> str:
    records = int(10_000 * chance(seed, task_id, number))
    return f"part {number:4}: {records:5} records, {records % 97} rejected"


def _last_words(recipe: Recipe, job_id: str, task_id: str, exit_code: int) -> list[str]:
    if exit_code == TEMPORARY_FAILURE:
        return ["temporary failure: the licence server has no seat free, try again"]
    family = family_of(recipe.seed, recipe.failures, job_id, task_id)
    if family is None or not family.last_words:
        return []
    numbers = {name: int(1_000_000 * chance(recipe.seed, task_id, name)) for name in "abc"}
    return [family.last_words.format(**numbers)]


def start_task_output(*, failed: bool) -> Output:
    if failed:
        return Output("Reading package lists...\n", "E: Unable to locate package renderer\n")
    return Output("Reading package lists...\nrenderer is ready\n", "")
