"""Markets: what each brought, how liquid they were, whether prices came true, and when they end."""

import streamlit as st

from dashboard.columns import show_table
from dashboard.deals import DayBook, standing
from dashboard.figures import show_figures
from dashboard.frame import REFRESH_S, open_page, theme, told
from dashboard.heads.markets import MarketLook, market_look, traded
from dashboard.market_results import (
    MEASURES,
    Cell,
    beliefs,
    bets,
    brief,
    calibration,
    edge,
    ending_rows,
    extremes,
    flow,
    grouped,
    heat_rows,
    market_rows,
    refusals,
    result_rows,
    searched,
    slips,
    soonest,
    told_apart,
)
from dashboard.money_columns import market_columns
from dashboard.money_parts import START
from dashboard.queries.asked import Queries
from dashboard.queries.money import days_up_to
from dashboard.state import Live
from dashboard.tables import Row
from dashboard.words import count, gain, plain
from shared.domain.decision import Decision
from shared.domain.instants import DAY

MOST = 200  # rows of the table; the search finds the others
EACH = 6  # bars of the best, and of the worst
SLOWLY = 15 * REFRESH_S
DECISIONS_MOST = 5_000
DOTS_MOST = 600
HEAT_MOST = 14
DAYS_MOST = 30
GROUPS_MOST = 20
GROUPS = ("Market", "Series", "Category", "Kind")


@st.fragment(run_every=SLOWLY)
def results(queries: Queries) -> None:
    """What markets brought, as bars and as a table to search."""
    with told("The results by market"):
        look = market_look(queries)
        if look is None:
            st.info(START, icon=":material/hourglass_empty:")
            return
        if not look.found:
            st.info("No market was traded yet: a first execution brings one.", icon=":material/inbox:")
            return
        show_figures("markets", traded(look))
        bars(look)
        table(look)


def bars(look: MarketLook) -> None:
    """Results as bars, by market, category or kind."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header(
            "Results",
            width="content",
            help=f"Realised and unrealised results; of markets the {EACH} best and the {EACH} worst.",
        )
        group = st.segmented_control(
            "By", GROUPS, default=GROUPS[0], required=True, label_visibility="collapsed", key="market_group"
        )
    if group == GROUPS[0]:
        kept = extremes(look.found, EACH)
        sums = list(zip(told_apart([one.asked for one in kept]), (one.sum for one in kept), strict=True))
    else:
        names = {
            "Series": lambda one: brief(one.series),
            "Category": lambda one: one.category,
            "Kind": lambda one: one.kind,
        }
        sums = grouped(look.found, names[str(group)])[:GROUPS_MOST]
    if not sums:
        st.info("No market has brought a gain or a loss yet.", icon=":material/inbox:")
        return
    from dashboard.result_charts import result_bars

    words = f"By {str(group).lower()}, best first: " + "; ".join(f"{name} {gain(one.total)}" for name, one in sums)
    rows = result_rows(sums)
    st.altair_chart(result_bars(rows, theme()), width="stretch", key="market_bars", alt=words)


def table(look: MarketLook) -> None:
    """The markets, those that changed last first."""
    text = st.text_input(
        "Search a market",
        key="market_search",
        help="Words of the question, category, kind or id; every word must occur.",
        width=320,
    )
    found = searched(look.found, text)
    if not found:
        st.info(f"None of {count(len(look.found))} markets match; use fewer words.", icon=":material/search_off:")
        return
    total = sum(one.sum.total for one in found)
    words = f"{count(len(found))} of {count(len(look.found))} markets, {gain(total)} together."
    if len(found) > MOST:
        words += f" The {count(MOST)} that changed last are listed; search for the others."
    st.caption(plain(words))
    shown = market_rows(found[:MOST])
    height = min(430, 38 + 35 * len(shown))
    show_table(shown, key="markets", height=height, column_config=market_columns())


@st.fragment(run_every=2 * SLOWLY)
def endings(queries: Queries) -> None:
    """When the markets of open positions end."""
    st.header("Time to resolution", help="Worth of open positions by the time their markets have left.")
    with told("The time to resolution"):
        look = market_look(queries)
        rows: list[Row] = []
        if look is not None:
            rows = ending_rows(look.positions, look.live.marks, look.markets, look.live.event_at)
        if look is None or not rows:
            st.info("No open positions. One appears when a copy order is filled.", icon=":material/inbox:")
            return
        if next_one := soonest(look.positions, look.markets, look.live.event_at):
            st.caption(plain(next_one))
        from dashboard.money_charts import part_bars

        words = "; ".join(f"{row['name']} {float(str(row['share'])):.0%}" for row in rows)
        st.altair_chart(part_bars(rows, theme()), width="stretch", key="endings", alt=words)


@st.fragment(run_every=2 * SLOWLY)
def heat(queries: Queries) -> None:
    """How liquid markets were, by the hour, as far as the trader keeps it."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header(
            "Liquidity by the hour",
            width="content",
            help="The last 24 hours. Whale flow: dollars that followed whales traded. Refused: share of their trades "
            "not copied for a wide spread, a thin book, low volume, slippage, or a price that had moved. Our slippage: "
            "how much worse than the best price displayed our orders were executed, the median. Whole books are not "
            "kept by the hour, so depth is not here.",
        )
        name = st.segmented_control(
            "Measure", list(MEASURES), default="Whale flow", required=True, label_visibility="collapsed", key="measure"
        )
    with told("The liquidity"):
        measure = MEASURES[str(name)]
        rows = heat_rows(_cells(queries, str(name)), measure, HEAT_MOST)
        if not rows:
            st.info(
                "Nothing was measured yet: the first decision, or execution, colours a cell.",
                icon=":material/grid_off:",
            )
            return
        from dashboard.result_charts import heat_map

        hours = sorted({str(row["hour"]) for row in rows})
        times = sum(int(str(row["count"])) for row in rows)
        words = (
            f"{name}: {measure.says}. {count(times)} measurements from {hours[0]} to {hours[-1]} (UTC, day and hour); "
            f"the {count(len({row['full'] for row in rows}))} markets, or series of windows, measured most often."
        )
        st.caption(plain(words))
        st.altair_chart(heat_map(rows, str(name), theme()), width="stretch", key="heat", alt=words)


