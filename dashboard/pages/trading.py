"""Trading overview: the account's figures, the sources, its equity curve, open positions and orders."""

import streamlit as st

from dashboard.columns import show_table, source_columns
from dashboard.figures import show_figures
from dashboard.frame import REFRESH_S, open_page, theme, told
from dashboard.heads.trading import trading
from dashboard.market_panel import markets as market_screens
from dashboard.queries.asked import Queries
from dashboard.sources import alarms, handovers, own_speed, source_rows
from dashboard.state import Live
from dashboard.tables import Markets, Ranks, order_rows, position_rows, unrealised
from dashboard.words import count, dollars, gain, plain, stamp
from shared.domain.instants import DAY, HOUR
from shared.domain.ledger import Position
from shared.domain.order import Order

SPANS = {"6 h": 6 * HOUR, "24 h": DAY, "7 days": 7 * DAY}  # not money: durations
RECENT_DECISIONS = 300
RECENT_ORDERS = 25
COLUMN = st.column_config
START = "Nothing to show yet: the trader has not published its first figures. Start it with `make run`."


@st.fragment(run_every=REFRESH_S)
def head(queries: Queries) -> None:
    """The figures, renewed by themselves."""
    with told("The account"):
        figures = trading(queries)
        if not figures:
            st.info(START, icon=":material/hourglass_empty:")
            return
        show_figures("account", figures)


@st.fragment(run_every=5 * REFRESH_S)
def sources(queries: Queries) -> None:
    """Who tells us, how much and how fast; nothing in a world that is not live, where nothing is measured."""
    with told("The sources"):
        live = queries.live()
        measured = None if live is None or live.synthetic else queries.measures(live.event_at)
        if live is None or measured is None:
            return
        for sentence in alarms(live, measured):
            st.warning(plain(sentence), icon=":material/speed:")
        with st.expander("Sources: who tells us, how much and how fast", icon=":material/sensors:", key="sources"):
            st.caption(plain(own_speed(measured)))
            show_table(
                source_rows(live, measured),
                key="source_table",
                column_config=source_columns(),
            )
            if changed := handovers(measured):
                st.caption(plain(changed))
            st.caption(plain(f"Measured at {stamp(measured.at)} UTC, about once a minute; trades count after 2 min."))


