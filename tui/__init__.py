"""batch-tui: the terminal for Azure Batch."""

__version__ = "0.1.0"
"""Written here because reading it from the installed metadata costs more than the rest of `--version`."""
