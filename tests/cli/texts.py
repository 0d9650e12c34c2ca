"""Texts to count, their outputs, and the events of a run in another process."""

from __future__ import annotations

import json
import string
import subprocess
from collections import Counter
from collections.abc import Iterable
from pathlib import Path


def write_texts(folder: Path, names: Iterable[str]) -> dict[str, Path]:
    """A text for each name; the most common word of each is its own, which tells whose output an output is."""
    files = {}
    for index, name in enumerate(names):
        own = f"own{index:03}"
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{own}, the {own}! {own} (the) {own}. sea {'filler ' * (index % 3)}" + "the " * (index % 2))
        files[own] = path
    return files


def independent_count(path: Path, words: int) -> list[str]:
    """The lines of an output between its rules, counted here by the definition alone."""
    stripped = (word.strip(string.punctuation) for word in path.read_text().split())
    return [f"{word}:\t{count}" for word, count in Counter(filter(None, stripped)).most_common(words)]


def counted(output: Path) -> list[str]:
    return output.read_text().split("-" * 30 + "\n")[1].splitlines()


def outputs_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and "task-logs" not in path.parts)


def wait_for_tasks(process: subprocess.Popen[str]) -> str:
    """Reads events until the tasks are submitted; the run's name."""
    assert process.stdout is not None
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "step" and event["step"] == "tasks" and event["state"] == "done":
            return str(event["run"])
    raise AssertionError(f"the run ended early: {process.communicate()[1]}")
