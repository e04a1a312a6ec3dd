"""One wallet explained: the verdict in words, its figures drawn, who may be the same person, and what we made of it."""

from collections import Counter
from collections.abc import Collection

import streamlit as st

from dashboard.columns import decision_columns, pair_columns, show_table
from dashboard.figures import box
from dashboard.frame import theme, told
from dashboard.leaderboard import (
    FLAGS,
    brought,
    interval,
    number,
    pair_rows,
    place_before,
    rest_of,
    sentences,
    text,
    words_of,
)
from dashboard.queries.asked import Queries
from dashboard.rankings import Row, Run
from dashboard.state import WhaleRow
from dashboard.tables import decision_rows
from dashboard.words import NOTHING, count, plain, stamp
from shared.domain.instants import iso_day
from shared.domain.reasons import label

SEARCHED, SHOWN = 1_000, 50
"""How many of the latest decisions are searched for a wallet's, and how many of them are shown."""


def deep_dive(row: Row, run: Run, followed: Collection[str], whale: WhaleRow | None, queries: Queries) -> None:
    """Everything a stored run, and the account, say of one wallet."""
    wallet = text(row, "wallet")
    st.markdown(f"`{wallet}`", help="The whole address.")
    verdict, rest = sentences(row, run.rules)
    _verdict(verdict, row, wallet in followed)
    if rest:
        st.write(plain(rest))
    flags = words_of(text(row, "flags"), FLAGS)
    if flags:
        st.write(plain(f"Noticed: {flags}."))
    _figures(row)
    _pictures(row, run.follower)
    with told("The ranking before"):
        _previous(wallet, row, run, queries)
    _cluster(row, run)
    _ours(wallet, whale, queries)


def _verdict(verdict: str, row: Row, followed: bool) -> None:
    """The verdict in colour and in words; the trader may follow a wallet that this run gives no capital."""
    if followed:
        extra = "" if verdict.startswith("IN") else " The trader follows it."
        st.success(plain(verdict + extra), icon=":material/check_circle:")
    elif row.get("eligible") is True:
        st.info(plain(verdict), icon=":material/visibility:")
    else:
        st.warning(plain(verdict), icon=":material/block:")


def _figures(row: Row) -> None:
    with st.container(key="figures_wallet"):
        box("Quality", _whole(row, "quality", "{:.0f} / 100"), "", "How good a source to copy, 0 to 100.")
        box("Capital", _whole(row, "allocation", "{:.1%}"), "", "Share of our capital the ranking gives to it.")
        box(
            "q value",
            _whole(row, "q_value", "{:.3f}"),
            "",
            "Share of luck to expect among wallets whose edge is at least this clear; 0.05 or less counts as proof.",
        )
        box(
            "Profit factor",
            _whole(row, "profit_factor", "{:.2f}"),
            "",
            "What it won in winning markets for each dollar lost in losing ones; 1 is nothing gained.",
        )


def _whole(row: Row, name: str, form: str) -> str:
    value = number(row, name)
    return NOTHING if value is None else form.format(value)


