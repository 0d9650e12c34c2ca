"""Where account keys rest: the operating system's key store, or, where there is none, a file only its owner can read.

A key store may ask its user something, or wait for a service that never comes; every call is bounded, made off the
caller's thread, and a store that fails once counts as absent.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from tui.core.errors import LocalError
from tui.core.redaction import Secret
from tui.gateways.folders import read_whole, write_whole

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "batch-tui"
TIME_LIMIT_S = 15.0
"""Long enough for a person to unlock the store, short enough to go on without it."""

_RECOMMENDED_PRIORITY = 1.0
"""keyring's own line between stores it recommends and those that keep plain text or nothing."""
_REFUSED_BACKENDS = ("keyring.backends.fail", "keyring.backends.null", "keyrings.alt")

T = TypeVar("T")


class SecretPlace(StrEnum):
    KEYRING = "keyring"
    FILE = "file"


class SecretStore(Protocol):
    """Secrets by entry name."""

    @property
    def place(self) -> SecretPlace: ...

    def get(self, entry: str) -> Secret | None: ...

    def put(self, entry: str, secret: Secret) -> None: ...

    def delete(self, entry: str) -> None:
        """Fine where there is none."""
        ...


class KeyringStore:
    """The operating system's key store, through one backend of `keyring`."""

    place = SecretPlace.KEYRING

    def __init__(self, backend: KeyringBackend, time_limit_s: float = TIME_LIMIT_S) -> None:
        self._backend = backend
        self._time_limit_s = time_limit_s

    def get(self, entry: str) -> Secret | None:
        value = self._bounded(lambda: self._backend.get_password(SERVICE, entry))
        return None if value is None else Secret(value)

    def put(self, entry: str, secret: Secret) -> None:
        self._bounded(lambda: self._backend.set_password(SERVICE, entry, secret.reveal()))

    def delete(self, entry: str) -> None:
        if self.get(entry) is not None:
            self._bounded(lambda: self._backend.delete_password(SERVICE, entry))

    def _bounded(self, call: Callable[[], T]) -> T:
        return bounded(call, self._time_limit_s)


class FileStore:
    """A JSON file of mode 0600; not encrypted, which whoever sets up an account is told."""

    place = SecretPlace.FILE

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, entry: str) -> Secret | None:
        value = self._read().get(entry)
        return None if value is None else Secret(value)

    def put(self, entry: str, secret: Secret) -> None:
        self._write({**self._read(), entry: secret.reveal()})

    def delete(self, entry: str) -> None:
        entries = self._read()
        if entries.pop(entry, None) is not None:
            self._write(entries)

    def _read(self) -> dict[str, str]:
        content = read_whole(self._path)
        if content is None:
            return {}
        try:
            entries = json.loads(content)
        except (ValueError, RecursionError):
            entries = None
        if not isinstance(entries, dict):
            raise LocalError(
                "The file of keys cannot be read", f"{self._path} is damaged", "Remove it, add the keys anew."
            )
        return {str(entry): str(value) for entry, value in entries.items()}

    def _write(self, entries: dict[str, str]) -> None:
        write_whole(self._path, json.dumps(entries, indent=1).encode())


def usable_keyring(time_limit_s: float = TIME_LIMIT_S) -> KeyringStore | None:
    """The system's key store; None where there is none, or none that keeps secrets secret."""
    try:
        backend = bounded(_chosen_backend, time_limit_s)
    except LocalError:
        return None
    return None if backend is None else KeyringStore(backend, time_limit_s)


def is_trusted(backend: KeyringBackend) -> bool:
    """Whether what is given to `backend` is kept, and not as plain text."""
    module = type(backend).__module__
    return not module.startswith(_REFUSED_BACKENDS) and float(backend.priority) >= _RECOMMENDED_PRIORITY


def bounded(call: Callable[[], T], time_limit_s: float) -> T:
    """What `call` returns, or LocalError where it fails or takes longer; it may then go on in its daemon thread."""
    results: list[T] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except BaseException as error:  # the thread's outermost frame: whatever a backend raises is a refusal
            failures.append(error)

    thread = threading.Thread(target=run, name="key store", daemon=True)
    thread.start()
    thread.join(time_limit_s)
    if results:
        return results[0]
    reason = type(failures[0]).__name__ if failures else f"no answer within {time_limit_s:g} s"
    raise LocalError("The system's key store refuses", reason, "Unlock it, or keep the keys in the environment.")


def _chosen_backend() -> KeyringBackend | None:
    import keyring  # 60 ms and a search for plug-ins, which a start without stored keys need not pay
    from keyring.backends.chainer import ChainerBackend  # as above

    backend = keyring.get_keyring()
    candidates = backend.backends if isinstance(backend, ChainerBackend) else [backend]
    return next((candidate for candidate in candidates if is_trusted(candidate)), None)
