"""What the sandbox remembers of itself: its folder's files, its accounts, keys and ports.

Made once and kept, because the SAS addresses in stored tasks contain ports and are signed with the keys.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tui.sandbox.errors import StateFolderError

BATCH_ACCOUNT = "sandbox"
STORAGE_ACCOUNT = "sandboxstore"
_KEY_BYTES = 64
_PORTS = range(1 << 16)


@dataclass(frozen=True, slots=True)
class SandboxPaths:
    """The files of a sandbox below its state folder."""

    state_dir: Path

    @property
    def settings(self) -> Path:
        return self.state_dir / "settings.json"

    @property
    def start_lock(self) -> Path:
        """Held by whoever brings the sandbox up or down."""
        return self.state_dir / "start.lock"

    @property
    def alive_lock(self) -> Path:
        """Held by the running server for as long as it lives: the one proof of life."""
        return self.state_dir / "alive.lock"

    @property
    def server(self) -> Path:
        """What the running server says of itself; means nothing while `alive_lock` is free."""
        return self.state_dir / "server.json"

    @property
    def log(self) -> Path:
        return self.state_dir / "server.log"

    @property
    def batch_state(self) -> Path:
        return self.state_dir / "batch.sqlite3"

    @property
    def blobs(self) -> Path:
        return self.state_dir / "blobs"

    @property
    def nodes(self) -> Path:
        return self.state_dir / "nodes"

    def create(self) -> None:
        """Make the folder and those above it that are missing, for their owner alone.

        Raises:
            StateFolderError: It cannot be made or written to.
        """
        try:
            for folder in (*reversed(self.state_dir.parents), self.state_dir):
                if not folder.is_dir():  # `parents=True` would leave them to the umask
                    folder.mkdir(mode=0o700, exist_ok=True)
            self.state_dir.chmod(0o700)
            if not os.access(self.state_dir, os.W_OK | os.X_OK):
                raise PermissionError(13, "not writable")
        except OSError as error:
            raise StateFolderError(self.state_dir, error.strerror or str(error)) from error


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """Accounts, keys and ports."""

    batch_key: str = field(repr=False)
    """Base64 of 64 bytes, as Azure's are."""
    storage_key: str = field(repr=False)
    batch_port: int = 0
    """0 until the first start has chosen one."""
    blob_port: int = 0
    batch_account: str = BATCH_ACCOUNT
    storage_account: str = STORAGE_ACCOUNT

    @classmethod
    def new(cls) -> SandboxSettings:
        return cls(batch_key=_random_key(), storage_key=_random_key())

    @classmethod
    def load(cls, paths: SandboxPaths) -> SandboxSettings | None:
        """What was saved; nothing before the first start.

        Raises:
            StateFolderError: The file cannot be read or is not ours.
        """
        try:
            values: dict[str, Any] = json.loads(paths.settings.read_text(encoding="utf-8"))
            settings = cls(**values)
            settings._check()
            return settings
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StateFolderError(paths.settings, error.strerror or str(error)) from error
        except (ValueError, TypeError):
            hint = "give up what the sandbox holds, its keys among it, with `batch-tui sandbox reset`"
            raise StateFolderError(paths.settings, "not the settings of a sandbox", hint) from None

    def _check(self) -> None:
        """Raises ValueError or TypeError for what no sandbox has saved."""
        for key in (self.batch_key, self.storage_key):
            base64.b64decode(key, validate=True)
        for port in (self.batch_port, self.blob_port):
            if port not in _PORTS:
                raise ValueError

    def save(self, paths: SandboxPaths) -> None:
        write_private(paths.settings, json.dumps(asdict(self), indent=2))

    @property
    def batch_endpoint(self) -> str:
        return f"http://127.0.0.1:{self.batch_port}"

    @property
    def blob_endpoint(self) -> str:
        return f"http://127.0.0.1:{self.blob_port}/{self.storage_account}"

    def environment(self) -> dict[str, str]:
        """The variables `az` and the SDKs read."""
        return {
            "AZURE_BATCH_ACCOUNT": self.batch_account,
            "AZURE_BATCH_ACCESS_KEY": self.batch_key,
            "AZURE_BATCH_ENDPOINT": self.batch_endpoint,
            "AZURE_STORAGE_ACCOUNT": self.storage_account,
            "AZURE_STORAGE_KEY": self.storage_key,
            "AZURE_STORAGE_CONNECTION_STRING": (
                f"DefaultEndpointsProtocol=http;AccountName={self.storage_account};"
                f"AccountKey={self.storage_key};BlobEndpoint={self.blob_endpoint};"
            ),
        }


@dataclass(frozen=True, slots=True)
class ServerRecord:
    """What the running server says of itself."""

    pid: int
    started_at_s: float
    """Seconds since the epoch."""
    idle_exit_s: float | None

    @classmethod
    def load(cls, paths: SandboxPaths) -> ServerRecord | None:
        try:
            values = json.loads(paths.server.read_text(encoding="utf-8"))
            # By name: the server may be of another version than who asks.
            return cls(values["pid"], values["started_at_s"], values["idle_exit_s"])
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def save(self, paths: SandboxPaths) -> None:
        write_private(paths.server, json.dumps(asdict(self)))


def write_private(path: Path, text: str) -> None:
    """Replace a file as a whole, readable by its owner alone."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    os.replace(partial, path)


def _random_key() -> str:
    return base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