def _cells(queries: Queries, name: str) -> list[Cell]:
    live = queries.live()
    if live is None:
        return []
    if name == "Our slippage":
        days = days_up_to(live.event_at, queries.money.began(), 2)
        deals = standing([queries.money.book(day, live.event_at) for day in days])
        recent = [deal for deal in deals if deal.at > live.event_at - DAY]
        return slips(recent, queries.money.titles({deal.market for deal in recent}))
    made = [one for one in _decisions(queries) if one.at > live.event_at - DAY]
    markets = queries.money.titles({one.market for one in made})
    return flow(made, markets) if name == "Whale flow" else refusals(made, markets)


def _decisions(queries: Queries) -> list[Decision]:
    live = queries.live()
    return [] if live is None else queries.decisions(live.event_at, DECISIONS_MOST)


@st.fragment(run_every=2 * SLOWLY)
def belief(queries: Queries) -> None:
    """What we believed against what the market charged."""
    st.header(
        "Our chance against the market's price",
        help="One dot per purchase of a whale that was judged: its price, and the chance to win that we gave it "
        "(price plus the whale's shrunken edge). What lies above the line was thought too cheap.",
    )
    with told("The beliefs"):
        made = _decisions(queries)
        judged = [one for one in made if one.p_win][:DOTS_MOST]
        rows = beliefs(judged, queries.money.titles({one.market for one in judged}), DOTS_MOST)
        if not rows:
            st.info("No purchase was judged yet: most end at an earlier filter.", icon=":material/inbox:")
            return
        from dashboard.result_charts import belief_chart

        above = [float(str(row["p_win"])) - float(str(row["price"])) for row in rows]
        mean = 100 * sum(above) / len(above)
        words = (
            f"The latest {count(len(rows))} purchases judged; on average we gave them {mean:+.1f} percentage points "
            "more than their price."
        )
        st.caption(plain(words))
        st.altair_chart(belief_chart(rows), width="stretch", key="beliefs", alt=words)


@st.fragment
def efficiency(queries: Queries) -> None:
    """Whether prices came true: read day by day, which takes a while the first time."""
    st.header(
        "Did prices come true?",
        help=f"Shares held when their market was resolved, within {DAYS_MOST} days: the price paid against the share "
        "that won, with its 95% interval. On the line, a price is the chance to win. What was sold earlier is not "
        "here, so this is not all we bought.",
    )
    with told("The resolved markets"):
        live = queries.live()
        if live is None:
            st.info(START, icon=":material/hourglass_empty:")
            return
        books = read_books(queries, live, DAYS_MOST)
        found = bets(standing(books), [one for book in books for one in book.ended.values()])
        mean = edge(found)
        if mean is None:
            st.info(
                "No market was resolved yet while we held shares of it. A first one brings a dot.",
                icon=":material/hourglass_empty:",
            )
            return
        from dashboard.result_charts import calibration_chart

        words = (
            f"{count(len(found))} positions held to the resolution: won less paid {100 * mean:+.1f} ¢ a share on "
            "average, before fees."
        )
        st.caption(plain(words))
        st.altair_chart(calibration_chart(calibration(found)), width="stretch", key="calibration", alt=words)


def read_books(queries: Queries, live: Live, most: int) -> list[DayBook]:
    """The books of the latest days, with a line of progress while days are read that nobody has read before."""
    days = days_up_to(live.event_at, queries.money.began(), most)
    fresh = sum(1 for day in days if not queries.money.kept(day))
    line = st.progress(0.0, "Reading the books…") if fresh > 1 else None
    books = []
    for number, day in enumerate(days, 1):
        books.append(queries.money.book(day, live.event_at))
        if line is not None:
            line.progress(number / len(days), f"Reading the books: {count(number)} of {count(len(days))} days")
    if line is not None:
        line.empty()
    return books


def main() -> None:
    """Lay the page out; what is read longest comes last."""
    queries = open_page("Markets")
    if queries is None:
        return
    for section in (results, endings, heat, belief, efficiency):
        section(queries)


main()
