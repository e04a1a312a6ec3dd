"""Executive: how the account has done, for how much risk, by whom, and where its money is now."""

import math

import streamlit as st

from dashboard.figures import box, show_figures
from dashboard.frame import REFRESH_S, open_page, theme, told
from dashboard.heads.executive import executive
from dashboard.money_parts import SLOWLY, START, activity, allocation, whales, wins
from dashboard.performance import (
    DAYS_LEAST,
    HOURS_LEAST,
    Ratio,
    drawdowns,
    last_of,
    longest_under,
    results,
    returns_of,
    sharpe,
)
from dashboard.queries.asked import Queries
from dashboard.queries.money import MARKS_MOST
from dashboard.state import Live, Point
from dashboard.words import NOTHING, count, dollars, gain, plain, ratio, stamp
from shared.domain.instants import DAY, HOUR
from shared.domain.money import ONE

SPANS = ("Day", "Week", "Month", "All")
MONTH_DAYS = 31
SIX_HOURS = 6 * HOUR


@st.fragment(run_every=5 * REFRESH_S)
def head(queries: Queries) -> None:
    """The figures that need no history."""
    with told("The figures"):
        figures = executive(queries)
        if not figures:
            st.info(START, icon=":material/hourglass_empty:")
            return
        show_figures("money", figures)


