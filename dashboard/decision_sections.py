"""The lower half of page Decisions: our estimates beside the market, what trades are about, the last copies."""

import streamlit as st

from dashboard.beliefs import POINTS_MAX, copied_keys, points, points_in_words, topics, topics_in_words
from dashboard.columns import show_table
from dashboard.frame import REFRESH_S, theme, told
from dashboard.queries.asked import Queries
from dashboard.tables import order_rows
from dashboard.words import plain

TRADES_SHOWN, LOOKED_AT = 20, 60
"""The last trades, out of so many of the latest orders: some are never filled."""
COLUMN = st.column_config


@st.fragment(run_every=15 * REFRESH_S)
def pictures(queries: Queries) -> None:
    """The estimates and the topics of the latest decisions."""
    with told("The estimates"):
        live = queries.live()
        latest = [] if live is None else queries.decisions(live.event_at, POINTS_MAX)
        if not latest:
            return
        markets = queries.markets({one.market for one in latest})
        from dashboard.belief_charts import belief_scatter, topic_bars

        left, right = st.columns([3, 2])
        with left:
            st.header(
                "What we believe beside the market",
                help="Each estimated trade: the price across is what the market believes, up is our chance to win: the "
                "price plus the whale's shrunken edge. Above the dashed line we believe more than the market.",
            )
            rows = points(latest, markets)
            if rows:
                words = points_in_words(rows)
                st.vega_lite_chart(belief_scatter(rows, theme()), width="stretch", key="beliefs", alt=words)
                st.caption(words)
            else:
                st.info(
                    "None of the latest trades came as far as an estimate: they were turned down before it.",
                    icon=":material/scatter_plot:",
                )
        with right:
            st.header(
                "What they are about", help=f"The latest {POINTS_MAX:,} whale trades by category of their market."
            )
            about = topics(latest, markets)
            words = topics_in_words(about)
            st.altair_chart(topic_bars(about, theme()), width="stretch", key="topics", alt=words)
            st.caption(plain(words))


@st.fragment(run_every=5 * REFRESH_S)
def last_trades(queries: Queries) -> None:
    """The latest copies that were executed."""
    st.header(
        f"Last {TRADES_SHOWN} trades", help="Orders of ours that were filled, in whole or in part, the newest first."
    )
    with told("The last trades"):
        live = queries.live()
        latest = [] if live is None else queries.decisions(live.event_at, POINTS_MAX)
        made = queries.orders(copied_keys(latest, LOOKED_AT))
        filled = [one for one in made if one.filled][:TRADES_SHOWN]
        if live is None or not filled:
            st.info("No order was filled yet. One appears when a copy is executed.", icon=":material/inbox:")
            return
        markets = queries.markets({one.market for one in filled})
        ranks = {whale.wallet: whale.rank for whale in queries.whales()}
        show_table(
            order_rows(filled, live.event_at, markets, ranks),
            key="last_trades",
            height=38 + 35 * len(filled),  # not money: pixels
            column_order=("placed", "side", "outcome", "market", "size", "filled", "limit", "cost", "whale", "state"),
            column_config={
                "placed": COLUMN.DatetimeColumn(
                    "Placed (UTC)", format="MM-DD HH:mm:ss", timezone="UTC", help="Event time of the plan."
                ),
                "side": COLUMN.TextColumn("Side", width=60, help="Buy opens or adds, Sell closes."),
                "outcome": COLUMN.TextColumn("Outcome", help="The answer bought or sold."),
                "market": COLUMN.TextColumn("Market", width="medium", help="The question the market asks."),
                "size": COLUMN.NumberColumn("Shares", format="%,.2f", help="Shares ordered."),
                "filled": COLUMN.ProgressColumn(
                    "Filled", format="%.0f%%", min_value=0, max_value=100, help="Part executed."
                ),
                "limit": COLUMN.NumberColumn("Limit", format="$%.3f", help="The worst price accepted."),
                "cost": COLUMN.NumberColumn("Cost", format="dollar", help="What its fills took, or brought."),
                "whale": COLUMN.TextColumn("Whale", help="Rank and wallet of the whale this copies."),
                "state": COLUMN.TextColumn("State", help="How the order stands."),
            },
        )
