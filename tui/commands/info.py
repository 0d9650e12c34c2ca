"""`batch-tui info`: what is installed, and every place this program writes to."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from importlib import metadata

import click

from tui import __version__, wiring
from tui.commands.bundle import bundle_text, write_bundle
from tui.console.safe_text import Output

_PACKAGES = (
    "textual",
    "rich",
    "azure-batch",
    "azure-storage-blob",
    "azure-identity",
    "keyring",
    "starlette",
    "uvicorn",
)


@click.command("info")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--bundle", metavar="FILE", help="Write a report of a fault that can be posted in public; - for stdout.")
def command(as_json: bool, bundle: str | None) -> int:
    """Versions, and every path this program writes to."""
    output = Output(sys.stdout)
    versions = {"batch-tui": __version__, "python": platform.python_version()}
    versions |= {package: _version(package) for package in _PACKAGES}
    versions["system"] = platform.platform()
    if bundle is not None:
        return _bundle(bundle, versions, output)
    places = wiring.paths().described()
    if as_json:
        output.json({"versions": versions, "paths": places}, indent=2)
        return 0
    width = max(map(len, [*versions, *places]))
    output.lines([f"{name:<{width}}  {text}" for name, text in versions.items()])
    output.line()
    output.lines([f"{name:<{width}}  {path}" for name, path in places.items()])
    output.line(f"{'outputs':<{width}}  the folder that a run names, ./<run> by itself")
    return 0


def _bundle(path: str, versions: Mapping[str, str], output: Output) -> int:
    text = bundle_text(versions)
    if path == "-":
        output.lines(text.splitlines())
        return 0
    write_bundle(path, text)
    output.line(f"{path} is written. Keys, names and paths in it are masked; read it before you post it.")
    return 0


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
