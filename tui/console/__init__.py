"""The headless front end: a run's events as a transcript, as live lines on a terminal, or as JSON."""
