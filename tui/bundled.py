"""The files that travel with the program beside its code: node scripts, sample texts, sample clips.

They lie inside the package in a wheel and beside it in a checkout; what is found never depends on the working
directory.
"""

from __future__ import annotations

from pathlib import Path

from tui.core.errors import LocalError

_PACKAGE = Path(__file__).resolve().parent


def node_script(name: str) -> Path:
    """The program of `node_task/` with this file name, such as `top_words.py`; `LocalError` where it is absent."""
    script = _root() / "node_task" / name
    if script.name != name or not script.is_file():
        raise _absent(f"node script {name!r}", script)
    return script


def sample_inputs() -> tuple[Path, ...]:
    """The sample texts for top-words, by name; `LocalError` where there are none."""
    return _files("samples", ".txt")


def sample_clips() -> tuple[Path, ...]:
    """The sample clips for ffmpeg-mp3, by name; `LocalError` where there are none."""
    return _files("clips", ".mp4")


def _root() -> Path:
    in_wheel = _PACKAGE / "_bundled"
    return in_wheel if in_wheel.is_dir() else _PACKAGE.parent


def _files(folder: str, suffix: str) -> tuple[Path, ...]:
    directory = _root() / "assets" / folder
    found = tuple(sorted(directory.glob(f"*{suffix}")))
    if not found:
        raise _absent(f"sample {folder}", directory)
    return found


def _absent(what: str, where: Path) -> LocalError:
    return LocalError(
        "The installation is incomplete", f"{what}: nothing at {where}", "Install batch-tui again: pip install ."
    )
