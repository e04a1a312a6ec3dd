"""Altair, for every module that draws. It comes with Pandas, loaded whole and first.

A chart looks at whatever there is of Pandas. While another viewer's thread is still loading it, that is one half, and
the chart fails: whoever opened the first charts and the first tables of a dashboard at the same moment met an error.
"""

from importlib import import_module

import_module("pandas")  # waits for whoever is loading it

import altair as alt  # noqa: E402  # only after the line above is it safe to draw

__all__ = ["alt"]
