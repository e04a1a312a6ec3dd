"""Operations: whether every part of the house works, orders that are open, in doubt or failed, how fast it is, what it
takes of its machine.
"""

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.columns import alert_columns, choose_row, show_table, source_columns
from dashboard.figures import show_figures
from dashboard.frame import REFRESH_S, open_page, theme, told
from dashboard.heads.operations import well
from dashboard.machinery import Line, decisions, delays, latest_words, loop, machine, memory_words
from dashboard.operations import (
    DOWN,
    LOOK,
    dead_rows,
    doubt_rows,
    lights_words,
    part_rows,
    quality_words,
    recent_rows,
    run_rows,
    state_counts,
    to_show,
)
from dashboard.operations_columns import dead_columns, doubt_columns, order_columns, part_columns, run_columns
from dashboard.queries.asked import Queries
from dashboard.risk import alert_rows, finding_rows, rounds_words, settlement_words
from dashboard.sources import source_rows
from dashboard.state import Live, RiskView
from dashboard.tables import Row
from dashboard.words import ORDER_STATES, count, plain, short, stamp
from shared.domain.errors import HouseError
from shared.domain.notes import Review
from shared.domain.order import Order, OrderState

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

ORDER = "order"  # the parameter of the page's address that names the failed order looked at
START = "Nothing to show yet: the trader has not written how its parts stand. Start it with `make run`."
ROW, HEAD = 35, 38  # pixels of a row and of the head of a table
RECENT_DECISIONS, RECENT_ORDERS = 200, 15
NOTE_LEAST = 3  # letters; the control API refuses shorter notes
FINAL_WORDS = (
    "Only what the venue states ends a doubt: its list of open orders, the trades of the order, the position. It is "
    "asked again and again; the cash stays held meanwhile, and trading does not resume before every doubt has ended."
)
NO_RETRY = (
    "A failed order is not sent again: the price it was decided on is gone, and sending it would be a new order that "
    "nobody has decided. The next trade of the whale is decided anew. What is left to do is to see why it failed."
)


@st.fragment(run_every=2 * REFRESH_S)
def lights(queries: Queries) -> None:
    """Every part with its light."""
    st.header("Parts", help="The trader, its lease and its parts, what is not well first; written each half minute.")
    with told("The parts"):
        live, view, lease = queries.live(), queries.operations.view(), queries.operations.lease()
        if live is None and view is None:
            st.info(START, icon=":material/hourglass_empty:")
            return
        rows = part_rows(view, live, lease, queries.now())
        show_figures("parts", well(rows, live or Live()))
        bad = [row for row in rows if row["light"] in (DOWN, LOOK)]
        if bad:
            named = "; ".join(f"{row['part']}: {row['says']}" for row in bad)
            st.warning(plain(named), icon=":material/front_hand:")
        st.caption(plain(lights_words(rows)))
        _table(rows, "parts", part_columns())


@st.fragment(run_every=15 * REFRESH_S)
def functions(queries: Queries) -> None:
    """The functions beside the trader, and what they found."""
    st.header("Functions", help="What runs beside the trader in a deployment, whatever the trader says of itself.")
    with told("The functions"):
        runs = queries.operations.runs()
        if not runs:
            words = (
                "No function has left a run. They run in a deployment; under `make run` the trader checks its books."
            )
            st.info(words, icon=":material/cloud_off:")
            return
        rows = run_rows(runs, queries.now())
        st.caption(plain(lights_words(rows)))
        _table(rows, "functions", run_columns())
        found = queries.operations.quality(queries.now())
        if found is not None:
            st.caption(plain(f"The 24 hours before {stamp(found.at)} UTC: {quality_words(found)}."))


@st.fragment(run_every=2 * REFRESH_S)
def orders(queries: Queries) -> None:
    """Orders that are not final, and those in doubt with what resolves them."""
    st.header("Open orders", help="By state; an order in doubt was sent, and nobody knows yet what became of it.")
    with told("The open orders"):
        live, active = queries.live() or Live(), queries.open_orders()
        counts = state_counts(active)
        if not active:
            st.caption("No order is open, and none is in doubt.")
            return
        st.caption(plain(" · ".join(f"{ORDER_STATES[state]}: {count(n)}" for state, n in counts.items())))
        markets = queries.markets({order.market for order in active})
        if OrderState.IN_DOUBT in counts:
            st.warning(plain(f"{count(counts[OrderState.IN_DOUBT])} in doubt. {FINAL_WORDS}"), icon=":material/help:")
            _table(doubt_rows(active, live.event_at, markets), "doubts", doubt_columns())
        known = [order for order in active if order.state is not OrderState.IN_DOUBT]
        if known:
            _table(recent_rows(known, live.event_at, markets), "open", order_columns())


