"""Widgets of our own: each exposes verbs and messages, and nobody looks inside."""
