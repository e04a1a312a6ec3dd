"""Risk: limits and how far they are used, breakers, exits by rule, what could be lost, and whether the books agree."""

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.columns import alert_columns, breaker_columns, exit_columns, show_table
from dashboard.exposure import by_market, by_topic, by_whale, exposure, held, in_words
from dashboard.figures import box, show_figures
from dashboard.frame import REFRESH_S, open_page, theme, told
from dashboard.heads.risk import standing
from dashboard.queries.asked import Queries
from dashboard.risk import (
    alert_rows,
    breaker_rows,
    change_sentences,
    diversification_words,
    exit_rows,
    finding_rows,
    limit_rows,
    rounds_words,
    settlement_words,
    stress_bars,
    tripped_sentences,
)
from dashboard.state import Live, Losses, RiskView
from dashboard.tables import Row
from dashboard.words import count, dollars, plain, stamp

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

START = "Nothing to show yet: the trader has not published how risk stands. Start it with `make run`."
COLUMN = st.column_config
ROW, HEAD = 35, 38  # pixels of a row and of the head of a table


@st.fragment(run_every=2 * REFRESH_S)
def page(queries: Queries) -> None:
    """Everything, renewed together, because all of it is of one instant."""
    with told("Risk"):
        live, view = queries.live(), queries.risk()
        if view is None:
            st.info(START, icon=":material/hourglass_empty:")
            return
        show_figures("standing", standing(view, live or Live()))
        breakers(view)
        limits(view)
        exposures(queries, live or Live())
        losses(view.figures)
        exits(live or Live())
        books(view)
        alerts(view)
        st.caption(plain(f"As of {stamp(view.event_at)} UTC (event time), written about every ten seconds."))


def breakers(view: RiskView) -> None:
    """What stands in the way of entries now, and everything that could."""
    st.header("Breakers", help="What stops entries, or makes them smaller, by itself.")
    sentences = tripped_sentences(view)
    for text in sentences:
        st.warning(plain(text), icon=":material/front_hand:")
    if not sentences:
        st.success("No breaker is tripped.", icon=":material/check:")
    with st.expander(f"All {count(len(view.breakers))} breakers: what trips them, how they end, and who may end them"):
        _table(breaker_rows(view.breakers, view.standing), "breakers", breaker_columns())


def limits(view: RiskView) -> None:
    """How far each limit is used up, and what was changed at run time."""
    st.header("Limits", help="The one that is used up most comes first.")
    for text in change_sentences(view.changes):
        st.info(plain(text), icon=":material/edit:")
    rows = limit_rows(view.limits)
    if not rows:
        st.info("No limit is told yet.", icon=":material/hourglass_empty:")
        return
    from dashboard.risk_charts import limit_bars

    words = "; ".join(f"{row['limit']}: {row['state']}, {row['used']} of {row['of']}" for row in rows)
    st.altair_chart(limit_bars(rows, theme()), width="stretch", key="limits", alt=words)
    st.caption("Full bar: the limit. Dashed: four fifths, from where it is near. ● fine, ▲ near, ■ reached.")


def exposures(queries: Queries, live: Live) -> None:
    """Where the money is: by whale, by market and by topic."""
    st.header(
        "Where our money is",
        help="Open positions at their last price (at cost where none is known), in dollars and as a share of equity.",
    )
    open_ = held(queries.positions(), live.marks)
    if not open_:
        st.info("Nothing is held. A position appears when a copy order is filled.", icon=":material/inbox:")
        return
    markets = queries.markets({one.position.market for one in open_})
    ranks = {whale.wallet: whale.rank for whale in queries.whales()}
    from dashboard.heat import bars

    views = {"By whale": by_whale(ranks), "By market": by_market(markets), "By topic": by_topic(markets)}
    for column, (title, named) in zip(st.columns(3), views.items(), strict=True):
        with column:
            st.subheader(title, help="The largest first; the rest together.")
            rows = exposure(open_, named, live.equity)
            st.altair_chart(bars(rows, theme()), width="stretch", key=f"exposure/{title}", alt=in_words(rows))


def losses(figures: Losses | None) -> None:
    """What the portfolio could lose within a day."""
    st.header("What could be lost", help="Computed once a minute from what is held and how its prices moved together.")
    if figures is None:
        st.info("Not computed yet: a live run computes it once a minute.", icon=":material/hourglass_empty:")
        return
    with st.container(key="figures_risk"):
        box("VaR 95%", dollars(figures.var_95), "", "On 95 of 100 days no more than this is lost.")
        box("VaR 99%", dollars(figures.var_99), "", "On 99 of 100 days no more than this is lost.")
        box("CVaR 95%", dollars(figures.cvar_95), "", "The average of the worst 5 of 100 days.")
        box("CVaR 99%", dollars(figures.cvar_99), "", "The average of the worst day of 100.")
    score = diversification_words(figures.diversification, figures.bets)
    words = f"Diversification {score} over {count(figures.bets)} bets"
    st.caption(plain(f"{words}, positions to trim: {count(figures.trims)} · computed at {stamp(figures.as_of)} UTC"))
    if figures.stress:
        from dashboard.heat import bars

        st.subheader("Stress scenarios", help="What each would bring, the worst first; orange and to the left: a loss.")
        rows = stress_bars(figures.stress)
        said = "; ".join(f"{name} {words}" for name, _, words in rows)
        st.altair_chart(bars(rows, theme()), width="stretch", key="stress", alt=said)


def exits(live: Live) -> None:
    """Which rules of ours have sold, and how often."""
    st.header("Exits by rule", help="Positions that our own rules have left; exits that mirror a whale's are not here.")
    _table(exit_rows(live.exits), "exits", exit_columns())


def books(view: RiskView) -> None:
    """Whether our books agree with the venue's, and what has not settled."""
    st.header("Reconciliation and settlement", help="Our books against what the venue states, every five minutes.")
    if view.settlement.broken:
        st.error(plain(f"Our books cannot follow the venue: {view.settlement.broken}"), icon=":material/error:")
    st.write(plain(rounds_words(view.reconciliation, view.event_at)))
    st.write(plain(settlement_words(view.settlement)))
    rows = finding_rows(view.reconciliation)
    if rows:
        columns: dict[str, ColumnConfig] = {
            "kind": COLUMN.TextColumn("Finding", width="medium", help="Why the books differed for a while."),
            "count": COLUMN.NumberColumn("Times", format="%d", width=70, help="Since the trader started."),
        }
        _table(rows, "findings", columns)
    for one in view.reconciliation.last:
        st.caption(plain(f"Last round: {one.text}"))


def alerts(view: RiskView) -> None:
    """The latest of what the trader told people."""
    st.header("Alerts", help="The last ones; the same again within a minute is counted.")
    if not view.alerts:
        st.info("The trader has raised no alert.", icon=":material/notifications:")
        return
    _table(alert_rows(view.alerts), "alerts", alert_columns())


def _table(rows: list[Row], key: str, columns: "dict[str, ColumnConfig]") -> None:
    show_table(
        rows,
        height=HEAD + ROW * max(len(rows), 1),  # not money: pixels
        key=f"risk_{key}",
        column_config=columns,
    )


def main() -> None:
    """Lay the page out."""
    queries = open_page("Risk")
    if queries is None:
        return
    page(queries)


main()
