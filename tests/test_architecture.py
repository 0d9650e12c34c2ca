"""The shape of the code: sizes, directions of imports, what is banned; each exception stands here with its reason."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
TOP_LEVEL_FOLDERS = {".ci", "assets", "node_task", "tests", "tui"}

MODULE_LINES = 400
FUNCTION_LINES = 60
CLASS_LINES = 300
APP_LINES = 250

LONG: Mapping[str, str] = {
    "node_task/top_words.py": "what a node runs is one file that imports nothing of ours",
}
"""Modules (`path`), functions and classes (`path::name`) over their limit."""

CATCH_ALL: Mapping[str, str] = {
    "tui/cli.py::main": "the program's outermost call: every end has its words and its exit code",
    "tui/engine/account_check.py::_Examination._ask": "outermost of its thread: hands a defect to the caller's thread",
    "tui/engine/parallel.py::_Crew._run": "outermost of its thread: hands a defect to the consumer, which raises it",
    "tui/engine/preflight.py::_Inspection._look": "outermost of its thread: hands a defect to the caller's thread",
    "tui/engine/session.py::RunSession._run": "outermost of the engine's thread: whoever shows the run reports it",
    "tui/sandbox/batch/app.py::_BatchApp._answer": "outermost of a request: any defect becomes the service's envelope",
    "tui/gateways/secret_stores.py::bounded.run": "outermost of its thread: whatever a key store raises is its refusal",
    "tui/ui/blocking.py::run_in_daemon_thread.work": "outermost of its thread: hands the error to whoever awaits it",
    "tui/console/follow.py::_Worker._work": "carries whatever ends the thread over to the main thread, which raises it",
}
"""Functions (`path::name`) that may catch every exception: outermost loops, which report what nobody foresaw."""

SLEEPS: Mapping[str, str] = {
    "tests/support/pilot.py::wait_for": "between two looks at what a thread brings about; the others wait with it",
    "tests/support/settling.py::settle": "the time in which Textual collects the sizes of a resized terminal",
}
"""Functions (`path::name`) of the tests that may sleep."""

NEWER_THAN_PYTHON_3_8 = {"graphlib", "tomllib", "zoneinfo"}

Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True)
class Module:
    path: str
    """Below the repository, with slashes."""
    source: str
    tree: ast.Module

    @property
    def lines(self) -> list[str]:
        return self.source.splitlines()


@cache
def modules(folder: str) -> tuple[Module, ...]:
    paths = sorted(path for path in (REPOSITORY / folder).rglob("*.py"))
    found = []
    for path in paths:
        source = path.read_text(encoding="utf-8")
        found.append(Module(path.relative_to(REPOSITORY).as_posix(), source, ast.parse(source, str(path))))
    return tuple(found)


def product_modules() -> tuple[Module, ...]:
    return modules("tui") + modules("node_task")


def all_modules() -> tuple[Module, ...]:
    return product_modules() + modules("tests")


def scopes(module: Module) -> Iterator[tuple[str, Scope]]:
    """Every class and function with its place, such as `tui/cli.py::Group.invoke`."""

    def below(node: ast.AST, prefix: str) -> Iterator[tuple[str, Scope]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, Scope):
                name = f"{prefix}{child.name}"
                yield f"{module.path}::{name}", child
                yield from below(child, f"{name}.")
            else:
                yield from below(child, prefix)

    return below(module.tree, "")


def in_scopes(module: Module) -> Iterator[tuple[str, ast.AST]]:
    """Every node with the innermost class or function it stands in (`path::` for the module itself)."""

    def below(node: ast.AST, place: str, prefix: str) -> Iterator[tuple[str, ast.AST]]:
        for child in ast.iter_child_nodes(node):
            yield place, child
            if isinstance(child, Scope):
                name = f"{prefix}{child.name}"
                yield from below(child, f"{module.path}::{name}", f"{name}.")
            else:
                yield from below(child, place, prefix)

    return below(module.tree, f"{module.path}::", "")


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=60
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    paths = (REPOSITORY / name for name in listed.stdout.split("\0") if name)
    return [path for path in paths if path.is_file()]


def only_excused(found: Mapping[str, str], excused: Mapping[str, str]) -> None:
    """What was found is exactly what is excused, so that no excuse outlives its need."""
    assert {place: what for place, what in found.items() if place not in excused} == {}
    assert [place for place in excused if place not in found] == [], "an excuse nothing needs any more"


# Sizes


def test_sizes() -> None:
    found = {}
    for module in all_modules():
        limit = APP_LINES if module.path == "tui/ui/app.py" else MODULE_LINES
        if len(module.lines) > limit:
            found[module.path] = f"{len(module.lines)} lines, over {limit}"
        for place, scope in scopes(module):
            limit = CLASS_LINES if isinstance(scope, ast.ClassDef) else FUNCTION_LINES
            length = (scope.end_lineno or scope.lineno) - scope.lineno + 1
            if length > limit:
                found[place] = f"{length} lines, over {limit}"
    only_excused(found, LONG)


def test_no_other_top_level_folder() -> None:
    folders = {path.relative_to(REPOSITORY).parts[0] for path in tracked_files() if path.parent != REPOSITORY}
    assert folders <= TOP_LEVEL_FOLDERS


# Imports


def test_import_contracts() -> None:
    finished = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr


@pytest.mark.skipif(not (REPOSITORY / "tui" / "cli.py").exists(), reason="there is no command line yet")
def test_the_command_line_loads_neither_textual_nor_azure() -> None:
    program = "import sys, tui.cli; print(sorted({name.partition('.')[0] for name in sys.modules}))"
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=60
    )
    loaded = ast.literal_eval(finished.stdout)
    assert "tui" in loaded
    assert {"textual", "azure"} & set(loaded) == set()


def imports(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return ast.unparse(node.func) in ("import_module", "importlib.import_module", "__import__")
    return isinstance(node, ast.Import | ast.ImportFrom)


def is_explained(module: Module, statement: ast.stmt | ast.expr) -> bool:
    """Whether a comment that is more than an order to a tool stands on the statement or right above it."""
    on_it = module.lines[statement.lineno - 1 : statement.end_lineno]
    above = module.lines[statement.lineno - 2]
    if above.lstrip().startswith("#"):
        on_it.append(above)
    return any(re.search(r"#\s*(?!noqa|type:)\w", line) for line in on_it)


def test_an_import_in_a_function_says_why() -> None:
    silent = [
        f"{place}:{node.lineno}"
        for module in all_modules()
        for place, scope in scopes(module)
        if not isinstance(scope, ast.ClassDef)
        for node in ast.walk(scope)
        if isinstance(node, ast.stmt | ast.expr) and imports(node) and not is_explained(module, node)
    ]
    assert silent == []


def test_node_scripts_use_the_standard_library_alone() -> None:
    allowed = sys.stdlib_module_names - NEWER_THAN_PYTHON_3_8
    for module in modules("node_task"):
        ast.parse(module.source, feature_version=(3, 8))
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{module.path}:{node.lineno} imports a neighbour"
                names = [node.module or ""]
            else:
                continue
            assert {name.partition(".")[0] for name in names} <= allowed, f"{module.path}:{node.lineno}"


# Habits


def is_catch_all(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(name, ast.Name) and name.id in ("Exception", "BaseException") for name in caught)


def raises_again(handler: ast.ExceptHandler) -> bool:
    """Whether the handler ends in a bare `raise`: it tidies up and hides nothing."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def test_only_outermost_loops_catch_everything() -> None:
    found = {}
    for module in product_modules():
        for place, node in in_scopes(module):
            if isinstance(node, ast.ExceptHandler) and is_catch_all(node) and not raises_again(node):
                found[place] = f"line {node.lineno}"
    only_excused(found, CATCH_ALL)


