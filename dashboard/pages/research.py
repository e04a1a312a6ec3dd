"""Research: studies as they were published, each with its source on top; two side by side; what might come next."""

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.columns import choose_row, show_table
from dashboard.figures import box, show_figures
from dashboard.frame import REFRESH_S, open_page, theme, told
from dashboard.heads.research import published
from dashboard.queries.asked import Queries
from dashboard.queries.studies import Study
from dashboard.studies import (
    FIRST,
    RECORDED,
    SYNTHETIC,
    Probed,
    Replayed,
    Scored,
    comparison_rows,
    comparison_words,
    deepest,
    execution_rows,
    fan_words,
    figure,
    hourly,
    made_from,
    read,
    same_data,
    study_rows,
    sure_words,
)
from dashboard.study_columns import execution_columns, score_columns, study_columns
from dashboard.words import count, plain, stamp
from shared.domain.instants import DAY
from shared.domain.money import float_of_micro

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

STUDY = "study"  # the parameter of the page's address that names the study looked at, so that it can be linked to
COLUMN = st.column_config
NEXT_MARKETS = 250
OWN_DAYS, OWN_HOURS = 7, 168
TRIALS_MAX = 10_000
NOBODY = "Nothing (choose a study to see both side by side)"


@st.fragment(run_every=30 * REFRESH_S)
def page(queries: Queries) -> None:
    """The list, and the study chosen from it: renewed together, because a row chosen above is told below."""
    with told("The studies"):
        found = queries.studies.latest()
        if not found:
            st.info(
                "No study was published yet. A study is a replay, an execution study or a ranking that you run with "
                "--publish NAME while the system runs (`make run`). These two make a first one, from an invented day, "
                "in a minute or two:",
                icon=":material/science:",
            )
            st.code("\n".join(FIRST), language=None, wrap_lines=True)
            return
        show_figures("studies", published(found))
        study = chosen(found)
        show(study, found, queries)


def chosen(found: list[Study]) -> Study:
    """The table of studies; the one whose row is chosen, which the page's address names from then on."""
    st.header("Studies", help="The latest first. Each was published with --publish NAME and never changes.")
    names = [one.name for one in found]
    linked = st.query_params.get(STUDY, "")
    first = names.index(linked) if linked in names else 0
    rows = study_rows(found)
    height = min(300, 38 + 35 * len(rows))  # not money: pixels
    picked = choose_row(rows, f"studies/{names[0]}", study_columns(), height, first=[first], required=True)
    place = picked[0] if picked and picked[0] < len(names) else first
    if place != first:
        st.query_params[STUDY] = names[place]
    return found[place]


def show(study: Study, found: list[Study], queries: Queries) -> None:
    """One study: whether its data are real, how it was made, and what it has to show."""
    manifest = study.manifest
    st.header(f"Study {manifest.name}", divider="gray")
    if manifest.synthetic:
        st.warning(SYNTHETIC, icon=":material/labs:")
    else:
        st.info(RECORDED, icon=":material/history:")
    st.code(manifest.command or "unknown command", language=None, wrap_lines=True)
    st.caption(plain(made_from(manifest)))
    other = compared(study, found)
    with told("The report"):
        report = read(study, queries.studies.report(study.name))
        match report:
            case Replayed():
                replayed(report, study, found, queries, other)
            case Probed():
                probed(report)
            case Scored():
                scored(report)
    if other is not None:
        side_by_side(study, other)


def compared(study: Study, found: list[Study]) -> Study | None:
    """The study to set beside this one, of the same kind."""
    others = [one for one in found if one.manifest.kind == study.manifest.kind and one.name != study.name]
    if not others:
        return None
    return st.selectbox(
        "Compare with",
        [None, *others],
        format_func=lambda one: NOBODY if one is None else f"{one.manifest.name} ({stamp(one.manifest.at)} UTC)",
        key=f"compare/{study.name}",
        help="Another study of the same kind; its curve and its figures are shown beside this one's.",
    )


# ---------------------------------------------------------------------- a replay


