"""Values reach a program exactly, through the service's splitting and the node's shell, and nothing in them runs."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.core.quoting import SharedPath, fill, shared_path, shell_command_line, words

ANY_ARGUMENT = st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)


@given(st.lists(ANY_ARGUMENT, min_size=1, max_size=4))
def test_both_layers_of_quoting_come_off_again(arguments: list[str]) -> None:
    line = shell_command_line(
        words(
            ["{a}"] * 0 + [f"{{v{'x' * n}}}" for n in range(len(arguments))],
            "run",
            {f"v{'x' * n}": argument for n, argument in enumerate(arguments)},
        )
    )
    shell, flag, script = shlex.split(line)
    assert (shell, flag) == ("/bin/sh", "-c")
    assert shlex.split(script) == arguments


@settings(max_examples=25, deadline=None)
@given(ANY_ARGUMENT)
def test_a_real_shell_sees_the_value_itself(value: str) -> None:
    line = shell_command_line(words(["printf", "%s", "{value}"], "run", {"value": value}))
    output = subprocess.run(shlex.split(line), capture_output=True, check=True, stdin=subprocess.DEVNULL).stdout
    assert output == value.encode()


def test_a_value_with_braces_is_not_filled_again() -> None:
    assert fill("--name={input}", {"input": "{output}", "output": "secret"}) == "--name={output}"


def test_a_shared_path_expands_on_the_node_only() -> None:
    assert words(["python3", SharedPath("top_words.py")], "run-1", {}) == (
        'python3 "$AZ_BATCH_NODE_SHARED_DIR/run-1/top_words.py"'
    )


@pytest.mark.parametrize("relative", ['a"b', "a b", "$(id)", "`id`"])
def test_a_shared_path_takes_safe_characters_only(relative: str) -> None:
    with pytest.raises(ValueError, match="safe path"):
        shared_path("run", relative)


def test_a_nul_is_refused() -> None:
    with pytest.raises(ValueError, match="NUL"):
        words(["{x}"], "run", {"x": "a\0b"})
