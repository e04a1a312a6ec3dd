"""The columns of the tables about results: names, formats and a tooltip for each."""

from typing import TYPE_CHECKING

from dashboard.columns import COLUMN

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig


def sum_columns() -> "dict[str, ColumnConfig]":
    """Results by whale."""
    return {
        "whale": COLUMN.TextColumn("Whale", pinned=True, help="Rank and wallet."),
        "total": COLUMN.NumberColumn("Result", format="dollar", help="Realised and unrealised, fees included."),
        "realized": COLUMN.NumberColumn("Realised", format="dollar", help="Of what was sold or settled."),
        "unrealized": COLUMN.NumberColumn("Unrealised", format="dollar", help="Of what is held, at its last price."),
        "held": COLUMN.NumberColumn("Held", format="dollar", help="Worth of what is held now."),
        "open": COLUMN.NumberColumn("Open", format="%d", help="Open positions."),
        "count": COLUMN.NumberColumn("Positions", format="%d", help="Open and closed ones."),
        "wallet": COLUMN.TextColumn("Wallet", help="The whole address."),
    }


def market_columns() -> "dict[str, ColumnConfig]":
    """Markets with what they brought."""
    return {
        "market": COLUMN.TextColumn("Market", width=270, pinned=True, help="The question the market asks."),
        "total": COLUMN.NumberColumn("Result", format="dollar", help="Realised and unrealised, fees included."),
        "realized": COLUMN.NumberColumn("Realised", format="dollar", help="Of what was sold or settled."),
        "unrealized": COLUMN.NumberColumn("Unrealised", format="dollar", help="Of what is held, at its last price."),
        "held": COLUMN.NumberColumn("Held", format="dollar", help="Worth of what is held now."),
        "category": COLUMN.TextColumn("Category", help="As the venue says, else inferred from the question."),
        "kind": COLUMN.TextColumn("Kind", help="Which rules it follows."),
        "whales": COLUMN.NumberColumn("Whales", format="%d", help="Wallets we copied in it."),
        "positions": COLUMN.NumberColumn("Positions", format="%d", help="One per outcome and whale."),
        "ends": COLUMN.DatetimeColumn(
            "Ends (UTC)", format="YYYY-MM-DD HH:mm", timezone="UTC", help="When it ends; empty: not told."
        ),
        "changed": COLUMN.DatetimeColumn(
            "Changed (UTC)", format="YYYY-MM-DD HH:mm:ss", timezone="UTC", help="Our latest execution or settlement."
        ),
        "id": COLUMN.TextColumn("Id", help="What the venue calls it."),
    }