def replayed(report: Replayed, study: Study, found: list[Study], queries: Queries, other: Study | None) -> None:
    """Figures, equity and what is below its peak, decisions, how sure it is, and what might come next."""
    result = report.equity_usd - report.capital_usd
    with st.container(key="figures_study"):
        box("Result", f"{'+' if result > 0 else ''}{figure('_usd', result)}", "", "Equity at the end less the capital.")
        box(
            "Largest drawdown",
            f"{deepest(report.curve):.1%}",
            "",
            "How far equity fell below its highest point so far.",
        )
        box("Fill rate", figure("_rate", report.fill_rate), "", "Shares filled of shares wanted, at the wanted prices.")
        box("Fees", figure("_usd", report.fees_usd), "", "Of all fills; they are part of the result.")
        slip, spent = report.slippage_bps.get("p50"), report.time_to_fill_s.get("p50")
        box("Slippage", figure("_bps", slip), "", "Median: how much worse than the whale's price; 100 bps are 1%.")
        box("Time to fill", figure("_s_", spent), "", "Median, from the plan to the last fill.")
        box("Markets", count(len(report.bets_usd)), "", "Markets that we were done with; each counts as one bet.")
        box("Dead letters", count(report.dead_letters), "", "Orders that failed for good.")
    curves(report, study, queries, other)
    reasons(report)
    how_sure(report, study, found)
    what_next(report, study)


def curves(report: Replayed, study: Study, queries: Queries, other: Study | None) -> None:
    """Equity, of two studies where another was chosen, and what is below the highest point so far."""
    st.subheader("Equity", help="Over the event time of the data, UTC.")
    lines = {study.manifest.name: report.curve}
    if other is not None:
        beside = read(other, queries.studies.report(other.name))
        if isinstance(beside, Replayed):
            name = other.manifest.name
            lines[name if name not in lines else f"{name} ({stamp(other.manifest.at)})"] = beside.curve
    if len(report.curve) < 2:
        st.info("This report holds no curve: it was made by an earlier version.", icon=":material/show_chart:")
        return
    from dashboard.study_charts import equity_lines, underwater_area

    first, last = report.curve[0][1], report.curve[-1][1]
    words = f"Equity went from {figure('_usd', first)} to {figure('_usd', last)}."
    st.vega_lite_chart(equity_lines(lines, theme()), width="stretch", key="study_equity", alt=words)
    st.caption(plain(words))
    st.subheader("Below the highest point", help="Drawdown: 0% is a new high, -10% means a tenth below the last one.")
    deep = f"At the worst {deepest(report.curve):.1%}."
    st.vega_lite_chart(underwater_area(report.curve, theme()), width="stretch", key="study_underwater", alt=deep)


def reasons(report: Replayed) -> None:
    """How whale trades ended."""
    st.subheader("Why trades were copied or not", help="Every whale trade ends with exactly one reason.")
    if not any(report.decisions.values()):
        st.info("No wallet was followed, so nothing was decided.", icon=":material/inbox:")
        return
    from dashboard.charts import decision_breakdown

    total = sum(report.decisions.values())
    words = f"{count(total)} whale trades by reason."
    st.altair_chart(decision_breakdown(report.decisions, theme()), width="stretch", key="study_reasons", alt=words)


def how_sure(report: Replayed, study: Study, found: list[Study]) -> None:
    """Probabilistic and Deflated Sharpe Ratio over the markets."""
    from shared.analytics.deflated import deflated

    st.subheader(
        "Is it more than luck?",
        help="Probabilistic and Deflated Sharpe Ratio (Bailey and Lopez de Prado): one market is one bet, and the more "
        "attempts were made, the better the best of them looks without any edge.",
    )
    known = same_data(found, study.manifest)
    trials = st.number_input(
        "Attempts made on these data",
        1,
        TRIALS_MAX,
        value=max(known, 1),
        key=f"trials/{study.name}",
        width=240,
        help=f"Every variant that was tried counts, published or not; {known} published here saw the same data.",
    )
    for sentence in sure_words(deflated(report.bets_usd, int(trials)), len(report.bets_usd)):
        st.markdown(plain(sentence))
    st.caption("Supposed: markets are independent of each other, and attempts differ by luck alone.")


def what_next(report: Replayed, study: Study) -> None:
    """A fan of the next markets, drawn from the study's own."""
    from shared.analytics.fan import fan

    st.subheader("What might come next", help="A Monte Carlo fan: paths drawn from what the past markets brought.")
    steps = min(NEXT_MARKETS, max(len(report.bets_usd), 1))
    drawn = fan(report.bets_usd, report.equity_usd, steps)
    if drawn is None:
        st.info("Fewer than ten markets: there is nothing to draw from.", icon=":material/stacked_line_chart:")
        return
    if study.manifest.synthetic:
        st.caption("From an invented market: it shows the method, and nothing that will come.")
    from dashboard.study_charts import fan_chart

    words = fan_words(drawn, steps, "markets")
    st.vega_lite_chart(fan_chart(drawn, "markets", theme()), width="stretch", key="study_fan", alt=words)
    st.caption(plain(words))


