"""The columns of the tables on the page of operations: names, formats and a tooltip for each."""

from typing import TYPE_CHECKING

from dashboard.columns import COLUMN

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

LIGHT = "Well; Look: somebody should; Not well: it does not work as it should; Not told: nobody has said so lately."
MARKET = COLUMN.TextColumn("Market", width=250, help="The question the market asks.")
OUTCOME = COLUMN.TextColumn("Outcome", width=85, help="The answer bought or sold.")
SIDE = COLUMN.TextColumn("Side", width=60, help="Buy opens or adds, Sell closes.")
SIZE = COLUMN.NumberColumn("Shares", format="%,.2f", width=80, help="Shares ordered.")
LIMIT = COLUMN.NumberColumn("Limit", format="$%.3f", width=75, help="The worst price accepted.")
NOTE = COLUMN.TextColumn("Note", width=300, help="What the venue or the trader said of it.")
KEY = COLUMN.TextColumn("Order", width=160, help="Its key, for the command explain.")


def part_columns() -> "dict[str, ColumnConfig]":
    """Parts of the house."""
    return {
        "light": COLUMN.TextColumn("State", width=95, pinned=True, help=LIGHT),
        "part": COLUMN.TextColumn("Part", width=190, help="Which part of the house."),
        "says": COLUMN.TextColumn("What it says", width="large", help="In its own words."),
    }


def run_columns() -> "dict[str, ColumnConfig]":
    """Functions and their last runs."""
    return {
        "light": COLUMN.TextColumn("State", width=95, pinned=True, help=LIGHT),
        "part": COLUMN.TextColumn("Function", width=130, help="Its name."),
        "does": COLUMN.TextColumn("Does", width=290, help="What it is there for."),
        "every": COLUMN.TextColumn("Every", width=90, help="How often it runs."),
        "last": COLUMN.TextColumn("Last run", width=110, help="When its last run ended."),
        "took": COLUMN.NumberColumn("Took", format="%.1f s", width=70, help="How long that took."),
        "says": COLUMN.TextColumn("What it found", width="large", help="Or how it failed."),
    }


def doubt_columns() -> "dict[str, ColumnConfig]":
    """Orders in doubt."""
    return {
        "since": COLUMN.TextColumn("In doubt for", width=100, pinned=True, help="Event time since nobody knows."),
        "market": MARKET,
        "outcome": OUTCOME,
        "side": SIDE,
        "size": SIZE,
        "held": COLUMN.NumberColumn("Cash held", format="dollar", width=85, help="Stays held until it is known."),
        "note": NOTE,
        "key": KEY,
    }


def order_columns() -> "dict[str, ColumnConfig]":
    """Orders that are open, or were lately."""
    return {
        "state": COLUMN.TextColumn("State", width=115, pinned=True, help="How far it has come."),
        "market": MARKET,
        "outcome": OUTCOME,
        "side": SIDE,
        "size": SIZE,
        "limit": LIMIT,
        "age": COLUMN.TextColumn("Age", width=85, help="Since it was planned, in event time."),
        "note": NOTE,
        "key": KEY,
    }


def dead_columns() -> "dict[str, ColumnConfig]":
    """Orders that failed for good."""
    return {
        "review": COLUMN.TextColumn("Review", width=105, pinned=True, help="Whether a person has looked at it."),
        "placed": COLUMN.DatetimeColumn("Placed (UTC)", format="MM-DD HH:mm:ss", timezone="UTC", help="Event time."),
        "market": MARKET,
        "outcome": OUTCOME,
        "side": SIDE,
        "size": SIZE,
        "limit": LIMIT,
        "tries": COLUMN.NumberColumn("Tries", format="%d", width=60, help="Orders sent for it, refused ones included."),
        "note": COLUMN.TextColumn("Why it failed", width=300, help="The venue's last word."),
        "by": COLUMN.TextColumn("Reviewed by", width=220, help="Who looked at it, and the note."),
        "whale": COLUMN.TextColumn("Whale", width=110, help="Whom it was to copy."),
        "key": KEY,
    }
