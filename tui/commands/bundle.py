"""The diagnostics bundle: one text with what helps to find a fault, fit to be posted in public.

It passes the redactor, knowing every key this machine has, and then loses its names: accounts, hosts, people, files.
"""

from __future__ import annotations

import getpass
import json
import os
import shutil
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import tui
from tui import wiring
from tui.console.journal_digest import digest_lines
from tui.console.pseudonyms import Pseudonyms
from tui.console.safe_text import shown_text
from tui.core.accounts import account_of_environment
from tui.core.errors import BatchTuiError, InputError, LocalError
from tui.core.redaction import MASK, redact
from tui.sandbox import control
from tui.sandbox.errors import SandboxError

_NEWEST_JOURNALS = 3
_NEWEST_LOGS = 5
_LOG_TAIL_BYTES = 64_000
_JOURNAL_TAIL_BYTES = 8_000_000
_SHOWN_VARIABLES = ("TERM", "COLORTERM", "TERM_PROGRAM", "LANG", "LC_ALL", "LC_CTYPE", "NO_COLOR", "PYTHONIOENCODING")
_NAMED_VARIABLES = (
    "AZURE_",
    "BATCH_TUI_",
    "XDG_",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SSH_TTY",
    "TMUX",
)
_COMMON_NAMES = ("root", "user", "localhost", "environment", "sandbox")
"""Tell nothing of anybody, and occur in everything."""
_SECRET_FILES = ("keys.json", "accounts.json")
_SHOWN_SETTINGS = ("workload", "vm_size", "publisher", "offer", "sku", "timeout", "delete_after", "theme")


def bundle_text(versions: Mapping[str, str]) -> str:
    """The whole bundle."""
    unread = _learn_secrets()
    names = _pseudonyms()
    sections = (
        ("versions", (f"{name}: {text}" for name, text in versions.items())),
        ("paths", (f"{name}: {path}" for name, path in wiring.paths().described().items())),
        ("terminal", _terminal_facts()),
        ("accounts", [*_account_lines(names), *unread]),
        ("settings", _setting_lines()),
        ("journals", _journal_lines()),
        ("logs", _log_lines()),
    )
    text = "batch-tui diagnostics. Keys, names and paths are masked; read it before you post it.\n"
    for title, lines in sections:
        text += f"\n## {title}\n" + "\n".join(lines) + "\n"
    return shown_text(names(text))


