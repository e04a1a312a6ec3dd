"""The columns of the tables on more than one page, or too many for it: names, formats and a tooltip for each."""

from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard.tables import Row
from dashboard.words import NOTHING

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

COLUMN = st.column_config
EMPTY_CELL = "placehold" + "er"
"""Streamlit's name for what a cell without a value shows; as one word it is also how unfinished work is named."""
_AS_EVERYWHERE: dict[str, Any] = {"hide_index": True, EMPTY_CELL: NOTHING}
show_table = partial(st.dataframe, **_AS_EVERYWHERE)
"""A table as every page shows one: without row numbers, with a dash where a value is missing."""


def choose_row(
    rows: list[Row], key: str, columns: "dict[str, ColumnConfig]", height: int, first: list[int], required: bool
) -> list[int]:
    """A table of which one row can (or, ``required``, must) be chosen, ``first`` before anybody has; the choice."""
    event: Any = show_table(
        rows,
        height=height,
        key=key,
        on_select="rerun",
        selection_mode="single-row-required" if required else "single-row",
        selection_default={"selection": {"rows": first}},
        column_config=columns,
    )
    return list(event.selection.rows)


def leader_columns(follower: bool, reach: tuple[float, float]) -> "dict[str, ColumnConfig]":
    """The leaderboard; ``follower``: whose returns are ranked, ``reach``: from where to where pictures go."""
    whose = "A follower's" if follower else "The wallet's own"
    return {
        "whale": COLUMN.TextColumn("Wallet", width=110, pinned=True, help="The wallet, shortened."),
        "rank": COLUMN.NumberColumn(
            "Rank", format="%d", width=55, help="By the lower end of the interval; empty: not ranked."
        ),
        "interval": COLUMN.ImageColumn(
            f"Interval ({reach[0]:.2g} … {reach[1]:.2g})",
            width=152,
            help=f"{whose} return per unit of risk and market: the dot with its whisker is the interval, the dashed "
            f"line zero, the edges {reach[0]:.2g} and {reach[1]:.2g}. Empty: unbounded.",
        ),
        "verdict": COLUMN.TextColumn("Verdict", width=180, help="In or out, and why."),
        "quality": COLUMN.ProgressColumn(
            "Quality",
            format="%.0f",
            min_value=0,
            max_value=100,
            width=110,
            help="0 to 100, how good a source to copy: evidence, edge, sample, payoff, copyable, recent.",
        ),
        "low": COLUMN.NumberColumn("From", format="%+.3f", help="Lower end of the interval: what the rank goes by."),
        "high": COLUMN.NumberColumn("To", format="%+.3f", help="Upper end of the interval."),
        "win_rate": COLUMN.NumberColumn("Wins", format="%.0f%%", help="Share of bets won; see the price beside it."),
        "paid": COLUMN.NumberColumn(
            "Paid", format="%.0f ¢", help="Average price paid per share: the share of wins that chance alone gives."
        ),
        "q": COLUMN.NumberColumn(
            "q", format="%.3f", help="Share of luck to expect among wallets whose edge is at least this clear."
        ),
        "allocation": COLUMN.NumberColumn("Capital", format="%.1f%%", help="Share of the capital given to it."),
        "score": COLUMN.NumberColumn(
            "Score", format="%.2f", help="0.7 × Sharpe + 0.3 × win rate less price paid, both as robust z-scores."
        ),
        "resolved": COLUMN.NumberColumn("Resolved", format="%d", help="Resolved markets behind the score."),
        "pnl": COLUMN.NumberColumn("Its result", format="$%,.0f", help="The wallet's own profit or loss."),
        "follower": COLUMN.NumberColumn(
            "A follower's", format="$%,.0f", help="What a follower of every trade would have made."
        ),
        "flags": COLUMN.TextColumn("Flags", help="What else was noticed."),
        "cluster": COLUMN.TextColumn("Cluster", help="Wallets of the same name are probably one person's."),
        "wallet": COLUMN.TextColumn("Address", help="The whole address."),
    }


