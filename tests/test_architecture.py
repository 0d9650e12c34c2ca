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
class Found:
    """A node of interest with the place it stands in."""

    place: str
    """The innermost class or function, such as `tui/cli.py::Group.invoke`; `path::` is the module itself."""
    node: ast.AST
    in_function: bool
    """In a function, however deep."""


OF_INTEREST = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Call, ast.ExceptHandler,
    ast.Assign, ast.AnnAssign,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Module:
    path: str
    """Below the repository, with slashes."""
    source: str
    lines: tuple[str, ...]
    found: tuple[Found, ...]


@cache
def modules(folder: str) -> tuple[Module, ...]:
    """Each read, parsed and walked over once for all tests."""
    paths = sorted(path for path in (REPOSITORY / folder).rglob("*.py"))
    return tuple([_module(path.relative_to(REPOSITORY).as_posix(), path.read_text(encoding="utf-8")) for path in paths])


def _module(path: str, source: str) -> Module:
    found: list[Found] = []

    def below(node: ast.AST, name: str, in_function: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, OF_INTEREST):
                found.append(Found(f"{path}::{name}", child, in_function))
            if isinstance(child, Scope):
                own = f"{name}.{child.name}" if name else child.name
                below(child, own, in_function or not isinstance(child, ast.ClassDef))
            else:
                below(child, name, in_function)

    below(ast.parse(source, path), "", False)
    return Module(path, source, tuple(source.splitlines()), tuple(found))


@pytest.fixture(scope="module", autouse=True)
def trees_are_forgotten() -> Iterator[None]:
    """The trees of all modules are millions of objects, which would slow down whatever the same process tests next."""
    yield
    modules.cache_clear()


def product_modules() -> tuple[Module, ...]:
    return modules("tui") + modules("node_task")


def all_modules() -> tuple[Module, ...]:
    return product_modules() + modules("tests")


def scopes(module: Module) -> Iterator[tuple[str, Scope]]:
    """Every class and function with its place, such as `tui/cli.py::Group.invoke`."""
    for found in module.found:
        if isinstance(found.node, Scope):
            separator = "" if found.place.endswith("::") else "."
            yield f"{found.place}{separator}{found.node.name}", found.node


def dotted(node: ast.expr) -> str:
    """The name of what is called, as it is written; of what is itself computed only the last part."""
    if isinstance(node, ast.Name):
        return node.id
    return f"{dotted(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else ""


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
        return dotted(node.func) in ("import_module", "importlib.import_module", "__import__")
    return isinstance(node, ast.Import | ast.ImportFrom)


def is_explained(module: Module, statement: ast.stmt | ast.expr) -> bool:
    """Whether a comment that is more than an order to a tool stands on the statement or right above it."""
    on_it = list(module.lines[statement.lineno - 1 : statement.end_lineno])
    above = module.lines[statement.lineno - 2]
    if above.lstrip().startswith("#"):
        on_it.append(above)
    return any(re.search(r"#\s*(?!noqa|type:)\w", line) for line in on_it)


def test_an_import_in_a_function_says_why() -> None:
    silent = [
        f"{found.place}:{found.node.lineno}"
        for module in all_modules()
        for found in module.found
        if found.in_function and isinstance(found.node, ast.stmt | ast.expr) and imports(found.node)
        if not is_explained(module, found.node)
    ]
    assert silent == []


def test_node_scripts_use_the_standard_library_alone() -> None:
    allowed = sys.stdlib_module_names - NEWER_THAN_PYTHON_3_8
    for module in modules("node_task"):
        ast.parse(module.source, feature_version=(3, 8))
        for node in (found.node for found in module.found):
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
        for one in module.found:
            if isinstance(one.node, ast.ExceptHandler) and is_catch_all(one.node) and not raises_again(one.node):
                found[one.place] = f"line {one.node.lineno}"
    only_excused(found, CATCH_ALL)


def sleeps(call: ast.Call) -> bool:
    """`time.sleep`, `asyncio.sleep` of anything but 0, `pilot.pause` of a number."""
    named = dotted(call.func)
    if named in ("time.sleep", "sleep"):
        return True
    if named in ("asyncio.sleep", "anyio.sleep"):
        return [ast.unparse(argument) for argument in call.args] != ["0"]
    return bool(named.endswith("pilot.pause") and (call.args or call.keywords))


def test_no_test_sleeps() -> None:
    """What is measured by command, outside the suite, keeps a rhythm of its own."""
    found = {}
    for module in modules("tests"):
        if module.path.startswith("tests/perf/"):
            continue
        for one in module.found:
            if isinstance(one.node, ast.Call) and sleeps(one.node):
                found[one.place] = f"line {one.node.lineno}: {ast.unparse(one.node)}"
    only_excused(found, SLEEPS)


def test_styles_name_theme_colours() -> None:
    """A declaration that names a colour by number would stay what it is when the theme changes."""
    by_number = re.compile(r"^\s*[\w-]+\s*:[^{]*(?:#[0-9A-Fa-f]{3,8}\b|\b(?:rgba?|hsla?)\()[^{]*$", re.MULTILINE)
    styles = {path.name: path.read_text(encoding="utf-8") for path in sorted((REPOSITORY / "tui").rglob("*.tcss"))}
    for module in modules("tui"):
        for node in (found.node for found in module.found):
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if {dotted(target) for target in targets} & {"CSS", "DEFAULT_CSS"}:
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