def sleeps(call: ast.Call) -> bool:
    """`time.sleep`, `asyncio.sleep` of anything but 0, `pilot.pause` of a number."""
    named = ast.unparse(call.func)
    waits_zero = [ast.unparse(argument) for argument in call.args] == ["0"]
    if named in ("time.sleep", "sleep"):
        return True
    if named in ("asyncio.sleep", "anyio.sleep"):
        return not waits_zero
    return bool(named.endswith("pilot.pause") and (call.args or call.keywords))


def test_no_test_sleeps() -> None:
    """What is measured by command, outside the suite, keeps a rhythm of its own."""
    found = {}
    for module in modules("tests"):
        if module.path.startswith("tests/perf/"):
            continue
        for place, node in in_scopes(module):
            if isinstance(node, ast.Call) and sleeps(node):
                found[place] = f"line {node.lineno}: {ast.unparse(node)}"
    only_excused(found, SLEEPS)


def test_styles_name_theme_colours() -> None:
    """A declaration that names a colour by number would stay what it is when the theme changes."""
    by_number = re.compile(r"^\s*[\w-]+\s*:[^{]*(?:#[0-9A-Fa-f]{3,8}\b|\b(?:rgba?|hsla?)\()[^{]*$", re.MULTILINE)
    styles = {path.name: path.read_text(encoding="utf-8") for path in sorted((REPOSITORY / "tui").rglob("*.tcss"))}
    for module in modules("tui"):
        for _, node in in_scopes(module):
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if {ast.unparse(target) for target in targets} & {"CSS", "DEFAULT_CSS"}:
                    styles[f"{module.path}:{node.lineno}"] = str(node.value.value)
    assert {name: by_number.findall(text) for name, text in styles.items() if by_number.search(text)} == {}


# Words


def test_no_machine_is_named() -> None:
    """Paths of somebody's machine and hosts of package registries belong in nobody's checkout but theirs."""
    # Written so that this file does not find itself.
    paths = r"(?<![\w.}\])])/(?:work|root|opt/[p]ypi|home/(?!user\b)[a-z]+|Users/[A-Z]?[a-z]+)/"
    hosts = r"\b(?:[p]ypi\.org|[p]ythonhosted\.org|[n]pmjs\.(?:com|org))\b"
    banned = re.compile(f"{paths}|{hosts}")
    found = {}
    for path in tracked_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        hits = sorted({hit.group() for hit in banned.finditer(text)})
        if hits:
            found[path.relative_to(REPOSITORY).as_posix()] = hits
    assert found == {}


def test_every_dependency_says_why() -> None:
    text = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    declared = [
        *project["dependencies"],
        *(line for group in project["optional-dependencies"].values() for line in group),
    ]
    explained = re.findall(r'^    "([^"]+)",\s+# \S.*$', text, re.MULTILINE)
    assert [requirement for requirement in declared if requirement not in explained] == []