def whale_columns() -> "dict[str, ColumnConfig]":
    """Followed wallets whose ranking is not stored."""
    return {
        "rank": COLUMN.NumberColumn("Rank", format="%d", help="By the lower end of the return's interval."),
        "whale": COLUMN.TextColumn("Whale", help="The wallet, shortened."),
        "pnl": COLUMN.NumberColumn("Our result", format="dollar", help="Result of copying it, fees included."),
        "copies": COLUMN.NumberColumn("Copies", format="%d", help="Orders of ours that copied it."),
        "edge": COLUMN.NumberColumn("Edge", format="%+.2f ¢", help="Won less paid per share, shrunk towards zero."),
        "mean": COLUMN.NumberColumn("Return", format="%.1f%%", help="Mean return per market before the ranking."),
        "low": COLUMN.NumberColumn("95% from", format="%.1f%%", help="Lower end of the return's 95% interval."),
        "high": COLUMN.NumberColumn("95% to", format="%.1f%%", help="Upper end of the return's 95% interval."),
        "markets": COLUMN.NumberColumn("Markets", format="%d", help="Resolved markets the ranking rests on."),
        "volume": COLUMN.NumberColumn("Volume", format="$%,.0f", help="Dollars it traded in those markets."),
        "last": COLUMN.DatetimeColumn(
            "Last copy (UTC)", format="YYYY-MM-DD HH:mm:ss", timezone="UTC", help="Our latest order that copied it."
        ),
        "wallet": COLUMN.TextColumn("Wallet", help="The whole address."),
    }


def pair_columns() -> "dict[str, ColumnConfig]":
    """Other wallets that may be the same person's."""
    return {
        "other": COLUMN.TextColumn("Other wallet", width=115, help="The wallet, shortened."),
        "evidence": COLUMN.TextColumn("Evidence", width="large", help="Why, or why not."),
        "wallet": COLUMN.TextColumn("Address", help="The whole address."),
    }


def decision_columns() -> "dict[str, ColumnConfig]":
    """Decisions, one per whale trade."""
    return {
        "at": COLUMN.DatetimeColumn("Time (UTC)", format="MM-DD HH:mm:ss", timezone="UTC", help="Event time."),
        "reason": COLUMN.TextColumn("Reason", width=150, help="Why it was, or was not, copied."),
        "numbers": COLUMN.TextColumn(
            "Numbers", width="large", help="What was measured, and in brackets the limits it was held against."
        ),
        "whale": COLUMN.TextColumn("Whale", help="Rank and wallet."),
        "side": COLUMN.TextColumn("Side", help="What the whale did."),
        "outcome": COLUMN.TextColumn("Outcome", help="The answer the whale traded."),
        "market": COLUMN.TextColumn("Market", width="medium", help="The question the market asks."),
        "price": COLUMN.NumberColumn("Whale price", format="$%.3f", help="Price of the whale's fill."),
        "size": COLUMN.NumberColumn("Whale shares", format="%,.2f", help="Size of the whale's fill."),
        "limit": COLUMN.NumberColumn("Our limit", format="$%.3f", help="The worst price the copy may get."),
        "p_win": COLUMN.NumberColumn(
            "Chance to win", format="%.1f%%", help="Estimate: price plus the whale's shrunken edge."
        ),
        "stake": COLUMN.NumberColumn(
            "Stake", format="dollar", width=80, help="What sizing wished to spend, before limits."
        ),
        "confidence": COLUMN.NumberColumn("Confidence", format="%.1f%%", help="Strength of the signal."),
        "unchecked": COLUMN.TextColumn("Not checked", help="Filters a recording has no data for."),
        "wallet": COLUMN.TextColumn("Wallet", help="The whole address."),
    }


