"""Decisions: what was copied, what was not, and why."""

import streamlit as st

from dashboard.columns import decision_columns
from dashboard.frame import REFRESH_S, open_page, theme, told
from dashboard.queries import Queries
from dashboard.tables import chosen, decision_rows, matching
from dashboard.words import NOTHING, REASONS, count, label, label_of, plain
from shared.domain.decision import Reason

DEPTHS = (200, 1_000, 5_000)
START = "No decisions yet: the first whale trade brings one. If the trader is not running, start it with `make run`."


@st.fragment(run_every=REFRESH_S)
def breakdown(queries: Queries) -> None:
    """How whale trades ended, by reason."""
    st.header("Why trades were copied or not", help="Every whale trade ends with exactly one reason.")
    with told("The breakdown"):
        live = queries.live()
        if live is None or not any(live.decisions.values()):
            st.info(START, icon=":material/hourglass_empty:")
            return
        total = sum(live.decisions.values())
        most = max(live.decisions.items(), key=lambda pair: pair[1])
        words = f"{count(total)} whale trades, {count(live.copied)} copied; most frequent: {label_of(most[0])}."
        st.caption(plain(words))
        from dashboard.charts import decision_breakdown  # noqa: PLC0415  # slow to load: the banner is shown before

        st.altair_chart(decision_breakdown(live.decisions, theme()), width="stretch", key="breakdown", alt=words)
        with st.expander("What the reasons mean"):
            seen = [reason for reason in Reason if live.decisions.get(reason.value)]
            st.markdown("\n".join(f"- **{plain(label(r))}**: {plain(REASONS[r][1])}" for r in seen))


@st.fragment(run_every=REFRESH_S)
def table(queries: Queries) -> None:
    """The latest decisions with their numbers, searchable."""
    st.header("Decisions", help="One row per whale trade, the newest first.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Search",
            key="search",
            help="Words of the market, outcome, wallet or reason; every word must occur.",
            width=280,
        )
        which = st.segmented_control("Show", ["All", "Copied", "Not copied"], default="All", required=True, key="which")
        reasons = st.multiselect("Reasons", list(Reason), format_func=label, key="reasons", width=280)
        depth = st.selectbox(
            "Look through",
            DEPTHS,
            format_func=lambda n: f"latest {n:,}",
            key="depth",
            width=160,
            help="How many of the latest decisions are searched.",
        )
    with told("The decisions"):
        live = queries.live()
        latest = [] if live is None else queries.decisions(live.event_at, depth)
        if not latest:
            st.info(START, icon=":material/inbox:")
            return
        markets = queries.markets({d.market for d in latest})
        ranks = {w.wallet: w.rank for w in queries.whales()}
        rows = matching(decision_rows(chosen(latest, str(which), reasons), markets, ranks), text)
        if not rows:
            st.info(f"None of the latest {count(len(latest))} decisions match. Change the search or look further back.")
            return
        st.caption(f"{count(len(rows))} of the latest {count(len(latest))} decisions")
        st.dataframe(
            rows,
            hide_index=True,
            placeholder=NOTHING,
            height=430,
            key="decisions",
            column_config=decision_columns(),
        )


def main() -> None:
    """Lay the page out."""
    queries = open_page("Decisions")
    if queries is None:
        return
    breakdown(queries)
    table(queries)


main()