@st.fragment(run_every=5 * REFRESH_S)
def curve(queries: Queries) -> None:
    """Equity over time."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header(
            "Equity", width="content", help="Equity in event time (UTC), one point a minute; dashed: the capital."
        )
        span = st.segmented_control(
            "Span", list(SPANS), default="24 h", required=True, label_visibility="collapsed", key="span"
        )
    with told("The equity curve"):
        live = queries.live()
        points = [] if live is None else queries.curve(live.event_at - SPANS[str(span)], live.event_at)
        if live is None or len(points) < 2:
            st.info("The curve begins after two minutes of event time.", icon=":material/show_chart:")
            return
        first, last = points[0].equity, points[-1].equity
        words = f"Equity went from {dollars(first)} to {dollars(last)} ({gain(last - first)}) in the span shown."
        st.caption(plain(words))
        from dashboard.charts import equity_curve

        st.vega_lite_chart(equity_curve(points, live.capital, theme()), width="stretch", key="curve", alt=words)


@st.fragment(run_every=REFRESH_S)
def holdings(queries: Queries) -> None:
    """Open positions and orders."""
    with told("Positions and orders"):
        live = queries.live() or Live()
        held = [p for p in queries.positions() if p.size != 0]
        orders = recent_orders(queries, live)
        markets = queries.markets({p.market for p in held} | {o.market for o in orders})
        ranks = {w.wallet: w.rank for w in queries.whales()}
        positions_table(held, live, markets, ranks)
        orders_table(orders, live, markets, ranks)


def recent_orders(queries: Queries, live: Live) -> list[Order]:
    """Open orders first of all, then the latest final ones."""
    active = queries.open_orders()
    seen = {o.order_key for o in active}
    latest = queries.decisions(live.event_at, RECENT_DECISIONS) if live.event_at else []
    keys = [d.order_key for d in latest if d.order_key and d.order_key not in seen]
    return active + queries.orders(list(dict.fromkeys(keys))[:RECENT_ORDERS])


def positions_table(held: list[Position], live: Live, markets: Markets, ranks: Ranks) -> None:
    """What is held, what it cost, and what it would bring."""
    st.header("Open positions", help="One row per outcome token and whale copied.")
    if not held:
        st.info("No open positions. One appears when a copy order is filled.", icon=":material/inbox:")
        return
    marked = [u for u in (unrealised(p, live.marks) for p in held) if u is not None]
    summary = f"{count(len(held))} positions, cost {dollars(sum(p.cost for p in held))}"
    if marked:
        summary += f", unrealised {gain(sum(marked))}"
    if len(marked) < len(held):
        summary += f" · {count(len(held) - len(marked))} without a last price"
    st.caption(plain(summary))
    show_table(
        position_rows(held, live.marks, markets, ranks),
        key="positions",
        column_config={
            "market": COLUMN.TextColumn("Market", width="medium", help="The question the market asks."),
            "outcome": COLUMN.TextColumn("Outcome", help="The answer we hold shares of."),
            "size": COLUMN.NumberColumn("Shares", format="%,.2f", help="Each pays $1 if the outcome comes true."),
            "cost": COLUMN.NumberColumn("Cost", format="dollar", help="What was paid for them, fees included."),
            "paid": COLUMN.NumberColumn("Paid each", format="$%.3f", help="Cost per share."),
            "mark": COLUMN.NumberColumn("Last price", format="$%.3f", help="Empty: no price known at the moment."),
            "unrealised": COLUMN.NumberColumn("Unrealised", format="dollar", help="Worth now less cost."),
            "whale": COLUMN.TextColumn("Whale", help="Rank and wallet of the whale this copies."),
            "opened": COLUMN.DatetimeColumn("Opened (UTC)", format="YYYY-MM-DD HH:mm:ss", timezone="UTC"),
        },
    )


def orders_table(orders: list[Order], live: Live, markets: Markets, ranks: Ranks) -> None:
    """Open and recent orders with their states."""
    st.header("Orders", help=f"Open orders and the {RECENT_ORDERS} latest final ones.")
    if not orders:
        st.info("No orders yet. One appears when a whale trade is copied.", icon=":material/inbox:")
        return
    show_table(
        order_rows(orders, live.event_at, markets, ranks),
        key="orders",
        column_config={
            "state": COLUMN.TextColumn("State", help="In doubt: the venue's answer is unknown; its cash stays held."),
            "market": COLUMN.TextColumn("Market", width="medium", help="The question the market asks."),
            "outcome": COLUMN.TextColumn("Outcome", help="The answer bought or sold."),
            "side": COLUMN.TextColumn("Side", help="Buy opens or adds, Sell closes."),
            "filled": COLUMN.ProgressColumn(
                "Filled", format="%.0f%%", min_value=0, max_value=100, help="Part executed."
            ),
            "size": COLUMN.NumberColumn("Shares", format="%,.2f", help="Shares ordered."),
            "limit": COLUMN.NumberColumn("Limit", format="$%.3f", help="The worst price accepted."),
            "cost": COLUMN.NumberColumn("Cost", format="dollar", help="What its fills took, or brought, so far."),
            "age": COLUMN.TextColumn("Age", help="Since it was planned, in event time."),
            "placed": COLUMN.DatetimeColumn("Placed (UTC)", format="YYYY-MM-DD HH:mm:ss", timezone="UTC"),
            "whale": COLUMN.TextColumn("Whale", help="Rank and wallet of the whale this copies."),
            "note": COLUMN.TextColumn("Note", help="What the venue or the trader said of it."),
        },
    )


def main() -> None:
    """Lay the page out."""
    queries = open_page("Trading overview")
    if queries is None:
        return
    head(queries)
    market_screens(queries)
    sources(queries)
    curve(queries)
    holdings(queries)


main()
