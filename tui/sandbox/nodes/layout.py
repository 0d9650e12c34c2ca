"""Where a node keeps what: the tree its tasks see (`root`) and, beside it, the machinery they do not list.

Standard library only and quick to import: the node's agent process starts with it.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

ROOT_FOLDERS = ("applications", "fsmounts", "shared", "startup", "volatile", "workitems")
"""What a real Linux node has directly below AZ_BATCH_NODE_ROOT_DIR (azure-docs, files-and-directories)."""

SYSTEM_PATH = (
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
    "/opt/homebrew/bin",
    "/run/current-system/sw/bin",
)


@dataclass(frozen=True, slots=True)
class NodeLayout:
    """The directories of one node."""

    base: Path

    @classmethod
    def of(cls, nodes_dir: Path, pool_id: str, node_id: str) -> NodeLayout:
        """Short, because a Unix socket below TMPDIR has about 100 characters for its whole path, and the same for
        ids that differ only in case, which the service takes for one."""
        digest = hashlib.sha256(f"{pool_id}/{node_id}".lower().encode()).hexdigest()
        return cls(nodes_dir / f"{pool_id[:12].lower()}-{digest[:8]}")

    @property
    def root(self) -> Path:
        """AZ_BATCH_NODE_ROOT_DIR."""
        return self.base / "root"

    @property
    def bin(self) -> Path:
        """The shims, first on the node's PATH."""
        return self.base / "bin"

    @property
    def venv(self) -> Path:
        return self.base / "venv"

    @property
    def home(self) -> Path:
        return self.base / "home"

    @property
    def tmp(self) -> Path:
        return self.base / "tmp"

    def search_path(self) -> str:
        """The node's PATH: shims, the node's Python, the machine's own directories."""
        own = [str(self.bin), str(self.venv / "bin")]
        return os.pathsep.join(own + [folder for folder in SYSTEM_PATH if os.path.isdir(folder)])
