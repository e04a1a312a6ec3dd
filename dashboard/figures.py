"""A figure in a box: a name, a value, what stands below it, and what it means."""

from collections.abc import Iterable

import streamlit as st
from msgspec import Struct

from dashboard.words import plain


class Figure(Struct, frozen=True):
    """One figure as text. ``below`` is the smaller line under it ("": none); ``moves``: that line is a change, and is
    coloured by its sign.
    """

    name: str
    shown: str
    below: str
    explanation: str
    moves: bool = False


def show_figures(key: str, figures: Iterable[Figure]) -> None:
    """Figures side by side, under a key of this page's own."""
    with st.container(key=f"figures_{key}"):
        for one in figures:
            box(one.name, one.shown, one.below, one.explanation, moves=one.moves)


def box(name: str, shown: str, below: str, explanation: str, *, moves: bool = False) -> None:
    """A single figure, by what a ``Figure`` consists of."""
    st.metric(
        name,
        shown,
        below or None,
        delta_color="normal" if moves else "off",
        delta_arrow="auto" if moves else "off",
        border=True,
        help=plain(explanation),
    )
