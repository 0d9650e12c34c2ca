"""Whole runs under trouble: a fault at every call, a kill at every step, a long life; `python -m tests.faults`."""
