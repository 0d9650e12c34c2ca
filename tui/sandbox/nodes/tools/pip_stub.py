"""Stands in for pip in a node's virtual environment; its first use puts the real pip in its place and becomes it."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path


def main() -> None:
    site_packages = Path(__file__).resolve().parent.parent
    with open(Path(sys.prefix) / ".pip.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (site_packages / "pip" / "_internal").exists():
            _install(site_packages)
    os.execv(sys.executable, [sys.executable, "-m", "pip", *sys.argv[1:]])


def _install(site_packages: Path) -> None:
    """Unpack pip beside the stub, then swap the two: whoever starts meanwhile finds one of them whole."""
    staging = Path(sys.prefix) / ".pip-staging"
    shutil.rmtree(staging, ignore_errors=True)
    made = subprocess.run(
        [sys.executable, "-m", "ensurepip", "--root", str(staging)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    packages = staging / site_packages.relative_to("/")
    if made.returncode or not (packages / "pip").is_dir():
        sys.stderr.buffer.write(made.stderr)
        sys.exit("sandbox: this machine's Python cannot make pip (ensurepip failed; Debian: install python3-venv)")
    for package in packages.iterdir():
        target = site_packages / package.name
        if target.exists():
            target.rename(staging / f"{package.name}.replaced")
        package.rename(target)
    shutil.rmtree(staging, ignore_errors=True)


if __name__ == "__main__":
    main()
