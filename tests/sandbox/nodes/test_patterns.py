"""Output file patterns against a real tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.sandbox.nodes.patterns import FilePattern

FILES = (
    "stdout.txt",
    "stderr.txt",
    "wd/a.txt",
    "wd/b.log",
    "wd/.hidden.txt",
    "wd/odd[1].txt",
    "wd/out/c.txt",
    "wd/out/deep/d.txt",
    "wd/.cache/e.txt",
)


@pytest.fixture
def task(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for name in FILES:
        path = root / "task" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return root / "task"


def names(task: Path, pattern: str, **variables: str) -> list[str]:
    return [match.name for match in FilePattern.parse(pattern, task / "wd", variables).find(task.parent)]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.txt", ["a.txt", "odd[1].txt"]),
        ("?.*", ["a.txt", "b.log"]),
        ("[!a].log", ["b.log"]),
        ("[a-b].*", ["a.txt", "b.log"]),
        ("odd[[]1].txt", ["odd[1].txt"]),
        (".*.txt", [".hidden.txt"]),
        ("**/*.txt", ["a.txt", "odd[1].txt", "out/c.txt", "out/deep/d.txt"]),
        ("**.txt", ["a.txt", "odd[1].txt", "out/c.txt", "out/deep/d.txt"]),
        ("**\\*.log", ["b.log"]),
        ("out/**", ["c.txt", "deep/d.txt"]),
        ("out/**/*", ["c.txt", "deep/d.txt"]),
        ("out/*.txt", ["c.txt"]),
        (".cache/*", ["e.txt"]),
        ("../std*.txt", ["stderr.txt", "stdout.txt"]),
        ("./a.txt", ["a.txt"]),
        ("out", []),
        ("missing.txt", []),
    ],
)
def test_wildcards(task: Path, pattern: str, found: list[str]) -> None:
    assert sorted(names(task, pattern)) == sorted(found)


def test_variables_and_absolute_paths(task: Path) -> None:
    assert names(task, "$AZ_BATCH_TASK_DIR/*.txt", AZ_BATCH_TASK_DIR=str(task)) == ["stderr.txt", "stdout.txt"]
    assert names(task, "${AZ_BATCH_TASK_DIR}/stdout.txt", AZ_BATCH_TASK_DIR=str(task)) == ["stdout.txt"]
    assert names(task, "$UNKNOWN/*.txt") == []


def test_a_link_that_leaves_the_node_is_not_followed(task: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    (task / "wd" / "link.txt").symlink_to(outside / "secret.txt")
    (task / "wd" / "folder").symlink_to(outside)
    (task / "wd" / "inner.txt").symlink_to("a.txt")
    for pattern in ("link.txt", "folder/secret.txt", "folder/*", "**/secret.txt", "../wd/folder/*.txt"):
        assert names(task, pattern) == []
    assert "inner.txt" in names(task, "*.txt")


def test_an_absolute_pattern_elsewhere_is_the_users_own_word(task: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x.txt").touch()
    assert names(task, f"{tmp_path}/elsewhere/*.txt") == ["x.txt"]
