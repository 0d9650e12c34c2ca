"""What a new node holds before its first task: the real directories, a Python of its own, shims, ffmpeg.

Nothing here reaches the machine itself: package managers, service managers and sudo on the node's PATH are shims.
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import sys
import venv
from pathlib import Path

from tui.sandbox import folders
from tui.sandbox.nodes.layout import ROOT_FOLDERS, SYSTEM_PATH, NodeLayout

SHIMMED = (
    *("apt", "apt-get", "apt-key", "add-apt-repository", "aptitude", "dpkg", "dpkg-reconfigure", "snap"),
    *("yum", "dnf", "microdnf", "tdnf", "zypper", "rpm", "apk", "pacman", "brew"),
    *("systemctl", "service", "sudo", "reboot", "shutdown", "poweroff", "halt", "update-alternatives"),
    *("useradd", "adduser", "usermod", "groupadd", "addgroup", "sysctl", "modprobe", "ufw", "timedatectl"),
)
"""Programs of ordinary start tasks that would change the machine."""

_TOOLS = Path(__file__).resolve().parent / "tools"


def furnish(layout: NodeLayout) -> None:
    """Make what is missing; what is there stays, so that a node survives the sandbox's restart.

    Only folders stay: where a task has put a link in the place of one, what it leads to is neither filled nor cleared.
    """
    own = (layout.bin, layout.home, layout.tmp, layout.venv, layout.root)
    for folder in (layout.base.parent, layout.base, *own, *(layout.root / name for name in ROOT_FOLDERS)):
        folders.make(folder)
    folders.make(layout.root / "startup" / "wd")
    if not (layout.venv / "bin" / "python3").exists():
        _make_python(layout.venv)
    _write_shims(layout)
    _link_ffmpeg(layout)


def _make_python(folder: Path) -> None:
    """A virtual environment without pip, which is 100 times quicker; the stub called pip makes way
    for the real one when it is first used."""
    venv.EnvBuilder(symlinks=True, clear=True).create(folder)
    site_packages = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    stub = site_packages / "pip"
    stub.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_TOOLS / "pip_stub.py", stub / "__main__.py")
    (stub / "__init__.py").touch()


def _write_shims(layout: NodeLayout) -> None:
    python = shlex.quote(str(layout.venv / "bin" / "python3"))
    shim = shlex.quote(str(_TOOLS / "shim.py"))
    for name in SHIMMED:
        _write_program(layout.bin / name, f'exec {python} -I -S {shim} {name} "$@"')
    for name in ("pip", "pip3"):
        _write_program(layout.bin / name, f'exec {python} -m pip "$@"')


def _write_program(path: Path, line: str) -> None:
    text = f"#!/bin/sh\n{line}\n"
    if path.is_symlink() or not path.is_file() or path.read_text(encoding="utf-8") != text:
        with open(folders.create_file(path, 0o755), "w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(file.fileno(), 0o755)


def _link_ffmpeg(layout: NodeLayout) -> None:
    """ffmpeg on the node's PATH when the machine has it elsewhere or the sandbox's Python brought one along."""
    link = layout.bin / "ffmpeg"
    if shutil.which("ffmpeg", path=os.pathsep.join(SYSTEM_PATH)) or link.exists():
        return
    program = shutil.which("ffmpeg") or _bundled_ffmpeg()
    if program is not None:
        link.unlink(missing_ok=True)
        link.symlink_to(program)


def _bundled_ffmpeg() -> str | None:
    """imageio-ffmpeg's binary, found without the cost of importing the package."""
    spec = importlib.util.find_spec("imageio_ffmpeg")
    for location in (spec.submodule_search_locations or []) if spec is not None else []:
        for program in sorted(Path(location, "binaries").glob("ffmpeg-*")):
            if os.access(program, os.X_OK):
                return str(program)
    return None
