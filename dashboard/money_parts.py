"""Sections of the page Executive: activity, wins, where the money is, and what each whale brought."""

from statistics import median

import streamlit as st

from dashboard.columns import show_table
from dashboard.deals import Deal, standing
from dashboard.figures import box
from dashboard.frame import REFRESH_S, theme, told
from dashboard.heads.executive import Look, look_of
from dashboard.market_results import category, slip_of
from dashboard.money_columns import sum_columns
from dashboard.performance import (
    ROLLING,
    Sum,
    fill_rate,
    hourly,
    rolling_wins,
    shares_of,
    sums_by,
    wins_of,
)
from dashboard.queries.asked import Queries
from dashboard.queries.money import days_up_to
from dashboard.state import Live
from dashboard.tables import Ranks, Row, whale
from dashboard.words import NOTHING, count, dollars, plain, ratio
from shared.domain.instants import DAY, HOUR, MINUTE
from shared.domain.money import float_of_micro, value

START = "Nothing to show yet: the trader has not published its first figures. Start it with `make run`."
PARTS_MOST = 8
WHALES_MOST = 200
KINDS = ("Cash and positions", "Whale", "Strategy", "Category")
SLOWLY = 15 * REFRESH_S  # seconds between looks at what moves by the minute


@st.fragment(run_every=SLOWLY)
def activity(queries: Queries) -> None:
    """Executions and the fill rate of the last 24 hours, with a chart by the hour."""
    st.header("Activity", help="Executions of the last 24 hours of event time (UTC).")
    with told("The executions"):
        live = queries.live()
        if live is None:
            st.info(START, icon=":material/hourglass_empty:")
            return
        since = live.event_at - DAY
        deals, planned = _last_day(queries, live)
        recent = [deal for deal in deals if since < deal.at <= live.event_at]
        waiting = [order.order_key for order in queries.open_orders()]
        filled, ended = fill_rate(planned, deals, waiting, since)
        hours = _hours_lived(queries, live)
        with st.container(key="figures_activity"):
            box(
                "Executions an hour",
                f"{len(recent) / hours:.1f}",
                f"{count(len(recent))} within {hours:.3g} h",
                "Executions of our orders, purchases and sales, divided by the hours the account has lived of 24.",
            )
            box(
                "Fill rate of purchases",
                ratio(filled, ended),
                f"{count(filled)} of {count(ended)} ended",
                "Purchases planned within 24 hours that have ended and got at least one share. Sales are not in it: "
                "they hold no cash, so the ledger does not know of those that got nothing.",
            )
            slipped = [slip for deal in recent if (slip := slip_of(deal)) is not None]
            box(
                "Slippage, median",
                f"{median(slipped):+.2f}%" if slipped else NOTHING,
                f"of {count(len(slipped))} executions",
                "How much worse an execution was than the best price displayed at the decision; below zero, better.",
            )
            box(
                "Traded",
                dollars(sum(value(deal.size, deal.price) for deal in recent)),
                f"fees {dollars(sum(deal.fee for deal in recent))}",
                "Shares times price of all executions.",
            )
        if not recent:
            st.info("Nothing was executed within 24 hours.", icon=":material/inbox:")
            return
        from dashboard.money_charts import hour_bars

        rows = hourly(recent, live.event_at)
        words = f"Executions by the hour, {count(len(recent))} within 24 hours."
        st.altair_chart(hour_bars(rows), width="stretch", key="hours", alt=words)


def _last_day(queries: Queries, live: Live) -> tuple[list[Deal], dict[str, int]]:
    """Executions and planned purchases of the two days that the last 24 hours lie in."""
    days = days_up_to(live.event_at, queries.money.began(), 2)
    books = [queries.money.book(day, live.event_at) for day in days]
    planned = {key: at for book in books for key, at in book.planned.items()}
    return standing(books), planned


def _hours_lived(queries: Queries, live: Live) -> float:
    began = queries.money.began()
    lived = DAY if began is None else min(DAY, live.event_at - began)
    return max(lived, MINUTE) / HOUR


