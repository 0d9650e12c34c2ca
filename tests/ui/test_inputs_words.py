"""What the inputs step says without a screen: every empty tree tells which keys lead on."""

from __future__ import annotations

from tui.core.input_tree import InputTree
from tui.ui.screens.new_run.inputs_words import Reading, instead_of_rows


def test_an_empty_folder_can_be_read_again_once_something_is_put_there() -> None:
    lines = [text for text, _ in instead_of_rows(InputTree("/texts"), Reading(), place="/texts", samples_key="s")]
    assert lines[0] == "There is nothing in /texts."
    assert "r  read it again" in lines
