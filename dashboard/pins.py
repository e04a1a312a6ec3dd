"""Following a wallet by hand, or no more: what holds, what waits, and a form that asks for it with a reason."""

from collections.abc import Collection

import streamlit as st

from dashboard.frame import told
from dashboard.queries.asked import Queries
from dashboard.state import Changes, RiskView
from dashboard.words import plain, short, stamp
from shared.domain.command import Command
from shared.domain.errors import HouseError

PIN, LET_GO = "Follow by hand", "Follow no more"
ANSWERS_SHOWN = 3
REASON_LEAST = 3
"""The control API takes no shorter one."""


def standing(wallet: str, followed: Collection[str], changes: Changes) -> str:
    """How a wallet came to be followed or not, in one sentence."""
    if wallet in changes.pinned:
        return "Pinned by hand: it is followed whatever its ranking says, until somebody lets it go."
    if wallet in changes.unpinned:
        return "Let go by hand: its trades are heard and not copied, until somebody pins it again."
    if wallet in followed:
        return "Followed because of its ranking."
    return "Not followed. Pinned by hand it would be, whatever its ranking says."


def waiting(wallet: str, pending: Collection[Command]) -> list[str]:
    """Requests about a wallet that the trader has not taken yet, one sentence each."""
    said = []
    for command in pending:
        change = command.change
        if change is not None and wallet in (*change.pinned, *change.unpinned):
            what = "followed by hand" if wallet in change.pinned else "followed no more"
            said.append(f"Asked and not taken by the trader yet: {what} ({command.reason}).")
    return said


def answered(wallet: str, changes: Changes) -> list[str]:
    """What became of the latest requests about a wallet, the latest first, one sentence each."""
    return [
        f"Refused at {stamp(one.at)} UTC ({one.words}): {one.refused}."
        if one.refused
        else f"In force since {stamp(one.at)} UTC: {one.words}."
        for one in reversed(changes.answers)
        if wallet in one.words
    ]


def by_hand(wallet: str, followed: Collection[str], queries: Queries) -> None:
    """What holds of a wallet, and the form that changes it."""
    st.subheader("By hand", help="A person may have a wallet followed that is not ranked, or let one go that is.")
    with told("What people changed"):
        changes = (queries.risk() or RiskView()).changes
        st.write(plain(standing(wallet, followed, changes)))
        for sentence in waiting(wallet, queries.pending()):
            st.info(plain(sentence), icon=":material/hourglass_empty:")
        for sentence in answered(wallet, changes)[:ANSWERS_SHOWN]:
            st.caption(plain(sentence))
        _form(wallet, LET_GO if wallet in {*followed, *changes.pinned} - {*changes.unpinned} else PIN, queries)


def _form(wallet: str, action: str, queries: Queries) -> None:
    """One button, which a reason and a tick must go with."""
    with (
        st.expander(f"{action}: {short(wallet)}", icon=":material/push_pin:"),
        st.form(f"by_hand/{wallet}", border=False),
    ):
        reason = st.text_input(
            "Reason", max_chars=200, key=f"pin_reason/{wallet}", help="Kept with the change for others to read."
        ).strip()
        sure = st.checkbox(
            f"Yes, {action[:1].lower()}{action[1:]}",
            key=f"pin_sure/{wallet}",
            help="Its next trades are copied, or no more; what is held is left by the usual rules.",
        )
        sent = st.form_submit_button(action, type="primary")
    if not sent:
        return
    if len(reason) < REASON_LEAST or not sure:
        st.error("Nothing was done: give a reason of at least three letters and tick the box.")
        return
    try:
        pinned, let_go = ([wallet], []) if action == PIN else ([], [wallet])
        said = queries.changes.configure(reason, pinned=pinned, unpinned=let_go)
    except HouseError as error:
        st.error(plain(f"It was not done: {error}"))
        return
    queries.forget()
    st.toast(plain(said), icon=":material/check:")
    st.success(plain(said), icon=":material/check:")
