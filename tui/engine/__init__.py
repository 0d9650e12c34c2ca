"""The workflow and its threads: run steps, poller, transfers, journal. No Textual, no Azure."""
