"""Screens, one module and one style file each."""
