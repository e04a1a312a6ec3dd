"""Whales: which ranking is in force, its leaderboard, and one wallet's score in words with its evidence."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.columns import choose_row, leader_columns, whale_columns
from dashboard.deep_dive import deep_dive, lone_whale
from dashboard.figures import show_figures
from dashboard.frame import REFRESH_S, open_page, told
from dashboard.heads.whales import Board, board_of, ranked
from dashboard.leaderboard import leader_rows, method, reach_of, text, whale_of_ranked
from dashboard.links import its_decisions
from dashboard.pins import by_hand
from dashboard.queries.asked import Queries
from dashboard.rankings import Row, Run, Show
from dashboard.tables import whale_rows
from dashboard.whale_sections import moves_together, pipeline, results
from dashboard.words import count, gain, plain, short, stamp
from shared.domain.errors import HouseError

START = "No ranking yet: the first one comes when the trader starts. If it is not running, start it with `make run`."
if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

MOST = 500  # rows of the leaderboard on the page; the search finds the others
WALLET = "wallet"  # the parameter of the page's address that names the wallet looked at, so that it can be linked to


@st.fragment(run_every=15 * REFRESH_S)
def ranking(queries: Queries) -> None:
    """Header, leaderboard and deep dive: renewed together, because a row chosen above is told below."""
    with told("The ranking"):
        board = board_of(queries)
        if board.run is None and not board.rows and not board.followed:
            st.info(START, icon=":material/inbox:")
            return
        if not board.taken:
            st.warning("The trader still follows an earlier list; it takes up the published one within a minute or so.")
        if board.run is None:
            watch_list(board, queries)
        else:
            stored(board, board.run, queries)


def stored(board: Board, run: Run, queries: Queries) -> None:
    """The page where the run is stored: every wallet that was scored."""
    header(board, run)
    shown, found = filters(run, board.followed)
    if not shown:
        st.info(_nothing(run), icon=":material/search_off:")
        return
    if found > len(shown):
        st.caption(f"The first {count(len(shown))} of {count(found)} wallets; search for part of an address.")
    # Rows move with the ranking, the choice and the search.
    key = f"leaderboard/{run.name}/{st.session_state.get('whale_show')}/{st.session_state.get('whale_search')}"
    columns = leader_columns(run.follower, reach_of(shown))
    wallet = _choose(leader_rows(shown, board.followed), [text(row, "wallet") for row in shown], key, columns)
    _head(wallet)
    whale = next((w for w in board.rows if w.wallet == wallet), None)
    deep_dive(run.row(wallet) or {}, run, board.followed, whale, queries)
    by_hand(wallet, board.followed, queries)


def header(board: Board, run: Run) -> None:
    """As of when, by which method, and how many."""
    show_figures("ranking", ranked(board, run))
    state = "" if board.published is not None else " It is stored; no watch list has been published from it."
    st.caption(plain(f"Ranking of {stamp(run.as_of)} UTC. {method(run)}{state}"))


def filters(run: Run, followed: Sequence[str]) -> tuple[list[Row], int]:
    """The search and the choice of wallets; the rows to show and how many match."""
    if "whale_show" not in st.session_state:
        known = any(run.row(wallet) is not None for wallet in followed)
        st.session_state["whale_show"] = Show.FOLLOWED if known else Show.ELIGIBLE if run.eligible else Show.ALL
        linked = st.query_params.get(WALLET, "")
        if linked not in followed and run.row(linked) is not None:
            st.session_state["whale_show"], st.session_state["whale_search"] = Show.ALL, linked
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input(
            "Search a wallet (0x…)",
            key="whale_search",
            help="Part of a wallet's address, such as its first or last digits. Looks through all wallets.",
            width=280,
        )
        show = st.segmented_control(
            "Show",
            list(Show),
            required=True,
            key="whale_show",
            disabled=bool(search.strip()),
            help="Followed: copied at present. Eligible: ranked. All: with those that are out, and why.",
        )
    return run.listed(Show.ALL if search.strip() else Show(str(show)), followed, search, MOST)


def _nothing(run: Run) -> str:
    if st.session_state.get("whale_search", "").strip():
        return f"None of the {count(run.wallets)} wallets has such an address; search for fewer digits."
    if st.session_state.get("whale_show") == Show.FOLLOWED:
        return "No scored wallet is followed; choose All to see why each is out."
    return "No wallet is eligible: these data show no edge. Choose All to see why each is out."


def _choose(rows: list[Row], wallets: Sequence[str], key: str, columns: "dict[str, ColumnConfig]") -> str:
    """A table in which one row is always chosen; the wallet of that row, which the page's address names from then on.

    ``key`` must differ where the rows do: a choice is kept as a row's number, and would point at another wallet.
    """
    linked = st.query_params.get(WALLET, "")
    first = wallets.index(linked) if linked in wallets else 0
    height = min(430, 38 + 35 * len(rows))  # not money: pixels
    chosen = choose_row(rows, key, columns, height, first=[first], required=True)
    place = chosen[0] if chosen and chosen[0] < len(wallets) else first
    if place != first:
        st.query_params[WALLET] = wallets[place]
    return wallets[place]


def _head(wallet: str) -> None:
    st.header(f"Wallet {short(wallet)}", divider="gray")
    its_decisions(wallet)


def watch_list(board: Board, queries: Queries) -> None:
    """The page where no run is stored: what the trader, or the published list, tells of the followed wallets."""
    listed = board.rows or [whale_of_ranked(w) for w in (board.published.ranking.wallets if board.published else ())]
    ordered = sorted(listed, key=lambda w: (w.rank == 0, w.rank, w.wallet))
    result = gain(sum(w.pnl_usd for w in ordered))
    copied = sum(1 for w in ordered if w.copies > 0)
    st.caption(
        plain(f"{count(len(ordered))} followed, {count(copied)} copied so far, our result {result}. ")
        + "The scores behind this list are not stored, so only its own figures are shown."
    )
    wallet = _choose(whale_rows(ordered), [w.wallet for w in ordered], f"whales/{len(ordered)}", whale_columns())
    _head(wallet)
    lone_whale(next(w for w in ordered if w.wallet == wallet), queries)
    by_hand(wallet, board.followed, queries)


@st.fragment(run_every=60 * REFRESH_S)
def around(queries: Queries) -> None:
    """What there is to know of all of them together; a ranking comes every few hours."""
    try:
        board = board_of(queries)
    except HouseError:  # told above, where the ranking is missing
        return
    if board.run is not None:
        pipeline(board.run, board.watched, board.followed, queries)
        moves_together(board.run, queries)
        results(board.run, queries)


def main() -> None:
    """Lay the page out."""
    queries = open_page("Whales")
    if queries is None:
        return
    ranking(queries)
    around(queries)


main()
