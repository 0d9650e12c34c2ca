"""Our two themes: calm grounds, one accent, and colour beyond it for states only."""

from __future__ import annotations

from textual.theme import Theme

BATCH_DARK = Theme(
    name="batch-dark",
    primary="#4f9fd6",
    secondary="#5b7f9b",
    accent="#5cb3e8",
    foreground="#d5dbe1",
    background="#12161b",
    surface="#171c22",
    panel="#222a33",
    success="#6cbf84",
    warning="#d9a94e",
    error="#e06c75",
    dark=True,
    variables={
        "border": "#3a4652",
        "footer-key-foreground": "#5cb3e8",
        "footer-background": "#171c22",
        "block-cursor-background": "#2f6d99",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-blurred-background": "#26323d",
        "block-cursor-blurred-foreground": "#d5dbe1",
    },
)
BATCH_LIGHT = Theme(
    name="batch-light",
    primary="#1f6fa8",
    secondary="#5b7f9b",
    accent="#0b66a8",
    foreground="#1f2933",
    background="#fbfbf9",
    surface="#f3f4f2",
    panel="#e4e8ea",
    success="#2c7a43",
    warning="#8f6110",
    error="#b3303b",
    dark=False,
    variables={
        "border": "#b5bfc7",
        "footer-key-foreground": "#0b66a8",
        "footer-background": "#e9ecec",
        "block-cursor-background": "#1f6fa8",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-blurred-background": "#d3dde4",
        "block-cursor-blurred-foreground": "#1f2933",
    },
)
THEMES = (BATCH_DARK, BATCH_LIGHT)
