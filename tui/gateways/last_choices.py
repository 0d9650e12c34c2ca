"""What the last run chose, kept for the next one to begin with: a small file without ids, inputs or secrets.

Losing it costs nothing: a file that cannot be read is as good as none, and one that cannot be written is left.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from tui.core.errors import LocalError
from tui.core.images import ImageChoice
from tui.core.plan import DELETE_PARTS
from tui.core.run_draft import LastChoices
from tui.gateways.folders import read_whole, write_whole

CHOICES_FILE = "last-choices.json"


class ChoiceBook:
    """The choices, and the folder that inputs came from last."""

    def __init__(self, folder: Path) -> None:
        """`folder` is that of the configuration."""
        self._path = folder / CHOICES_FILE

    def choices(self) -> LastChoices | None:
        data = self._read().get("choices")
        if not isinstance(data, dict):
            return None
        try:
            return _choices_of(data)
        except (TypeError, ValueError, KeyError):
            return None

    def folder(self) -> str:
        """Empty where there is none."""
        folder = self._read().get("folder")
        return folder if isinstance(folder, str) else ""

    def remember_choices(self, choices: LastChoices) -> None:
        image = choices.image
        self._write(
            choices={
                "workload": choices.workload,
                "parameters": dict(choices.parameters),
                "pool_id": choices.pool_id,
                "vm_size": choices.vm_size,
                "image": {name: getattr(image, name) for name in _IMAGE_FIELDS},
                "dedicated": choices.dedicated,
                "spot": choices.spot,
                "slots": choices.slots,
                "timeout": choices.timeout,
                "delete_after": sorted(choices.delete_after),
            }
        )

    def remember_folder(self, folder: str) -> None:
        self._write(folder=folder)

    def _read(self) -> dict[str, Any]:
        with suppress(LocalError, ValueError, RecursionError):
            content = read_whole(self._path)
            data = json.loads(content) if content is not None else {}
            if isinstance(data, dict):
                return data
        return {}

    def _write(self, **changed: object) -> None:
        with suppress(LocalError):
            write_whole(self._path, json.dumps({**self._read(), **changed}, indent=2).encode("ascii") + b"\n")


_IMAGE_FIELDS = tuple(ImageChoice.__dataclass_fields__)


def _choices_of(data: dict[str, Any]) -> LastChoices:
    return LastChoices(
        workload=str(data["workload"]),
        parameters={str(name): str(value) for name, value in dict(data["parameters"]).items()},
        pool_id=str(data["pool_id"]),
        vm_size=str(data["vm_size"]),
        image=ImageChoice(**{name: str(data["image"][name]) for name in _IMAGE_FIELDS}),
        dedicated=_text_or_none(data["dedicated"]),
        spot=_text_or_none(data["spot"]),
        slots=str(data["slots"]),
        timeout=_text_or_none(data["timeout"]),
        delete_after=frozenset(part for part in DELETE_PARTS if part in data["delete_after"]),
    )


def _text_or_none(value: object) -> str | None:
    return None if value is None else str(value)
