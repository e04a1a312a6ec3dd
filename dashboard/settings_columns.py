"""The columns of the tables on the page of settings: names, formats and a tooltip for each."""

from typing import TYPE_CHECKING

from dashboard.columns import COLUMN
from dashboard.windows import WINDOWS

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig


def limit_columns() -> "dict[str, ColumnConfig]":
    """Limits of one group."""
    return {
        "limit": COLUMN.TextColumn("Limit", width=170, pinned=True, help="Its name in words."),
        "now": COLUMN.TextColumn("In force", width=110, help="What the trader goes by now."),
        "changed": COLUMN.TextColumn(
            "Changed to", width=95, help="What a person wrote at run time; a dash: nobody did."
        ),
        "settings": COLUMN.TextColumn("In the settings", width=110, help="What holds without changes made here."),
        "reach": COLUMN.TextColumn("May be", width=110, help="Between what it may lie."),
        "meaning": COLUMN.TextColumn("Meaning", width=430, help="What it limits."),
        "name": COLUMN.TextColumn("Name", width=190, help="As commands and settings call it (LIMIT_ and this)."),
    }


def step_columns() -> "dict[str, ColumnConfig]":
    """What a change makes different."""
    return {
        "what": COLUMN.TextColumn("What", width=190, help="What is changed."),
        "change": COLUMN.TextColumn("Before → after", width="medium", help="As it is now, and as it will be."),
    }


def asked_columns() -> "dict[str, ColumnConfig]":
    """Requests and what became of them."""
    return {
        "state": COLUMN.TextColumn("State", width=165, pinned=True, help="Refused: nothing of it was changed."),
        "what": COLUMN.TextColumn("What was asked for, and why", width="large", help="With the reason in brackets."),
        "when": COLUMN.TextColumn("When", width=170, help="Judged at this event time, or waiting for so long."),
        "why": COLUMN.TextColumn("Answer", width="large", help="The trader's words."),
    }


def window_columns() -> "dict[str, ColumnConfig]":
    """Coins by windows."""
    tip = "Markets of this window that run now, and those listed for later. A dash: none is known."
    return {
        "coin": COLUMN.TextColumn("Coin", width=70, pinned=True, help="Whose price decides the market."),
        **{window.value: COLUMN.TextColumn(words, width=140, help=tip) for window, words in WINDOWS.items()},
        "prices": COLUMN.TextColumn("Price told by", width=150, help="Exchanges whose price of the coin we hear now."),
    }
