"""What is installed: the package alone, with the scripts and samples a run needs, whole from any working directory."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
PYPROJECT: dict[str, Any] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))

SHOW_BUNDLED = """
import json, sys
sys.path.insert(0, sys.argv[1])
from tui import bundled
print(json.dumps([str(path) for path in
    (bundled.node_script("top_words.py"), *bundled.sample_inputs(), *bundled.sample_clips())]))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that pip builds; with the build backend at hand, nothing is fetched for it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder)]
    if importlib.util.find_spec("hatchling") is not None:
        command.append("--no-build-isolation")
    subprocess.run([*command, str(REPOSITORY)], check=True, capture_output=True, text=True, timeout=100)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds what the wheel installs."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def found_by_bundled(import_from: Path, working_directory: Path) -> list[Path]:
    """What `tui.bundled` of one place finds, asked in a process that sees nothing else of ours."""
    finished = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", SHOW_BUNDLED, str(import_from)],
        cwd=working_directory,
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return [Path(path) for path in json.loads(finished.stdout)]


def shipped_files() -> list[Path]:
    return [
        REPOSITORY / "node_task" / "top_words.py",
        *sorted((REPOSITORY / "assets" / "samples").glob("*.txt")),
        *sorted((REPOSITORY / "assets" / "clips").glob("*.mp4")),
    ]


def test_the_wheel_installs_one_package(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    top_level = {name.partition("/")[0] for name in names}
    metadata = f"batch_tui-{PYPROJECT['project']['version']}.dist-info"
    assert top_level == {"tui", metadata}
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".orig"))]
    assert f"{metadata}/licenses/LICENSE" in names


def test_the_wheel_holds_every_module_and_style(wheel: Path) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "tui"], cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=60
    )
    if tracked.returncode != 0:
        pytest.skip("not a git checkout")
    with zipfile.ZipFile(wheel) as archive:
        missing = {name for name in tracked.stdout.split() if (REPOSITORY / name).exists()} - set(archive.namelist())
    assert missing == set()


def test_the_wheel_has_the_command(installed: Path) -> None:
    (entry_points,) = installed.glob("*.dist-info/entry_points.txt")
    assert "batch-tui = tui.cli:process" in entry_points.read_text(encoding="utf-8").splitlines()


def test_an_installed_package_finds_its_files(installed: Path, tmp_path: Path) -> None:
    found = found_by_bundled(installed, tmp_path)
    assert all(path.is_relative_to(installed / "tui") for path in found)
    assert [(path.name, path.read_bytes()) for path in found] == [
        (path.name, path.read_bytes()) for path in shipped_files()
    ]


def test_a_checkout_finds_its_files(tmp_path: Path) -> None:
    assert found_by_bundled(REPOSITORY, tmp_path) == shipped_files()


def test_there_are_enough_samples() -> None:
    samples = [path.read_text(encoding="utf-8") for path in sorted((REPOSITORY / "assets" / "samples").glob("*.txt"))]
    assert len(samples) >= 3
    assert all(200 <= len(text.split()) <= 600 for text in samples)
    assert sum(not text.isascii() for text in samples) == 1


def test_an_incomplete_installation_is_said_to_be_one(installed: Path, tmp_path: Path) -> None:
    for name in ("bundled.py", "__init__.py", "core/errors.py", "core/__init__.py"):
        copy = tmp_path / "tui" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes((installed / "tui" / name).read_bytes())
    with pytest.raises(subprocess.CalledProcessError) as caught:
        found_by_bundled(tmp_path, tmp_path)
    assert "The installation is incomplete" in caught.value.stderr


@pytest.mark.parametrize("name", ["user_command", "developer_command"])
def test_ci_runs_the_commands_of_the_readme(name: str) -> None:
    script = (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8")
    assigned = re.search(rf"""^{name}=(['"])(.+)\1$""", script, re.MULTILINE)
    assert assigned is not None
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8").splitlines()
    assert assigned.group(2) in [line.strip().removeprefix("$ ") for line in readme]


def normalised(requirement: str) -> str:
    """The project's name in a requirement (PyPA name normalisation)."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name is not None, requirement
    return re.sub(r"[-_.]+", "-", name.group()).lower()


def test_every_dependency_is_locked() -> None:
    lines = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8").splitlines()
    locked = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][A-Za-z0-9.]*", line) for line in locked)
    names = [line.partition("==")[0] for line in locked]
    assert names == sorted(set(names)), "by name, each once"
    project = PYPROJECT["project"]
    extras = project["optional-dependencies"].values()
    wanted = {normalised(line) for group in (project["dependencies"], *extras) for line in group}
    assert wanted - set(names) == set()


def test_what_is_imported_is_declared() -> None:
    """A module that comes along with another project's dependencies goes when they change."""
    imported: set[str] = set()
    for folder in ("tui", "node_task", "tests"):
        for path in (REPOSITORY / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_bytes())):
                if isinstance(node, ast.Import):
                    imported |= {name.name.partition(".")[0] for name in node.names}
                elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module is not None:
                    imported.add(node.module.partition(".")[0])
    project = PYPROJECT["project"]
    extras = project["optional-dependencies"].values()
    declared = {normalised(line) for group in (project["dependencies"], *extras) for line in group}
    owners = metadata.packages_distributions()
    foreign = imported - sys.stdlib_module_names - {"tui", "node_task", "tests"}
    assert [name for name in sorted(foreign) if declared.isdisjoint(map(normalised, owners[name]))] == []
