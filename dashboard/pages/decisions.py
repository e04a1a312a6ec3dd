"""Decisions and whales: what was copied, what was not and why, and whom we follow."""

import streamlit as st

from dashboard.charts import decision_breakdown
from dashboard.frame import REFRESH_S, open_page, theme, told
from dashboard.queries import Queries
from dashboard.tables import chosen, decision_rows, matching, whale_rows
from dashboard.words import REASONS, count, gain, label, label_of, plain
from shared.domain.decision import Reason

DEPTHS = (200, 1_000, 5_000)
COLUMN = st.column_config
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
            height=430,
            key="decisions",
            column_config={
                "at": COLUMN.DatetimeColumn("Time (UTC)", format="MM-DD HH:mm:ss", timezone="UTC", help="Event time."),
                "reason": COLUMN.TextColumn("Reason", width=150, help="Why it was, or was not, copied."),
                "whale": COLUMN.TextColumn("Whale", help="Rank and wallet."),
                "side": COLUMN.TextColumn("Side", help="What the whale did."),
                "outcome": COLUMN.TextColumn("Outcome", help="The answer the whale traded."),
                "market": COLUMN.TextColumn("Market", width="medium", help="The question the market asks."),
                "price": COLUMN.NumberColumn("Whale price", format="$%.3f", help="Price of the whale's fill."),
                "size": COLUMN.NumberColumn("Whale shares", format="%,.2f", help="Size of the whale's fill."),
                "limit": COLUMN.NumberColumn("Our limit", format="$%.3f", help="The worst price the copy may get."),
                "p_win": COLUMN.NumberColumn(
                    "Chance to win", format="%.1f%%", help="Estimate: price plus the whale's shrunken edge."
                ),
                "stake": COLUMN.NumberColumn(
                    "Stake", format="dollar", help="What sizing wished to spend, before limits."
                ),
                "confidence": COLUMN.NumberColumn("Confidence", format="%.1f%%", help="Strength of the signal."),
                "unchecked": COLUMN.TextColumn("Not checked", help="Filters a recording has no data for."),
                "wallet": COLUMN.TextColumn("Wallet", help="The whole address."),
            },
        )


@st.fragment(run_every=5 * REFRESH_S)
def whales(queries: Queries) -> None:
    """Whom we follow, what the ranking said, and what copying them brought."""
    st.header("Whales", help="The followed wallets in the order of their ranking.")
    with told("The whales"):
        followed = queries.whales()
        if not followed:
            st.info(
                "No wallet is followed yet. The ranking is published when the trader starts.", icon=":material/inbox:"
            )
            return
        won = sum(1 for w in followed if w.pnl_usd > 0)
        copied = sum(1 for w in followed if w.copies > 0)
        result = gain(sum(w.pnl_usd for w in followed))
        words = f"{count(len(followed))} followed, {count(copied)} copied so far, {count(won)} of them at a profit"
        st.caption(plain(f"{words}; our result {result}"))
        st.dataframe(
            whale_rows(followed),
            hide_index=True,
            key="whales",
            column_config={
                "rank": COLUMN.NumberColumn("Rank", format="%d", help="By the lower end of the return's interval."),
                "whale": COLUMN.TextColumn("Whale", help="The wallet, shortened."),
                "pnl": COLUMN.NumberColumn(
                    "Our result", format="dollar", help="Profit or loss from copying it, fees included."
                ),
                "copies": COLUMN.NumberColumn("Copies", format="%d", help="Orders of ours that copied it."),
                "edge": COLUMN.NumberColumn(
                    "Edge", format="%+.2f ¢", help="Won less paid per share, shrunk towards zero."
                ),
                "mean": COLUMN.NumberColumn(
                    "Return", format="%.1f%%", help="Mean return per market before the ranking."
                ),
                "low": COLUMN.NumberColumn("95% from", format="%.1f%%", help="Lower end of the return's 95% interval."),
                "high": COLUMN.NumberColumn("95% to", format="%.1f%%", help="Upper end of the return's 95% interval."),
                "markets": COLUMN.NumberColumn("Markets", format="%d", help="Resolved markets the ranking rests on."),
                "volume": COLUMN.NumberColumn("Volume", format="$%,.0f", help="Dollars it traded in those markets."),
                "last": COLUMN.DatetimeColumn("Last trade (UTC)", format="YYYY-MM-DD HH:mm:ss", timezone="UTC"),
                "wallet": COLUMN.TextColumn("Wallet", help="The whole address."),
            },
        )


def main() -> None:
    """Lay the page out."""
    queries = open_page("Decisions and whales")
    if queries is None:
        return
    breakdown(queries)
    table(queries)
    whales(queries)


main()