def _pictures(row: Row, follower: bool) -> None:
    from dashboard.whale_charts import own_and_follower, ratio_interval, wins_and_price

    ends, rate, paid = interval(row), number(row, "win_rate"), number(row, "price_paid")
    own, copied = number(row, "pnl_usd"), number(row, "follower_pnl_usd")
    left, middle, right = st.columns(3)
    with left:
        whose = "a follower's" if follower else "its own"
        st.subheader("How sure", help=f"The interval of {whose} return per unit of risk, zero dashed.")
        if ends is None:
            st.caption("The interval has no bounds: too few markets, or returns that hardly vary.")
        else:
            words = f"Interval of the ratio from {ends[0]:+.3f} to {ends[1]:+.3f}."
            st.altair_chart(ratio_interval(*ends, theme()), width="stretch", key="ratio", alt=words)
    with middle:
        st.subheader(
            "Wins beside price", help="Dot: share of bets won, down to its careful lower bound; bar: price paid."
        )
        if rate is None or paid is None:
            st.caption("It has no resolved bet.")
        else:
            words = f"It wins {rate:.0%} of its bets at an average price of {100 * paid:.0f} cents."
            low = number(row, "win_rate_low")
            st.altair_chart(wins_and_price(rate, low, paid, theme()), width="stretch", key="wins", alt=words)
    with right:
        st.subheader("Its result beside a follower's", help="A follower trades later, at what is left, and pays fees.")
        if own is None:
            st.caption("Its result is unknown.")
        else:
            words = f"Own result ${own:,.0f}; a follower's " + ("unknown." if copied is None else f"${copied:,.0f}.")
            st.altair_chart(own_and_follower(own, copied, theme()), width="stretch", key="result", alt=words)
            if copied is None:
                st.caption("What a follower would have made is unknown from this data.")


def _previous(wallet: str, row: Row, run: Run, queries: Queries) -> None:
    st.subheader("In the ranking before", help="How its place has changed since the run before this one.")
    if not run.previous:
        st.write("This is the first ranking that is stored.")
        return
    before = queries.run(run.previous)
    rank = number(row, "rank")
    st.write(place_before(None if rank is None else int(rank), before.rank_of(wallet), f"{stamp(before.as_of)} UTC"))


def _cluster(row: Row, run: Run) -> None:
    """Which other wallets may be run by the same person, and why we think so."""
    st.subheader("One person, several wallets?", help="Wallets that act at the same moments in the same markets.")
    pairs = run.pairs_of(text(row, "wallet"))
    same, other = pair_rows(pairs, linked=True), pair_rows(pairs, linked=False)
    cluster = text(row, "cluster")
    if cluster:
        st.write(plain(f"It belongs to {cluster}: at most one wallet of a cluster is copied."))
    elif not pairs:
        st.write("No other wallet acts at the same moments often enough to come into question.")
    else:
        st.write("It stands alone: none of the wallets that came into question is counted as one with it.")
    if same:
        st.markdown("\n".join(f"- `{pair['wallet']}`: {plain(str(pair['evidence']))}" for pair in same))
    if other:
        with st.expander(f"Looked at, not enough to say so ({count(len(other))})"):
            show_table(other, key="pairs", column_config=pair_columns())


def _ours(wallet: str, whale: WhaleRow | None, queries: Queries) -> None:
    """What copying it brought, and how its latest trades were decided."""
    st.subheader("In this run", help="What copying it has brought us, and what was decided on its latest trades.")
    st.write(plain(brought(whale)))
    with told("Its decisions"):
        live = queries.live()
        latest = [] if live is None else queries.decisions(live.event_at, SEARCHED)
        its = [d for d in latest if d.wallet == wallet]
        if not its:
            st.caption(
                f"None of the latest {count(len(latest))} decisions was about it." if latest else "No decisions."
            )
            return
        reasons = Counter(label(d.reason) for d in its)
        often = ", ".join(f"{name} {count(n)}" for name, n in reasons.most_common(5))
        since = iso_day(latest[-1].at)
        st.caption(plain(f"{count(len(its))} of the latest {count(len(latest))} decisions (since {since}): {often}."))
        shown = its[:SHOWN]
        show_table(
            decision_rows(shown, queries.markets({d.market for d in shown}), {}),
            height=min(300, 38 + 35 * len(shown)),  # not money: pixels
            key="its_decisions",
            column_order=("at", "reason", "side", "outcome", "market", "price", "size", "limit", "stake"),
            column_config=decision_columns(),
        )


def lone_whale(whale: WhaleRow, queries: Queries) -> None:
    """What can be said of a followed wallet whose ranking is not stored."""
    st.markdown(f"`{whale.wallet}`", help="The whole address.")
    st.success(plain(rest_of(whale)), icon=":material/check_circle:")
    _ours(whale.wallet, whale, queries)
