"""Ways from one page to another. The address names what is looked at, so that it can be kept and sent on."""

from contextlib import suppress

import streamlit as st
from streamlit.errors import StreamlitAPIException

WALLET, MARKET, ORDER = "wallet", "market", "order"
"""Parameters of an address: the wallet, the market or the failed order a page is to show."""


def _link(page: str, label: str, icon: str, explanation: str, **parameters: str) -> None:
    with suppress(StreamlitAPIException):  # no entrance beside the folder: the page was started by hand
        st.page_link(f"pages/{page}.py", label=label, icon=icon, query_params=parameters, help=explanation)


def its_decisions(wallet: str) -> None:
    """From a wallet to what was decided on its trades."""
    told = "Page Decisions, its trades alone: why each was or was not copied, and the orders that came of it."
    _link("decisions", "What was decided on its trades", ":material/checklist:", told, **{WALLET: wallet})


def its_record(wallet: str) -> None:
    """From a decision to the record of the wallet whose trade it was on."""
    told = "Page Whales: its ranking in words, and what copying it has brought."
    _link("whales", "The wallet's record", ":material/trophy:", told, **{WALLET: wallet})


def all_of_it(wallet: str) -> None:
    """From a decision to all others on the same wallet's trades."""
    told = "This page, the trades of this wallet alone."
    _link("decisions", "All its decisions", ":material/filter_alt:", told, **{WALLET: wallet})


def market_decisions(market: str) -> None:
    """From a market to all that was decided in it."""
    told = "Page Decisions, this market alone."
    _link("decisions", "All decisions in this market", ":material/filter_alt:", told, **{MARKET: market})


def failed_order(key: str) -> None:
    """From a decision to the review of an order of its that failed for good."""
    _link("operations", "Review the failed order", ":material/healing:", "Page Operations.", **{ORDER: key})