@st.fragment(run_every=15 * REFRESH_S)
def recent(queries: Queries) -> None:
    """The latest orders that have ended."""
    with st.expander(f"The {RECENT_ORDERS} latest orders of copied trades"), told("The latest orders"):
        live = queries.live()
        latest = [] if live is None else queries.decisions(live.event_at, RECENT_DECISIONS)
        keys = list(dict.fromkeys(d.order_key for d in latest if d.order_key))[:RECENT_ORDERS]
        found = queries.orders(keys) if keys else []
        if live is None or not found:
            st.caption("No order yet. One appears when a whale trade is copied.")
            return
        markets = queries.markets({order.market for order in found})
        _table(recent_rows(found, live.event_at, markets), "recent", order_columns())


@st.fragment(run_every=5 * REFRESH_S)
def dead_letters(queries: Queries) -> None:
    """Orders that failed for good, to be looked at by a person."""
    st.header("Dead letters", help="Orders that failed for good: refused for a reason no other try would change.")
    with told("The failed orders"):
        view = queries.operations.view()
        if view is None or not view.dead:
            st.success("No order has failed for good.", icon=":material/check:")
            return
        st.caption(NO_RETRY)
        reviews = queries.operations.reviews()
        kinds = ["To review", "Reviewed", "All"]
        which = st.segmented_control("Show", kinds, default="To review", required=True, key="dead_which")
        found = queries.operations.orders(view.dead)
        shown = to_show(found, reviews, str(which))
        left = len(to_show(found, reviews, "To review"))
        st.caption(f"{count(view.dead_count)} in all, {count(left)} of the latest {count(len(found))} to review.")
        if not shown:
            st.info(f"None of them is left under “{which}”.", icon=":material/inbox:")
            return
        letters(queries, shown, reviews, str(which))


def letters(queries: Queries, shown: list[Order], reviews: dict[str, Review], which: str) -> None:
    """The table, and the form for the order whose row is chosen."""
    rows = dead_rows(shown, reviews, queries.markets({order.market for order in shown}))
    key = f"dead/{which}/{len(reviews)}"  # a choice is a row's number, which means another order after a review
    linked = st.query_params.get(ORDER, "")
    first = [place for place, order in enumerate(shown) if order.order_key == linked]
    places = choose_row(rows, key, dead_columns(), _height(len(rows), 10), first=first[:1], required=False)
    if not places or places[0] >= len(shown):
        st.query_params.pop(ORDER, None)
        st.caption("Choose a row to note that you have looked at it.")
        return
    order = shown[places[0]]
    if linked != order.order_key:
        st.query_params[ORDER] = order.order_key
    known = reviews.get(order.order_key)
    if known is not None:
        st.info(plain(f"Reviewed by {known.who} at {stamp(known.at)} UTC: {known.note}"), icon=":material/check:")
        return
    st.caption(plain(f"{short(order.order_key)}: {order.note}"))
    st.caption(f"The whole story in the terminal: `python -m fargate explain {order.order_key}`")
    with st.form("review_form", border=False, clear_on_submit=True):
        note = st.text_input(
            "What you found", max_chars=200, key="review_note", help="Kept for others to read."
        ).strip()
        sent = st.form_submit_button("Mark as reviewed", icon=":material/check:")
    if sent:
        review(queries, order, note)


def review(queries: Queries, order: Order, note: str) -> None:
    """Keep the note through the control API."""
    if len(note) < NOTE_LEAST:
        st.error(f"Nothing was done: write at least {NOTE_LEAST} letters of what you found.")
        return
    try:
        said = queries.changes.review(order.order_key, note)
    except HouseError as error:
        st.error(plain(f"It was not done: {error}."))
        return
    queries.operations.forget()
    st.toast(plain(said), icon=":material/check:")
    st.rerun()


