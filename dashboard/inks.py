"""Colours of charts and pictures, readable on light and on dark; none is the only sign of anything."""

BLUE = "#3b82f6"
TEAL = "#0d9488"
AMBER = "#d97706"
GREY = "#7a889c"
INK = {"light": "#475569", "dark": "#cbd5e1"}
"""The colour of words inside a chart, readable on each background."""
PAPER = {"light": "#ffffff", "dark": "#0f141c"}
"""What is behind a chart (.streamlit/config.toml)."""