def leg_columns() -> "dict[str, ColumnConfig]":
    """The orders of one decision."""
    return {
        "state": COLUMN.TextColumn("State", help="In doubt: the venue's answer is unknown; its cash stays held."),
        "side": COLUMN.TextColumn("Side", help="Buy opens or adds, Sell closes."),
        "worked": COLUMN.TextColumn("Execution", help="Later phases pay more for less; large orders go in slices."),
        "size": COLUMN.NumberColumn("Shares", format="%,.2f", help="Shares ordered."),
        "filled": COLUMN.ProgressColumn("Filled", format="%.0f%%", min_value=0, max_value=100, help="Part executed."),
        "limit": COLUMN.NumberColumn("Limit", format="$%.3f", help="The worst price accepted."),
        "average": COLUMN.NumberColumn("Average", format="$%.4f", help="Average price of its fills."),
        "reference": COLUMN.NumberColumn("Shown", format="$%.3f", help="Best price of the book when it was decided."),
        "slippage": COLUMN.NumberColumn("Slippage", format="%+.2f%%", help="How much worse than that the average was."),
        "fees": COLUMN.NumberColumn("Fees", format="dollar", help="Fees of its fills."),
        "placed": COLUMN.DatetimeColumn("Placed (UTC)", format="MM-DD HH:mm:ss", timezone="UTC", help="Event time."),
        "note": COLUMN.TextColumn("Note", help="What the venue or the trader said of it."),
        "key": COLUMN.TextColumn("Order", help="Its key, for the command explain."),
    }


def breaker_columns() -> "dict[str, ColumnConfig]":
    """Breakers, those that are tripped first."""
    return {
        "state": COLUMN.TextColumn("State", width=95, pinned=True, help="Tripped: it acts now."),
        "name": COLUMN.TextColumn("Breaker", width=150, help="Its name."),
        "does": COLUMN.TextColumn("Does", width=140, help="Exits go on under every breaker but the kill switch."),
        "condition": COLUMN.TextColumn("Trips when", width="medium", help="Its condition, with the limit in force."),
        "ends": COLUMN.TextColumn("Ends", width="medium", help="How it ends."),
        "by": COLUMN.TextColumn("Ended by", width=90, help="Who may end it."),
    }


def exit_columns() -> "dict[str, ColumnConfig]":
    """Exits by rule."""
    return {
        "rule": COLUMN.TextColumn("Rule", width=130, pinned=True, help="Which rule of ours sold."),
        "count": COLUMN.NumberColumn("Exits", format="%d", width=70, help="Positions it has left so far."),
        "meaning": COLUMN.TextColumn("Meaning", width="large", help="What it does."),
    }


def alert_columns() -> "dict[str, ColumnConfig]":
    """What the trader told people."""
    return {
        "at": COLUMN.DatetimeColumn("Time (UTC)", format="MM-DD HH:mm:ss", timezone="UTC", help="Event time."),
        "severity": COLUMN.TextColumn("Severity", width=105, help="1 halts, 2 reduces, 3 is for the record."),
        "name": COLUMN.TextColumn("Alert", width=140, help="Its name."),
        "times": COLUMN.NumberColumn("Times", format="%d", width=65, help="How often within a minute."),
        "text": COLUMN.TextColumn("What happened", width="large", help="With its numbers."),
    }


def source_columns() -> "dict[str, ColumnConfig]":
    """Sources, one per row."""
    since = "from the instant the venue dates a trade at (often a whole second) to its arrival here"
    return {
        "source": COLUMN.TextColumn("Source", width=125, pinned=True, help="Who tells us."),
        "job": COLUMN.TextColumn(
            "Does the job of", width=170, help="What is taken from it now; else whether it is down or in reserve."
        ),
        "told": COLUMN.ProgressColumn(
            "Told",
            format="%.1f%%",
            min_value=0,
            max_value=100,
            width=120,
            help="Share of all trades of followed wallets, told by anybody, that this source told.",
        ),
        "trades": COLUMN.TextColumn(
            "Trades", width=95, alignment="right", help="The same as counts, over 24 hours at most."
        ),
        "p50": COLUMN.NumberColumn("Delay p50", format="%.2f s", width=80, help=f"Half come sooner: {since}."),
        "p95": COLUMN.NumberColumn("Delay p95", format="%.2f s", width=80, help=f"95% come sooner: {since}."),
        "notices": COLUMN.TextColumn(
            "What happened", width="large", help="Since the trader started; the reasons are on the tape."
        ),
    }
