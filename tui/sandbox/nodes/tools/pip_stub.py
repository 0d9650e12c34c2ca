"""Stands in for pip in a node's virtual environment; its first use puts the real pip in its place and becomes it."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path


def main() -> None:
    site_packages = Path(__file__).resolve().parent.parent
    with open(Path(sys.prefix) / ".pip.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (site_packages / "pip" / "_internal").exists():
            _install(site_packages)
    os.execv(sys.executable, [sys.executable, "-m", "pip", *sys.argv[1:]])


def _install(site_packages: Path) -> None:
    """Make pip beside the stub, then swap the two: whoever starts meanwhile finds one of them whole."""
    staging = Path(sys.prefix) / ".pip-staging"
    shutil.rmtree(staging, ignore_errors=True)
    wheels = _wheels()
    packages = _unpacked(wheels, staging) if wheels else _installed(site_packages, staging)
    for package in packages.iterdir():
        target = site_packages / package.name
        if target.exists():
            target.rename(staging / f"{package.name}.replaced")
        package.rename(target)
    shutil.rmtree(staging, ignore_errors=True)


def _wheels() -> list[Path]:
    """What ensurepip would install, from where it would take it; nothing where this Python has it elsewhere."""
    names = ("pip",) if sys.version_info >= (3, 12) else ("pip", "setuptools")
    ensurepip = importlib.util.find_spec("ensurepip")
    bundled = os.path.join(os.path.dirname(ensurepip.origin), "_bundled") if ensurepip and ensurepip.origin else None
    for folder in (sysconfig.get_config_var("WHEEL_PKG_DIR"), bundled):
        found = [sorted(Path(folder).glob(f"{name}-*.whl"))[-1:] for name in names] if folder else []
        if found and all(found):
            return [wheel for (wheel,) in found]
    return []


def _unpacked(wheels: list[Path], staging: Path) -> Path:
    """Wheels of nothing but Python, which need no more to be installed: ten times as quick as having pip do it."""
    packages = staging / "packages"
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(packages)
    for information in packages.glob("*.dist-info"):
        (information / "INSTALLER").write_text("pip\n", encoding="utf-8")
    return packages


def _installed(site_packages: Path, staging: Path) -> Path:
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
    return packages


if __name__ == "__main__":
    main()