@st.fragment(run_every=SLOWLY)
def curve(queries: Queries) -> None:
    """Equity over a span, and how far it was below its highest value."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header(
            "Equity and drawdown",
            width="content",
            help="Equity in event time (UTC). Day and week: one point a minute; month: one in six hours; all: one a "
            "day. Below, how far it was under its highest value of the span.",
        )
        span = st.segmented_control(
            "Span", SPANS, default="Day", required=True, label_visibility="collapsed", key="money_span"
        )
    with told("The equity curve"):
        live = queries.live()
        with st.spinner("Reading the curve…"):
            points = [] if live is None else _points(queries, live, str(span))
        if live is None or len(points) < 2:
            st.info(
                "There are no two points of this span yet. The curve begins after two minutes of event time.",
                icon=":material/show_chart:",
            )
            return
        falls = drawdowns(points)
        deepest = max(range(len(falls)), key=lambda place: falls[place])
        moved = points[-1].equity - points[0].equity
        words = (
            f"{dollars(points[0].equity)} to {dollars(points[-1].equity)} ({gain(moved)}); largest drawdown "
            f"{ratio(falls[deepest], ONE)} at {stamp(points[deepest].at)} UTC, now {ratio(falls[-1], ONE)}."
        )
        st.caption(plain(words))
        from dashboard.charts import equity_curve
        from dashboard.money_charts import underwater

        st.vega_lite_chart(
            equity_curve(points, live.capital, theme()), width="stretch", key="money_curve", alt=f"Equity: {words}"
        )
        st.vega_lite_chart(underwater(points), width="stretch", key="underwater", alt=f"Drawdown: {words}")


def _points(queries: Queries, live: Live, span: str) -> list[Point]:
    if span == "All":
        return queries.money.marks(live.event_at, DAY, MARKS_MOST)
    if span == "Month":
        return queries.money.marks(live.event_at, SIX_HOURS, 4 * MONTH_DAYS)
    return queries.curve(live.event_at - (7 * DAY if span == "Week" else DAY), live.event_at)


@st.fragment(run_every=2 * SLOWLY)
def by_day(queries: Queries) -> None:
    """What each day brought."""
    st.header(
        "Results by day", help="What trading brought on each UTC day, open positions at their last price included."
    )
    with told("The results by day"):
        live = queries.live()
        if live is None:
            st.info(START, icon=":material/hourglass_empty:")
            return
        began = queries.money.began()
        with st.spinner("Reading the days…"):
            days = results(queries.money.marks(live.event_at, DAY, MARKS_MOST), DAY, began)
        if not days:
            st.info(
                "No day has a result yet: the first point of the curve comes after a minute.", icon=":material/inbox:"
            )
            return
        from dashboard.money_charts import day_bars

        shown = days[-MONTH_DAYS:]
        best, worst = max(shown, key=lambda one: one.gained), min(shown, key=lambda one: one.gained)
        words = (
            f"{count(len(shown))} days, {count(sum(1 for one in shown if one.gained > 0))} of them with a gain; best "
            f"{gain(best.gained)} on {stamp(best.at)[:10]}, worst {gain(worst.gained)} on {stamp(worst.at)[:10]}. "
            "Deposits and rebates are not counted; the last day still goes on."
        )
        st.caption(plain(words))
        st.altair_chart(day_bars(shown, theme()), width="stretch", key="by_day", alt=words)


@st.cache_data(max_entries=20, show_spinner=False)
def _sharpe(days: tuple[float, ...], hours: tuple[float, ...]) -> Ratio | None:
    return sharpe(days, hours)


@st.fragment(run_every=2 * SLOWLY)
def for_risk(queries: Queries) -> None:
    """The return for risk, from the days or hours that are over: one that goes on is no whole return yet."""
    with told("The return for risk"):
        live = queries.live()
        if live is None:
            return
        began = queries.money.began()
        with st.spinner("Computing the Sharpe ratio…"):
            marks = queries.money.marks(live.event_at, DAY, MARKS_MOST)
            week = queries.curve(live.event_at - 7 * DAY, live.event_at)
            days = results(marks, DAY, began)[:-1]
            hours = last_of(week, HOUR) if len(days) < DAYS_LEAST else []
            daily, hourly = tuple(returns_of(days)), tuple(returns_of(results(hours, HOUR, began)[:-1]))
            found = _sharpe(daily, hourly)
        falls = drawdowns([mark for mark in marks if not week or mark.at < week[0].at] + week)
        with st.container(key="figures_ratio"):
            ratio_figure(found, len(daily), len(hourly))
            box(
                "Largest drawdown",
                ratio(max(falls, default=0), ONE) if falls else NOTHING,
                f"now {ratio(falls[-1], ONE)}" if falls else "no day yet",
                "How far equity was below its highest value: by every point of the last 7 days, and before them by the "
                "last point of each UTC day of at most a year.",
            )
            under = longest_under(marks)
            box(
                "Longest drawdown",
                f"{count(under)} {'day' if under == 1 else 'days'}",
                "below the highest equity",
                "The longest stretch without a new highest value, by the last point of each UTC day.",
            )
            gained = sum(1 for one in days if one.gained > 0)
            box(
                "Days with a gain",
                ratio(gained, len(days)),
                f"{count(gained)} of {count(len(days))} whole days",
                "UTC days that are over and brought more than nothing.",
            )


def ratio_figure(found: Ratio | None, days: int, hours: int) -> None:
    """The Sharpe ratio with its interval, or that so many returns are too few to tell."""
    formula = (
        "Mean over standard deviation of the returns, risk-free rate 0 (Sharpe 1966), times the square root of the "
        "steps in a year (Lo 2002). Interval: studentized block bootstrap (Ledoit and Wolf 2008), 95%."
    )
    if found is None:
        shown, below = "Too short", f"{count(days)} d, {count(hours)} h so far"
        formula += f" It takes {DAYS_LEAST} whole days, or {HOURS_LEAST} whole hours."
    elif math.isnan(found.value):
        shown, below = NOTHING, "returns do not vary"
    else:
        shown = f"{found.value:.2f}"
        below = "95%: no bounds" if math.isinf(found.low) else f"95%: {found.low:.1f} to {found.high:.1f}"
        formula += f" Here from {count(found.count)} returns, one of each {found.unit}."
        if found.unit == "hour":
            formula += " A year told from so few hours is a bold guess; the interval says how bold."
    box("Sharpe ratio, a year", shown, below, formula)


def main() -> None:
    """Lay the page out; what takes longest to compute is shown near the top and computed last."""
    queries = open_page("Executive")
    if queries is None:
        return
    head(queries)
    place = st.container()
    for section in (curve, by_day, allocation, activity, wins, whales):
        section(queries)
    with place:
        for_risk(queries)


main()
