"""The columns of page Research: names, formats and a tooltip for each."""

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

COLUMN = st.column_config


def study_columns() -> "dict[str, ColumnConfig]":
    """Studies, one per row."""
    return {
        "at": COLUMN.DatetimeColumn(
            "Made (UTC)", format="YYYY-MM-DD HH:mm", timezone="UTC", width=130, help="When it was published."
        ),
        "name": COLUMN.TextColumn("Name", width=140, pinned=True, help="What whoever made it calls it."),
        "kind": COLUMN.TextColumn("Kind", width=115, help="Which command made it."),
        "source": COLUMN.TextColumn(
            "Data", width=100, help="Recorded: real markets. Synthetic: an invented one, which says nothing of profit."
        ),
        "says": COLUMN.TextColumn("Says", width="large", help="Its figures."),
        "command": COLUMN.TextColumn("Command", width="large", help="As it was typed."),
    }


def execution_columns() -> "dict[str, ColumnConfig]":
    """Classes of intents, one per row."""
    return {
        "of": COLUMN.TextColumn("Of", width=170, pinned=True, help="Which intents, or which phase of their orders."),
        "intents": COLUMN.NumberColumn("Intents", format="%,d", width=80, help="How many."),
        "fill_rate": COLUMN.ProgressColumn(
            "Fill rate", format="%.1f%%", min_value=0, max_value=100, width=130, help="Shares filled of shares wanted."
        ),
        "slippage": COLUMN.NumberColumn(
            "Slippage p50", format="%+.1f bps", help="Median against the price expected; more is worse, 100 bps are 1%."
        ),
        "slippage_worst": COLUMN.NumberColumn("p99", format="%+.1f bps", help="One in a hundred is worse than this."),
        "time": COLUMN.NumberColumn(
            "Time to fill p50", format="%.2f s", help="Median, from the plan to the last fill."
        ),
        "time_worst": COLUMN.NumberColumn("p99", format="%.2f s", help="One in a hundred takes longer."),
        "dead": COLUMN.NumberColumn("Dead", format="%d", width=60, help="Orders that failed for good."),
    }


def score_columns() -> "dict[str, ColumnConfig]":
    """The first wallets of a ranking."""
    return {
        "rank": COLUMN.NumberColumn("Rank", format="%d", width=60, help="By the lower end of the interval."),
        "wallet": COLUMN.TextColumn("Wallet", width=150, help="The whole address."),
        "sharpe_low": COLUMN.NumberColumn(
            "From", format="%+.3f", help="Lower end of the ratio's interval, per market."
        ),
        "sharpe_high": COLUMN.NumberColumn("To", format="%+.3f", help="Upper end of the interval."),
        "win_rate": COLUMN.NumberColumn("Wins", format="percent", help="Share of bets won; see the price beside it."),
        "price_paid": COLUMN.NumberColumn("Paid", format="$%.2f", help="Average price paid per share."),
        "q_value": COLUMN.NumberColumn("q", format="%.3f", help="Share of luck to expect among edges this clear."),
        "pnl_usd": COLUMN.NumberColumn("Its result", format="$%,.0f", help="The wallet's own profit or loss."),
        "reason": COLUMN.TextColumn("Out because", help="Why it cannot be ranked; empty: it is."),
    }