@st.fragment(run_every=15 * REFRESH_S)
def speed(queries: Queries) -> None:
    """How fast the house was in the last day, and what it took of its machine."""
    st.header(
        "Speed", help="The last 24 hours of event time, a point a minute; each line shows the worst of its stretch."
    )
    with told("The figures of the day"):
        live = queries.live()
        moments = [] if live is None else queries.operations.day(live.event_at)
        charts: tuple[tuple[str, str, dict[str, Line], str, str], ...] = (
            (
                "From hearing to deciding",
                "How long after a whale's trade was heard it was decided on.",
                decisions(moments),
                "ms",
                "decided",
            ),
            (
                "Loop and store",
                "How late the event loop is, and half of the store's answers.",
                loop(moments),
                "ms",
                "loop",
            ),
            (
                "Sources, 95% within",
                "From the instant the venue dates a trade at to its arrival, by source.",
                delays(moments),
                "s",
                "delays",
            ),
            ("Processor and memory", "Of one core, and of the memory there is.", machine(moments), "%", "machine"),
        )
        if not any(lines for _, _, lines, _, _ in charts):
            st.info("Nothing was measured yet: the first point comes within two minutes.", icon=":material/speed:")
            return
        columns = st.columns(2)
        for place, (name, help_, lines, unit, key) in enumerate(charts):
            with columns[place % 2]:
                st.subheader(name, help=help_)
                day(lines, unit, key, f" ({memory_words(moments)})" if key == "machine" else "")


def day(lines: dict[str, Line], unit: str, key: str, more: str) -> None:
    """One chart, and its latest numbers in words."""
    if not any(len(line) > 1 for line in lines.values()):
        st.caption("Not measured in this run: only a trader on live data does.")
        return
    from dashboard.machinery_charts import day_chart

    words = f"Now: {latest_words(lines, unit)}{more}"
    st.caption(plain(words))
    st.vega_lite_chart(day_chart(lines, unit, theme()), width="stretch", key=f"speed_{key}", alt=words)


@st.fragment(run_every=5 * REFRESH_S)
def feeds(queries: Queries) -> None:
    """What each source tells, how fast, and what happened to it."""
    st.header("Feeds", help="Each source, what it is used for, and the share of followed wallets' trades it told.")
    with told("The feeds"):
        live = queries.live()
        measured = None if live is None else queries.measures(live.event_at)
        if live is None or measured is None:
            st.info("No source was measured: a recorded or invented world has none.", icon=":material/cloud_off:")
            return
        _table(source_rows(live, measured), "feeds", source_columns())


@st.fragment(run_every=5 * REFRESH_S)
def books(queries: Queries) -> None:
    """Whether our books equal the venue's, and what people were told."""
    with told("The rounds"):
        view = queries.risk()
        st.header("Reconciliation", help="Our books against what the venue states, every five minutes.")
        if view is None:
            st.info(
                "The trader has not told yet how its books compare with the venue's.", icon=":material/hourglass_empty:"
            )
            return
        rounds(view)
        st.header("Errors and notices", help="The last ones; the same again within a minute is counted.")
        if not view.alerts:
            st.caption("The trader has raised no alert.")
            return
        _table(alert_rows(view.alerts), "alerts", alert_columns())


def rounds(view: RiskView) -> None:
    """The last rounds in words."""
    if view.settlement.broken:
        st.error(plain(f"Our books cannot follow the venue: {view.settlement.broken}"), icon=":material/error:")
    st.write(plain(rounds_words(view.reconciliation, view.event_at)))
    st.caption(plain(settlement_words(view.settlement)))
    found = finding_rows(view.reconciliation)
    if found:
        st.caption(
            plain("Since the start: " + "; ".join(f"{count(int(str(row['count'])))}× {row['kind']}" for row in found))
        )
    for one in view.reconciliation.last:
        st.caption(plain(f"Last round: {one.text}"))


def _height(rows: int, most: int) -> int:
    return HEAD + ROW * max(min(rows, most), 1)  # not money: pixels


def _table(rows: list[Row], key: str, columns: "dict[str, ColumnConfig]") -> None:
    show_table(rows, height=_height(len(rows), 20), key=f"operations_{key}", column_config=columns)


def main() -> None:
    """Lay the page out."""
    queries = open_page("Operations")
    if queries is None:
        return
    lights(queries)
    orders(queries)
    recent(queries)
    dead_letters(queries)
    speed(queries)
    feeds(queries)
    functions(queries)
    books(queries)


main()
