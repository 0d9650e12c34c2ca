"""Figures of what the product must reach, each beside its budget: `python -m tests.perf [NAME...]`.

Figures are ratios of two things measured in turns in one run, so that a slow or busy machine does not change them.
"""
