"""Counts the most common words of a text file."""