@st.fragment(run_every=SLOWLY)
def wins(queries: Queries) -> None:
    """The rolling win rate."""
    st.header(
        f"Win rate of the last {ROLLING}",
        help=f"Share of wins among each closed position and the {ROLLING - 1} closed before it.",
    )
    with told("The win rate"):
        rates = rolling_wins(queries.positions())
        if len(rates) < 2:
            done = wins_of(queries.positions()).closed
            st.info(
                f"It begins with {ROLLING + 1} closed positions; there are {count(done)} so far.",
                icon=":material/hourglass_empty:",
            )
            return
        from dashboard.money_charts import win_line

        shares = [rate for _, rate in rates]
        words = f"Now {shares[-1]:.0%}; between {min(shares):.0%} and {max(shares):.0%} so far."
        st.caption(plain(words))
        st.altair_chart(win_line(rates), width="stretch", key="win_line", alt=words)


@st.fragment(run_every=SLOWLY)
def allocation(queries: Queries) -> None:
    """Where the money is, by whale, strategy or category."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header(
            "Allocation",
            width="content",
            help="Open positions at their last price (at cost where none is known), beside cash.",
        )
        kind = st.segmented_control(
            "By", KINDS, default=KINDS[0], required=True, label_visibility="collapsed", key="allocation"
        )
    with told("The allocation"):
        look = look_of(queries)
        if look is None:
            st.info(START, icon=":material/hourglass_empty:")
            return
        rows = _parts(queries, look, str(kind))
        if not rows:
            st.info("No open positions: all money is cash.", icon=":material/inbox:")
            return
        from dashboard.money_charts import part_bars

        words = "; ".join(f"{row['name']} {float(str(row['share'])):.1%}" for row in rows)
        st.altair_chart(part_bars(rows, theme()), width="stretch", key="parts", alt=words)


def _parts(queries: Queries, look: Look, kind: str) -> list[Row]:
    live = look.live
    if kind == KINDS[0]:
        return shares_of(
            [("Free cash", live.cash), ("Held for orders", live.reserved), ("Positions", live.marked)], PARTS_MOST
        )
    held = [one for one in look.positions if one.size]
    if kind == KINDS[1]:
        found = sums_by(held, live.marks, lambda one: whale(one.source, look.ranks))
    elif kind == KINDS[2]:
        found = sums_by(held, live.marks, lambda one: one.strategy)
    else:
        known = queries.money.titles({one.market for one in held})
        found = sums_by(held, live.marks, lambda one: category(known.get(one.market)))
    return shares_of([(one.name, one.held) for one in found.values()], PARTS_MOST)


@st.fragment(run_every=SLOWLY)
def whales(queries: Queries) -> None:
    """What copying each whale has brought."""
    st.header("By whale", help="One row per wallet that was ever copied, the best first.")
    with told("The results by whale"):
        look = look_of(queries)
        ordered = [] if look is None else sorted(look.by_whale.values(), key=lambda one: -one.total)
        if look is None or not ordered:
            st.info("No whale was copied yet: a first execution brings a row.", icon=":material/inbox:")
            return
        if len(ordered) > WHALES_MOST:
            st.caption(f"The best and the worst {WHALES_MOST // 2} of {count(len(ordered))} wallets.")
            ordered = ordered[: WHALES_MOST // 2] + ordered[-WHALES_MOST // 2 :]
        show_table(
            [_whale_row(one, look.ranks) for one in ordered],
            key="by_whale",
            height=min(430, 38 + 35 * len(ordered)),
            column_config=sum_columns(),
        )


def _whale_row(one: Sum, ranks: Ranks) -> Row:
    return {
        "whale": whale(one.name, ranks),
        "total": float_of_micro(one.total),
        "realized": float_of_micro(one.realized),
        "unrealized": float_of_micro(one.unrealized),
        "held": float_of_micro(one.held),
        "open": one.open,
        "count": one.count,
        "wallet": one.name,
    }
