"""What a node runs for sudo, package managers and service managers: says what they would have done, changes nothing.

`install` succeeds when what it names is on the machine already, so an ordinary start task passes or fails as it should.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator

NOT_AVAILABLE = 100
"""The exit code apt-get uses for its own errors."""

_INSTALL = frozenset(
    {"install", "add", "reinstall", "localinstall", "groupinstall", "in", "-S", "-i", "--install", "-U"}
)
_PACKAGE_MANAGERS = frozenset(
    {"apt", "apt-get", "aptitude", "dpkg", "snap", "yum", "dnf", "microdnf", "tdnf", "zypper", "rpm", "apk", "pacman"}
    | {"brew"}
)
_OPTIONS_WITH_VALUE = frozenset({"-o", "-t", "-c", "--option", "--target-release", "--config-file"})
_SUDO_OPTIONS_WITH_VALUE = frozenset(
    {"-u", "-g", "-h", "-p", "-C", "-r", "-t", "-T", "-U", "-D", "-R"}
    | {"--user", "--group", "--host", "--prompt", "--chdir"}
)
_PROGRAM_OF_PACKAGE = {
    "build-essential": "cc",
    "python3-pip": "pip3",
    "python3-venv": "python3",
    "python3-dev": "python3",
    "python3-minimal": "python3",
    "python-is-python3": "python3",
    "coreutils": "ls",
    "findutils": "find",
    "p7zip-full": "7z",
    "imagemagick": "convert",
    "nodejs": "node",
    "gnupg": "gpg",
    "openjdk-17-jre-headless": "java",
    "default-jre": "java",
    "default-jdk": "javac",
    "procps": "ps",
    "xz-utils": "xz",
}
_WITHOUT_PROGRAM = frozenset(
    {"ca-certificates", "apt-transport-https", "software-properties-common", "apt-utils", "tzdata"}
)


def main(name: str, arguments: list[str]) -> int:
    if name == "sudo":
        return _sudo(arguments)
    if name in _PACKAGE_MANAGERS:
        return _package_manager(name, arguments)
    _say(f"{name} {' '.join(arguments)}".rstrip() + ": not done, the machine stays as it is")
    return 0


def _sudo(arguments: list[str]) -> int:
    """Run the rest as the user we are; a variable set before the command is set for it."""
    environment = dict(os.environ)
    rest = list(arguments)
    while rest and (rest[0].startswith("-") or _is_assignment(rest[0])):
        word = rest.pop(0)
        if word == "--":
            break
        if word in _SUDO_OPTIONS_WITH_VALUE and rest:
            rest.pop(0)
        elif not word.startswith("-"):
            variable, _, value = word.partition("=")
            environment[variable] = value
    if not rest:
        return 0
    try:
        os.execvpe(rest[0], rest, environment)
    except FileNotFoundError:
        sys.stderr.write(f"sudo: {rest[0]}: command not found\n")
    except OSError as error:
        sys.stderr.write(f"sudo: {rest[0]}: {error.strerror}\n")
    return 1


def _is_assignment(word: str) -> bool:
    return re.match(r"[A-Za-z_]\w*=", word) is not None


def _package_manager(name: str, arguments: list[str]) -> int:
    packages = _packages_to_install(arguments)
    if packages is None:
        _say(f"{name} {' '.join(arguments)}".rstrip() + ": not done, the machine stays as it is")
        return 0
    missing = []
    for package in packages:
        if _is_here(package):
            _say(f"{name} install {package}: it is on this machine already")
        else:
            missing.append(package)
    for package in missing:
        sys.stderr.write(
            f"sandbox: {name} cannot install {package}: the sandbox never changes the machine, and {package} is not"
            f" on it; install {package} yourself and run again\n"
        )
    return NOT_AVAILABLE if missing else 0


def _packages_to_install(arguments: list[str]) -> list[str] | None:
    """What the arguments ask to be installed; nothing when they ask for something else."""
    words = list(_without_options(arguments))
    verb = next((word for word in words if word in _INSTALL or not word.startswith("-")), None)
    if verb not in _INSTALL:
        return None
    return [word for word in words[words.index(verb) + 1 :] if not word.startswith("-")]


def _without_options(arguments: list[str]) -> Iterator[str]:
    """The words, less options that take a value together with it."""
    words = iter(arguments)
    for word in words:
        if word in _OPTIONS_WITH_VALUE:
            next(words, None)
        else:
            yield word


def _is_here(package: str) -> bool:
    """Whether the machine has the package, by its database or by a program of its name."""
    name = os.path.basename(package)
    if name.endswith((".deb", ".rpm")):
        name = name.split("_")[0] if name.endswith(".deb") else name.rsplit("-", 2)[0]
    name = re.split(r"[=:/]", name)[0] if "/" not in package else name
    if name in _WITHOUT_PROGRAM or shutil.which(_PROGRAM_OF_PACKAGE.get(name, name)):
        return True
    for query in (["/usr/bin/dpkg-query", "-W", "-f", "${db:Status-Status}", name], ["/usr/bin/rpm", "-q", name]):
        if os.path.exists(query[0]):
            answer = subprocess.run(query, capture_output=True, text=True, check=False)
            if answer.returncode == 0 and ("rpm" in query[0] or answer.stdout == "installed"):
                return True
    return False


def _say(text: str) -> None:
    sys.stdout.write(f"sandbox: {text}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
