"""Settings: limits, the strategy's mode, wallets pinned by hand, and which crypto windows exist. What is changed here
is asked of the trader through the control API, with a reason, and only after it was shown and confirmed.
"""

from collections.abc import Callable
from functools import partial

import streamlit as st

from dashboard.columns import show_table
from dashboard.drafts import (
    REASON_LEAST,
    Draft,
    asked_rows,
    is_changed,
    of_limits,
    of_mode,
    of_pin,
    of_reset,
    of_unpin,
    step_rows,
)
from dashboard.figures import show_figures
from dashboard.frame import DIALOG, REFRESH_S, open_page, told
from dashboard.heads.settings import MODES, money
from dashboard.heads.settings import settings as in_short
from dashboard.limits import groups, in_force, limit_rows, matching, named, reach, tip, title, written, wrong
from dashboard.queries.asked import Queries
from dashboard.queries.opening import source
from dashboard.settings_columns import asked_columns, limit_columns, step_columns, window_columns
from dashboard.state import Changes, Live, RiskView
from dashboard.windows import window_rows, windows_words
from dashboard.words import age, count, plain
from shared.domain.errors import BadInput, HouseError, NotAllowed
from shared.domain.instants import SECOND

START = "Nothing to show yet: the trader has not published its settings. Start it with `make run`."
DRAFT, CHOSEN = "draft", "limit_names"
ASKED = "limits_asked"  # set once a change was asked for: the form is empty again
ROW, HEAD = 35, 38  # pixels of a row and of the head of a table
SILENT_NS = 15 * SECOND  # not money: seconds to nanoseconds


def standing(queries: Queries) -> tuple[Live, RiskView] | None:
    """What the trader shows; ``None``, after telling what to do, before it has."""
    live, view = queries.live(), queries.risk()
    if live is None or view is None or not view.changes.in_force:
        st.info(START, icon=":material/hourglass_empty:")
        return None
    return live, view


def silence(live: Live | None, now: int) -> str:
    """Since when the trader has not been heard, in words; empty while it is."""
    if live is None:
        return "has never run"
    return f"has been silent for {age(now - live.at)}" if now - live.at > SILENT_NS else ""


@st.fragment(run_every=5 * REFRESH_S)
def head(queries: Queries) -> None:
    """What holds at present."""
    with told("The figures"):
        if standing(queries) is not None:
            show_figures("settings", in_short(queries))


@st.fragment(run_every=REFRESH_S)
def asked(queries: Queries) -> None:
    """What waits for the trader, what it made of the latest requests, and why."""
    st.header("Requests", help="Whatever is changed here or in the terminal: what waits, what holds, what was refused.")
    with told("The requests"):
        view, pending = queries.risk(), queries.pending()
        changes = Changes() if view is None else view.changes
        if changes.unfit:
            words = f"What was changed does not fit the settings, so nothing is entered: {changes.unfit}"
            st.error(plain(words), icon=":material/error:")
        rows = asked_rows(pending, changes, queries.now())
        if not rows:
            st.caption("Nobody has asked for a change since the trader started.")
            return
        if pending and (silent := silence(queries.live(), queries.now())):
            st.warning(f"The trader {silent}: what waits is taken when it runs again.", icon=":material/schedule:")
        show_table(rows, height=_height(len(rows), 6), key="asked", column_config=asked_columns())


@st.fragment(run_every=5 * REFRESH_S)
def limits(queries: Queries) -> None:
    """Every limit by group, or those that a search finds."""
    st.header("Limits", help="What the trader may do at most. It checks every change as a whole, all of it or nothing.")
    with told("The limits"):
        shown = standing(queries)
        if shown is None:
            return
        changes = shown[1].changes
        names = groups()
        with st.container(horizontal=True, vertical_alignment="bottom"):
            group = st.selectbox(
                "Group", list(names), key="limit_group", width=240, help="Limits that belong together."
            )
            text = st.text_input(
                "Search", key="limit_search", width=240, help="Words of a name or a meaning, in all groups."
            )
        bounds = matching(text) if text.strip() else names[group]
        if not bounds:
            st.info("No limit is called or means that. Search for another word, such as loss or spread.")
            return
        st.caption(f"{count(len(bounds))} limits, {count(len(changes.limits))} of all changed at run time.")
        rows = limit_rows(bounds, changes)
        show_table(rows, height=_height(len(rows), 24), key="limit_table", column_config=limit_columns())


@st.fragment
def change_limits(queries: Queries) -> None:
    """Write other values, one or several together."""
    with told("The form"):
        view = queries.risk()
        if view is None or not view.changes.in_force:
            return
        every = [bound for bounds in groups().values() for bound in bounds]
        names = {bound.name: f"{title(bound)} ({bound.name})" for bound in every}
        if st.session_state.pop(ASKED, False):
            st.session_state[CHOSEN] = []
        chosen = st.multiselect(
            "Change limits",
            list(names),
            format_func=lambda name: names[name],
            key=CHOSEN,
            help="Choose one or several; they are changed together or not at all.",
        )
        now = in_force(view.changes)
        texts: dict[str, str] = {}
        with st.container(horizontal=True):
            for bound in named(chosen):
                label = f"{title(bound)}: {bound.shown(getattr(now, bound.name))} now, may be {reach(bound)}"
                key, text = f"limit_{bound.name}", written(bound, now)
                texts[bound.name] = st.text_input(plain(label), text, 80, key=key, help=plain(tip(bound)), width=380)
        for said in filter(None, (wrong(bound, texts[bound.name]) for bound in named(chosen))):
            st.error(plain(said), icon=":material/error:")
        if chosen and st.button("Review the change", key="limit_review", type="primary", icon=":material/rule:"):
            propose(lambda: of_limits(view.changes, texts))


