"""The lower half of page Whales: who moves with whom, who gained when and at what, and the way to the watch list."""

from collections.abc import Collection

import streamlit as st

from dashboard.frame import theme, told
from dashboard.inks import GREY, TEAL
from dashboard.pipeline import coverage_words, drops, source_rows, steps
from dashboard.queries.asked import Queries
from dashboard.rankings import Run
from dashboard.together import CATEGORY, DAY, arranged, labels, matrix, pairs_in_words, result_cells
from dashboard.words import count, plain

SIZES = (15, 30, 60)
"""Wallets of a heat map: what fits a phone, a screen, and all that are kept."""
KEPT_LATER = "This ranking was made before they were kept: the next one, every six hours, brings them."
BY = {"Days": DAY, "Categories": CATEGORY}
EXPLAINED = {
    DAY: "Each wallet's own result in dollars, on each of the last 30 days (UTC) on which it did anything.",
    CATEGORY: "The mean return per resolved market that the ranking goes by, in each category of markets.",
}
HINT = "Stronger is more: blue is a gain, orange a loss; the sign in the cell says the same."


def moves_together(run: Run, queries: Queries) -> None:
    """The matrix of the best ranked wallets."""
    st.header(
        "Who moves with whom",
        help="Correlation of position changes among the best ranked, as decisions read it: wallets that move together "
        "are one voice, and their agreement is no second opinion.",
    )
    with told("The matrix"):
        pairs = queries.found.together(run.name)
        best = run.best(_size("matrix_size"))
        if pairs is None or len(best) < 2:
            st.info(KEPT_LATER if pairs is None else "Fewer than two wallets are ranked.", icon=":material/grid_on:")
            return
        from dashboard.heat import heat_map

        placed = arranged(best, pairs)
        named = labels(placed, _ranks(run, placed))
        order = [named[wallet] for wallet in placed]
        cells = matrix(placed, pairs, named)
        titles = [
            ("row", "Wallet"),
            ("column", "And"),
            ("correlation", "Correlation"),
            ("overlap", "Markets in common"),
        ]
        said = pairs_in_words(placed, pairs, named) or ["No two of them are known to move together."]
        spec = heat_map(cells, order[1:], order[:-1], "correlation", [*titles, ("words", "So they")], theme())
        st.vega_lite_chart(spec, width="stretch", key="matrix", alt=" ".join(said))
        st.caption(
            "Stronger is more: blue pairs move together, orange ones against each other; ● marks pairs that count as "
            "one voice. In words, the strongest pairs:"
        )
        st.markdown("\n".join(f"- {plain(sentence)}" for sentence in said))


def results(run: Run, queries: Queries) -> None:
    """Results of the best ranked by day or by category."""
    st.header("Who gained when, and at what", help="Of the best ranked wallets; by day or by category of markets.")
    with told("The results"):
        rows = queries.found.results(run.name)
        if not rows:
            empty = "No wallet is ranked, so there is nothing to show."
            st.info(KEPT_LATER if rows is None else empty, icon=":material/grid_on:")
            return
        with st.container(horizontal=True, vertical_alignment="bottom"):
            chosen = st.segmented_control("By", list(BY), default="Days", required=True, key="results_by")
        by = BY[str(chosen)]
        best = run.best(_size("results_size"))
        named = labels(best, _ranks(run, best))
        cells = result_cells(by, best, rows, named)
        if not cells:
            st.info("None of them has a result of this kind yet.", icon=":material/grid_on:")
            return
        from dashboard.heat import heat_map

        columns = sorted({str(cell["column"]) for cell in cells})
        there = {cell["row"] for cell in cells}
        titles = [("row", "Wallet"), ("column", str(chosen)), ("label", "Result"), ("markets", "Of")]
        spec = heat_map(cells, [name for name in named.values() if name in there], columns, "share", titles, theme())
        gained = sum(1 for cell in cells if cell["mark"] == "+")
        words = f"{count(gained)} of {count(len(cells))} cells are gains."
        st.vega_lite_chart(spec, width="stretch", key="results", alt=words)
        st.caption(f"{EXPLAINED[by]} {words} {HINT}")


def pipeline(run: Run, watched: Collection[str], followed: Collection[str], queries: Queries) -> None:
    """From the wallets that are seen to those that are followed."""
    st.header("From seen to followed", help="How many wallets come how far, and why the others do not.")
    with told("The last discovery"):
        found = queries.found.last()
        from dashboard.heat import bars

        way = steps(found, run, watched, followed)
        left, right = st.columns(2)
        with left:
            st.subheader("How far they come", help="Each step keeps some of the wallets of the one before.")
            rows = [(step.name, float(step.wallets), count(step.wallets)) for step in way]
            words = ", ".join(f"{step.name.lower()} {count(step.wallets)}" for step in way)
            st.altair_chart(bars(rows, theme(), TEAL), width="stretch", key="way", alt=words)
            with st.expander("What the steps mean"):
                st.markdown("\n".join(f"- **{step.name}**: {step.meaning}" for step in way))
        with right:
            st.subheader("Why the others are out", help="Of those that were scored: the one reason each is out for.")
            out = drops(run)
            if out:
                rows = [(name[:1].upper() + name[1:], float(n), count(n)) for name, n in out]
                said = ", ".join(f"{name} {count(n)}" for name, n in out)
                st.altair_chart(bars(rows, theme(), GREY), width="stretch", key="drops", alt=said)
            else:
                st.write("Every wallet that was scored is eligible.")
        if found is None:
            st.info(
                "Nothing is known of the last discovery: it is written down from the next one on. "
                "`python -m fargate rank` makes one at once.",
                icon=":material/travel_explore:",
            )
            return
        st.caption(plain(coverage_words(found, queries.now())))
        if found.sources:
            named = ", ".join(f"{name} {count(n)}" for name, n in source_rows(found))
            st.caption(plain(f"Named by: {named} (a wallet that several named counts with each)."))


def _size(key: str) -> int:
    chosen = st.segmented_control(
        "Wallets", SIZES, default=SIZES[0], required=True, key=key, help="How many of the best ranked are shown."
    )
    return int(chosen or SIZES[0])


def _ranks(run: Run, wallets: Collection[str]) -> dict[str, int]:
    return {wallet: rank for wallet in wallets if (rank := run.rank_of(wallet)) is not None}