# ---------------------------------------------------------------------- the other kinds


def probed(report: Probed) -> None:
    """How random intents fared, in all and by class."""
    total = report.overall
    with st.container(key="figures_study"):
        box("Intents", count(total.intents), "", "Random wishes at random times.")
        box("Fill rate", figure("_rate", total.fill_rate), "", "Shares filled of shares wanted.")
        box(
            "Slippage",
            figure("_bps", total.slippage_bps.get("p50")),
            "",
            "Median against the price expected; + is worse.",
        )
        box(
            "Time to fill",
            figure("_s_", total.time_to_fill_s.get("p50")),
            "",
            "Median, from the plan to the last fill.",
        )
    st.subheader("By class", help="The same by kind, side and size of the intent, and by phase of execution.")
    rows = execution_rows(report)
    height = 38 + 35 * len(rows)  # not money: pixels
    show_table(rows, key="study_execution", height=height, column_config=execution_columns())


def scored(report: Scored) -> None:
    """The ranking, and why wallets are out."""
    from dashboard.heat import bars

    basis = "a follower" if report.basis == "follower" else "the wallets themselves"
    st.markdown(
        plain(
            f"{count(report.wallets)} wallets as of {report.as_of[:19]}Z, {count(report.eligible)} eligible; ranked by "
        )
        + f"the lower end of the interval of the Sharpe ratio of {basis}."
    )
    if report.reasons:
        st.subheader("Why the others are out", help="The one reason each is out for.")
        rows = [(name.replace("_", " "), float(n), count(n)) for name, n in report.reasons.items()]
        said = ", ".join(f"{name} {words}" for name, _, words in rows)
        st.altair_chart(bars(rows, theme()), width="stretch", key="study_out", alt=said)
    if report.scores:
        st.subheader("The first wallets", help="As many as the command was asked for with --top.")
        order = (
            "rank",
            "wallet",
            "sharpe_low",
            "sharpe_high",
            "win_rate",
            "price_paid",
            "q_value",
            "pnl_usd",
            "reason",
        )
        show_table(report.scores, key="study_scores", column_order=order, column_config=score_columns())


def side_by_side(study: Study, other: Study) -> None:
    """The figures of two studies."""
    st.subheader("Side by side", help="The figures of both studies; the difference is the second less the first.")
    st.write(plain(comparison_words(study.manifest, other.manifest)))
    columns: dict[str, ColumnConfig] = {
        "figure": COLUMN.TextColumn("Figure", help="What is measured."),
        "one": COLUMN.TextColumn(study.manifest.name, help="The study above."),
        "other": COLUMN.TextColumn(other.manifest.name, help="The one it is compared with."),
        "difference": COLUMN.TextColumn("Difference", help="The second less the first."),
    }
    show_table(comparison_rows(study.manifest, other.manifest), key="study_comparison", column_config=columns)


# ---------------------------------------------------------------------- the account's own


@st.fragment(run_every=300 * REFRESH_S)
def own(queries: Queries) -> None:
    """A fan of this account's equity, drawn from its own hours; computed when somebody opens it."""
    st.header(
        "This account: what might come next",
        help="The same kind of fan, drawn from how this account's equity changed from hour to hour in the last 7 days.",
    )
    if not st.toggle("Draw it", key="own_fan", help="Reads the account's curve of the last seven days."):
        return
    with told("The account's curve"):
        live = queries.live()
        points = [] if live is None else queries.curve(live.event_at - OWN_DAYS * DAY, live.event_at)  # not money: time
        from shared.analytics.fan import fan

        drawn = None if live is None else fan(hourly(points), float_of_micro(live.equity), OWN_HOURS)
        if live is None or drawn is None:
            st.info("It takes at least ten full hours of event time: let it run.", icon=":material/hourglass_empty:")
            return
        if live.synthetic:
            st.warning(SYNTHETIC, icon=":material/labs:")
        from dashboard.study_charts import fan_chart

        words = fan_words(drawn, OWN_HOURS, "hours")
        st.vega_lite_chart(fan_chart(drawn, "hours", theme()), width="stretch", key="own_fan_chart", alt=words)
        st.caption(plain(words) + " Money paid in or out within these days would count as gain or loss.")


def main() -> None:
    """Lay the page out."""
    queries = open_page("Research")
    if queries is None:
        return
    page(queries)
    own(queries)


main()