def propose(draft: Callable[[], Draft]) -> None:
    """Show a change to be confirmed; or what is wrong with it, in one sentence."""
    try:
        st.session_state[DRAFT] = draft()
    except BadInput as error:
        st.error(plain(f"Nothing was done: {error}."), icon=":material/error:")
        return
    st.rerun()


def modes(queries: Queries) -> None:
    """Whose money it is, and whether the strategy trades."""
    st.header("Modes", help="What is traded with is decided by the deployment; whether the strategy enters, here.")
    with told("The modes"):
        shown = standing(queries)
        if shown is None:
            return
        live, view = shown
        now = view.changes.mode
        other = "trade" if now == "observe" else "observe"
        st.caption(plain(f"{money(live.mode)} {MODES.get(now, now)}"))
        words = {"trade": "Let it trade", "observe": "Let it observe only"}[other]
        if st.button(words, key="mode_button", icon=":material/swap_horiz:", help=MODES[other]):
            propose(lambda: of_mode(now, other))


def pins(queries: Queries) -> None:
    """Wallets followed by hand."""
    st.header("Pinned wallets", help="Followed by hand, whatever the ranking says; the settings may name others.")
    with told("The pinned wallets"):
        shown = standing(queries)
        if shown is None:
            return
        changes = shown[1].changes
        if not changes.pinned:
            st.caption("No wallet was pinned at run time. Pin one by its address.")
        for wallet in changes.pinned:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.code(wallet, language=None, width="content")
                if st.button("Let go", key=f"unpin_{wallet}", help="Follow it by hand no more."):
                    propose(partial(of_unpin, wallet))
        if changes.unpinned:
            st.caption(f"Let go by hand, though the settings name them: {', '.join(changes.unpinned)}")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            address = st.text_input("Address", key="pin_address", max_chars=80, width=420, help="0x and 40 hex digits.")
            if st.button("Pin", key="pin_button", icon=":material/keep:", help="Follow it from now on."):
                propose(lambda: of_pin(changes, address))


@st.fragment(run_every=15 * REFRESH_S)
def windows(queries: Queries) -> None:
    """Which crypto up/down markets there are, by coin and window."""
    st.header(
        "Crypto windows", help="Up/down markets that the system knows: listed by the venue or heard of in a trade."
    )
    with told("The windows"):
        view = queries.operations.view()
        if view is None:
            st.info(START, icon=":material/hourglass_empty:")
            return
        st.caption(windows_words(view.updown))
        rows = window_rows(view.updown, view.spot)
        if rows:
            show_table(rows, height=_height(len(rows), 12), key="windows", column_config=window_columns())
        if not view.spot:
            st.caption("No exchange tells us prices in this run, so no coin has a price of its own.")


def reset(queries: Queries) -> None:
    """Forget whatever was changed at run time."""
    with told("The reset"):
        view = queries.risk()
        if view is None or not is_changed(view.changes):
            return
        st.header("Reset", help="Limits, mode and pins as the settings of the deployment say.")
        if st.button("Forget all changes", key="reset_button", icon=":material/restart_alt:"):
            propose(lambda: of_reset(view.changes))


def _height(rows: int, most: int) -> int:
    return HEAD + ROW * max(min(rows, most), 1)  # not money: pixels


def _close() -> None:
    st.session_state.pop(DRAFT, None)


@st.dialog("Confirm the change", width="medium", on_dismiss=_close)
def confirm(draft: Draft) -> None:
    """Before and after, a reason, and one button that asks for it."""
    st.subheader(draft.title)
    if draft.steps:
        rows = step_rows(draft.steps)
        show_table(rows, height=_height(len(rows), 8), key="steps", column_config=step_columns())
    with st.form("change_form", border=False):
        words = "Kept with the change for others to read."
        reason = st.text_input("Reason", max_chars=200, key="change_reason", help=words).strip()
        sent = st.form_submit_button("Ask the trader", type="primary", width="stretch")
    if not sent:
        return
    if len(reason) < REASON_LEAST:
        st.error(f"Nothing was done: give a reason of at least {REASON_LEAST} letters.")
        return
    _ask(draft, reason)


def _ask(draft: Draft, reason: str) -> None:
    try:
        said = draft.ask(source.ask().changes, reason)
    except NotAllowed as error:
        st.error(plain(f"It was not done: {error}."))
        st.write("A person with a second factor does it in a terminal:")
        st.code("\n".join(draft.commands(reason)), language="bash", wrap_lines=True)
        return
    except HouseError as error:
        st.error(plain(f"It was not done: {error}."))
        return
    _close()
    st.session_state[ASKED] = True
    st.toast(plain(said), icon=":material/check:")
    st.rerun()


def main() -> None:
    """Lay the page out."""
    queries = open_page("Settings")
    if queries is None:
        return
    draft = st.session_state.get(DRAFT)
    if isinstance(draft, Draft) and not st.session_state.get(DIALOG):
        confirm(draft)
    head(queries)
    asked(queries)
    modes(queries)
    limits(queries)
    change_limits(queries)
    pins(queries)
    reset(queries)
    windows(queries)


main()