def write_bundle(path: str, text: str) -> None:
    """A new file of its owner's; InputError where the name is taken, so that nothing is overwritten."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except FileExistsError:
        raise InputError("The bundle cannot be written", f"{path} exists", "give a new name") from None
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
        raise LocalError("The bundle cannot be written", f"{path}: {reason.lower()}", "choose another place") from None


def _learn_secrets() -> list[str]:
    """Makes every key of this machine known to the redactor; what could not be read is said."""
    unread = []
    with suppress(BatchTuiError):
        for index, profile in enumerate(wiring.account_book().profiles(), start=1):
            try:
                wiring.account_book().account(profile.name)
            except BatchTuiError as refusal:
                unread.append(f"keys of <account-{index}> are not known here: {refusal.title.partition(' of ')[0]}")
    with suppress(BatchTuiError):
        account = account_of_environment(os.environ)
        if account is not None:
            redact.register(account.batch_key, account.storage_key)
    for variable, value in os.environ.items():
        if any(word in variable.upper() for word in ("KEY", "SECRET", "TOKEN", "PASSWORD", "CONNECTION_STRING")):
            redact.register(value)
    with suppress(SandboxError, OSError):
        environment = control.endpoint_environment(wiring.paths().sandbox)
        redact.register(environment["AZURE_BATCH_ACCESS_KEY"], environment["AZURE_STORAGE_KEY"])
    return unread


def _pseudonyms() -> Pseudonyms:
    package = Path(tui.__file__).resolve().parent
    names = Pseudonyms(
        [
            (str(package.parent), "<batch-tui>"),
            (sys.prefix, "<python>"),
            (sys.base_prefix, "<python>"),
            *((path, _below_home(path)) for path in wiring.paths().described().values()),
        ]
    )
    with suppress(BatchTuiError):
        for profile in wiring.account_book().profiles():
            names.add("account", profile.name if profile.name not in _COMMON_NAMES else "")
            names.add("batch-account", profile.batch_account)
            names.add("storage-account", profile.storage_account)
            names.add(
                "host", *(urlsplit(url).hostname or "" for url in (profile.batch_endpoint, profile.storage_endpoint))
            )
    with suppress(BatchTuiError):
        account = account_of_environment(os.environ)
        if account is not None:
            names.add("batch-account", account.batch_account)
            names.add("storage-account", account.storage_account)
    own = [socket.gethostname(), Path.home().name]
    with suppress(OSError, KeyError):
        own.append(getpass.getuser())
    names.add("person", *(name for name in own if name not in _COMMON_NAMES))
    return names


def _below_home(path: str) -> str:
    home = str(Path.home())
    return f"~{path.removeprefix(home)}" if path.startswith(home + os.sep) else path


def _terminal_facts() -> Iterator[str]:
    size = shutil.get_terminal_size(fallback=(0, 0))
    yield f"size: {size.columns} × {size.lines}"
    for name, stream in (("stdin", sys.stdin), ("stdout", sys.stdout), ("stderr", sys.stderr)):
        if stream is not None:
            yield f"{name}: {'a terminal' if stream.isatty() else 'no terminal'}, {stream.encoding}"
    for name in _SHOWN_VARIABLES:
        if name in os.environ:
            yield f"{name}={os.environ[name]}"
    for name in sorted(os.environ):
        if name.upper().startswith(_NAMED_VARIABLES):
            yield f"{name} is set"


def _account_lines(names: Pseudonyms) -> Iterator[str]:
    try:
        book = wiring.account_book()
        current, profiles = book.current(), book.profiles()
    except BatchTuiError as refusal:
        yield str(refusal)
        return
    for profile in profiles:
        mark = " (current)" if current is not None and current.name == profile.name else ""
        keys = "no keys" if profile.keys_in is None else f"keys in {profile.keys_in.value}"
        name = profile.name if profile.name in _COMMON_NAMES else names.of("account", profile.name)
        yield f"{name}{mark}: {profile.kind.value}, {keys}, {profile.batch_endpoint}, {profile.storage_endpoint}"


def _setting_lines() -> Iterator[str]:
    for path in _newest(wiring.paths().config, 20):
        yield f"{path.name}: {path.stat().st_size:,} bytes"
        if path.name in _SECRET_FILES or path.suffix != ".json":
            continue
        try:
            settings = json.loads(_tail(path, _LOG_TAIL_BYTES))
            yield f"  {json.dumps(_without_texts(settings), ensure_ascii=False)}"
        except (ValueError, RecursionError):
            yield "  (cannot be read)"


def _without_texts(value: object, key: str = "") -> object:
    """Settings without their texts, which may be anybody's names and paths, but for those that are this program's."""
    if isinstance(value, dict):
        return {name: _without_texts(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_without_texts(item, key) for item in value]
    return MASK if isinstance(value, str) and value and key not in _SHOWN_SETTINGS else value


def _journal_lines() -> Iterator[str]:
    for path in _newest(wiring.paths().runs, _NEWEST_JOURNALS):
        yield f"### {path.name}, {path.stat().st_size:,} bytes"
        yield from digest_lines(_tail(path, _JOURNAL_TAIL_BYTES))


def _log_lines() -> Iterator[str]:
    for path in _newest(wiring.paths().log, _NEWEST_LOGS):
        yield f"### {path.name}, {path.stat().st_size:,} bytes"
        yield _tail(path, _LOG_TAIL_BYTES).decode("utf-8", "replace")


def _newest(folder: Path, count: int) -> list[Path]:
    """Regular files right in `folder`, the newest first."""
    try:
        found = [(entry.stat().st_mtime, entry.path) for entry in os.scandir(folder) if entry.is_file()]
    except OSError:
        return []
    return [Path(path) for _, path in sorted(found, reverse=True)[:count]]


def _tail(path: Path, limit_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - limit_bytes))
            return file.read(limit_bytes)
    except OSError as problem:
        return f"(cannot be read: {problem.strerror})".encode()
