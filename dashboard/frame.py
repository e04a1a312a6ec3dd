"""What every page has in common: the banner, the state of trading, the kill switch, and how a failure is told."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from html import escape

import streamlit as st
from streamlit.errors import StreamlitAPIException

from dashboard.queries.asked import Queries
from dashboard.queries.opening import source
from dashboard.risk import breaker_tags
from dashboard.state import FEED_OK, STOPPED, Live
from dashboard.words import age, plain, stamp
from dashboard.words import source as source_words
from shared.domain.command import Command, CommandKind
from shared.domain.errors import HouseError, NotAllowed, Temporary
from shared.domain.instants import SECOND
from shared.ports import Switch

REFRESH_S = 2
STALE_NS = 15 * SECOND  # not money: seconds to nanoseconds
STOP_WORD, RESUME_WORD = "STOP", "RESUME"
DIALOG = "kill_dialog_open"
WANTED = "wanted_page"
"""Title and address parameters of the page the entrance is to open."""

STYLE = """
<style>
.house-banner {display:flex; flex-wrap:wrap; gap:.5rem; align-items:center; font-weight:600; font-size:.95rem;
  line-height:1.35}
.house-banner > span {border-radius:.5rem; padding:.3rem .7rem; border:1px solid transparent}
.house-paper {background:#1d4ed8; color:#fff}
.house-live {background:#b91c1c; color:#fff}
.house-synthetic {color:#1c1300; background:repeating-linear-gradient(135deg,#fcd34d 0 14px,#fbbf24 14px 28px)}
.house-source {background:#475569; color:#fff}
.house-on {background:#166534; color:#fff}
.house-off {background:#b91c1c; color:#fff}
.house-wait {background:#92400e; color:#fff}
/* White on the lighter blue of the dark theme, which words on dark need, could not be read. */
[data-testid^="stBaseButton-primary"] {background:#1d4ed8 !important; border-color:#1d4ed8 !important; color:#fff}
/* What a table itself would save has cells that a spreadsheet takes for formulas; page Reports has the files. */
button[aria-label="Download as CSV"] {display:none}
[class*="st-key-figures"] {display:grid !important; grid-template-columns:repeat(4,minmax(0,1fr)); gap:.6rem}
[class*="st-key-figures"] > * {width:auto !important; min-width:0}
[class*="st-key-figures"] [data-testid="stMetric"] {padding:0}
@media (max-width:800px) {
  [class*="st-key-figures"] {grid-template-columns:repeat(2,minmax(0,1fr))}
}
@media (max-width:640px) {
  [data-testid="stMainBlockContainer"] {padding-left:.75rem; padding-right:.75rem}
}
</style>
"""


@contextmanager
def told(what: str, *, aloud: bool = False) -> Iterator[None]:
    """Turn a failure of ours into one sentence on the page; the next refresh tries again.

    A database that does not answer is told ``aloud`` once, in the banner; elsewhere a quiet line marks the gap.
    """
    try:
        yield
    except Temporary as error:
        if aloud:
            st.error(plain(f"{what} cannot be shown: {error}"), icon=":material/error:")
        else:
            st.caption(f"{what} cannot be shown at the moment.")
    except HouseError as error:
        st.error(plain(f"{what} cannot be shown: {error}"), icon=":material/error:")


def theme() -> str:
    """The reader's theme, "light" or "dark"; light until the browser has told."""
    return st.context.theme.type or "light"


def open_page(title: str) -> Queries | None:
    """Title, kill switch button and banner; ``None`` (after telling why) when there is nothing to ask."""
    st.html(STYLE)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.title(title, width="content")
        st.button(
            "Kill switch",
            key="kill_switch",
            on_click=_open_dialog,
            icon=":material/power_settings_new:",
            help="Stop trading: open orders are cancelled and no new ones are sent. Also resumes a stopped trader.",
        )
    try:
        queries = source.ask()
    except HouseError as error:
        _enter(title)
        st.error(plain(str(error)))
        return None
    if st.session_state.get(DIALOG):
        kill_dialog()
    banner(queries)
    return queries


def _enter(title: str) -> None:
    """Go through the entrance, which brings the reader back to this page.

    Before its first run a server knows the files in pages/ only, and starts one by itself when its address is asked.
    """
    st.session_state[WANTED] = (title, st.query_params.to_dict())
    with suppress(StreamlitAPIException):  # no entrance beside the folder: the page was started by hand
        st.switch_page("entrance.py")


def tag(kind: str, text: str) -> str:
    """One label of the banner as HTML; the text may be anything."""
    return f'<span class="house-{kind}">{escape(text)}</span>'


def mode_tags(live: Live) -> list[str]:
    """Whose money it is and where the events come from."""
    paper = live.mode != "live"
    tags = [tag("paper", f"{live.mode.upper()} · no real money") if paper else tag("live", "LIVE · real money")]
    if live.synthetic:
        tags.append(tag("synthetic", "SYNTHETIC · an invented market; results say nothing about real profit"))
    else:
        tags.append(tag("source", source_words(live.source)))
    return tags


def trading_tag(live: Live | None, switch: Switch, pending: list[Command]) -> str:
    """Whether the trader trades, has stopped (and why), or has a request to stop or resume before it."""
    if any(command.kind is CommandKind.KILL for command in pending) and switch.trading:
        return tag("wait", "◌ Stop requested, the trader has not taken it yet")
    if any(command.kind is CommandKind.FLATTEN for command in pending):
        return tag("off", f"■ Selling everything: {switch.reason or 'a person asked for it'}")
    if any(command.kind is CommandKind.RESUME for command in pending) and not switch.trading:
        return tag("wait", "◌ Resume requested, the trader has not taken it yet")
    if not switch.trading:
        return tag("off", f"■ Trading stopped: {switch.reason or 'no reason given'}")
    if live is not None and not live.trading:
        return tag("off", f"■ Trading halted: {live.switch_reason or 'no reason given'}")
    return tag("on", "▶ Trading")


def news_line(live: Live, now: int) -> str:
    """How fresh the page is and where the trader stands, as Markdown."""
    parts = [f"Event time **{plain(stamp(live.event_at))}** UTC", f"updated {age(now - live.at)} ago"]
    if live.progress:
        parts.append(plain(live.progress))
    return " · ".join(parts)


def silence_line(live: Live, now: int) -> str:
    """That the trader has not written for too long, as Markdown; empty while it writes. One that was stopped has said
    so with its last word; one that died has not.
    """
    silent = now - live.at
    if silent <= STALE_NS:
        return ""
    figures = f"the figures are from {plain(stamp(live.at))} UTC."
    if live.progress == STOPPED:
        return f"The trader was stopped {age(silent)} ago; {figures} Start it with `make run`."
    return (
        f"The trader has been silent for {age(silent)} without having been stopped; {figures} It hangs, is cut off, or "
        "is dead: `python -m fargate status` on its machine says which; if it is not running, start it with `make run`."
    )


def bad_feeds(live: Live) -> list[str]:
    """One sentence per feed that is not well."""
    return [f"Feed {name}: {state}" for name, state in sorted(live.feeds.items()) if state != FEED_OK]


@st.fragment(run_every=REFRESH_S)
def banner(queries: Queries) -> None:
    """The strip on top of every page, renewed by itself."""
    with told("The state of the trader", aloud=True):
        live, switch, pending = queries.live(), queries.switch(), queries.pending()
        tags = ([] if live is None else mode_tags(live)) + [trading_tag(live, switch, pending)]
        tags += [tag(kind, text) for kind, text in breaker_tags(() if live is None else live.breakers)]
        if live is None:
            tags = [tag("source", "Waiting for the trader")] if switch.trading and not pending else tags
            st.html(f'<div class="house-banner" role="status">{"".join(tags)}</div>')
            return
        st.html(f'<div class="house-banner" role="status">{"".join(tags)}</div>')
        silence = silence_line(live, queries.now())
        if silence:
            st.warning(silence, icon=":material/schedule:")
        for sentence in bad_feeds(live):
            st.warning(plain(sentence), icon=":material/cloud_off:")
        st.caption(news_line(live, queries.now()))


def _open_dialog() -> None:
    st.session_state[DIALOG] = True


def _close_dialog() -> None:
    st.session_state[DIALOG] = False


@st.dialog("Kill switch", on_dismiss=_close_dialog)
def kill_dialog() -> None:
    """Stop or resume, each behind a typed word and a reason, so that no slip of a finger does it."""
    queries = source.ask()
    try:
        switch = queries.switch()
    except HouseError as error:
        st.error(plain(str(error)))
        return
    if switch.trading:
        st.write("Stopping cancels every open order and refuses new ones until a person resumes. Positions stay open.")
        _ask(STOP_WORD, "Stop trading", queries)
    else:
        st.write(plain(f"Trading is stopped since {stamp(switch.at)} UTC: {switch.reason or 'no reason given'}."))
        st.write("It resumes only if no order is in doubt.")
        _ask(RESUME_WORD, "Resume trading", queries)


def _ask(word: str, action: str, queries: Queries) -> None:
    with st.form("kill_form", border=False):
        reason = st.text_input(
            "Reason", max_chars=200, key="kill_reason", help="Kept with the switch for others to read."
        ).strip()
        typed = st.text_input(f"Type {word} to confirm", max_chars=10, key="kill_word").strip()
        sent = st.form_submit_button(action, type="primary", width="stretch")
    if not sent:
        return
    if typed != word:
        st.error(f"Nothing was done: type {word} in capital letters to confirm.")
    elif not reason:
        st.error("Nothing was done: give a reason.")
    else:
        _send(word, reason, queries)


def _send(word: str, reason: str, queries: Queries) -> None:
    try:
        said = queries.changes.kill(reason) if word == STOP_WORD else queries.changes.resume(reason)
    except HouseError as error:
        st.error(plain(f"It was not done: {error}"))
        if isinstance(error, NotAllowed):
            st.write("A person who may (to resume: with a second factor) does it in a terminal:")
            verb = "kill" if word == STOP_WORD else "resume"
            words = f"python -m fargate {verb} --remote --reason {shlex.quote(reason)}"
            st.code(words, language="bash", wrap_lines=True)
        return
    queries.forget()
    st.toast(plain(said), icon=":material/check:")
    _close_dialog()
    st.rerun()
