"""batch-tui: the terminal for Azure Batch."""
