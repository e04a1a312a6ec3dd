"""The first look at a page: its head as plain HTML, sent with the document, so that a reader need not wait.

Streamlit's own page appears once a browser has loaded and run its scripts, which takes half a second at best. Until it
stands, what the server already knows is read from this; then it goes. It holds nothing that could be pressed.
"""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from html import escape
from importlib import import_module
from pathlib import Path

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import BaseRoute, Route
from streamlit.file_util import get_static_dir

from dashboard.figures import Figure
from dashboard.frame import STALE_NS, STYLE, mode_tags, tag, trading_tag
from dashboard.menu import MENU, Entry
from dashboard.queries.asked import Queries
from dashboard.queries.opening import source
from dashboard.risk import breaker_tags
from dashboard.state import Live
from dashboard.words import age, stamp
from shared.domain.errors import HouseError

PATIENCE_S = 0.35
"""What takes longer is left to the page itself: nobody is to wait for a first look."""
AT_ONCE = 8
"""Questions under way at most: tables that do not answer must not take the threads that serve scripts and styles."""
MISTAKES = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a mistake of ours in a head would raise: it must not keep the page itself away, which tells it."""
START_S = 4.0
"""So long the dashboard prepares itself at most; tables that do not answer are told of on every page."""
BODY = "<body>"
UP, DOWN = "↑", "↓"
logger = logging.getLogger(__name__)

LOOKS = """
<style>
#first-look {position:fixed; inset:0; z-index:999999; overflow:auto; background:#fff; color:#0b1018;
  font-family:"Source Sans",sans-serif; font-size:16px; line-height:1.5}
#first-look nav {display:flex; gap:.25rem; height:3.75rem; align-items:center; padding:0 1rem; overflow:hidden}
#first-look nav a {padding:.25rem .5rem; border-radius:.5rem; color:inherit; text-decoration:none; white-space:nowrap;
  font-size:.875rem}
#first-look nav a[aria-current] {background:#f3f5f8; font-weight:600}
#first-look main {padding:1rem 5rem}
#first-look h1 {font-size:1.7rem; font-weight:700; line-height:1.2; margin:0; padding:.25rem 0 .75rem}
#first-look dl {display:grid; grid-template-columns:repeat(4,minmax(0,1fr)); gap:.6rem; margin:1rem 0}
#first-look dl > div {border:1px solid #d9dee7; border-radius:.5rem; padding:1rem}
#first-look dt {font-size:.875rem}
#first-look dd {margin:0; overflow:hidden; text-overflow:ellipsis; white-space:nowrap}
#first-look dd:nth-of-type(1) {font-size:1.45rem}
#first-look dd:nth-of-type(2) {font-size:.875rem; opacity:.8}
#first-look .look-note {font-size:.875rem; opacity:.75; margin:.75rem 0 0; min-height:1.5em}
#first-look .look-late {display:none}
#first-look.late .look-late {display:block; font-weight:600}
@media (prefers-color-scheme:dark) {
  #first-look {background:#0f141c; color:#e7ecf3}
  #first-look nav a[aria-current] {background:#18202c}
  #first-look dl > div {border-color:#2c3646}
}
@media (max-width:800px) {
  #first-look dl {grid-template-columns:repeat(2,minmax(0,1fr))}
  #first-look nav {visibility:hidden}
}
@media (max-width:640px) {#first-look main {padding:1rem .75rem}}
</style>
"""
LEAVE = """
<script>
(() => {
  const look = document.getElementById("first-look");
  const told = '[data-testid="stMetricValue"], [data-testid="stAlert"], [data-testid="stException"]';
  const rest = '[data-testid="stApp"][data-test-script-state="notRunning"] [data-testid="stMain"] h1';
  const figures = look.querySelectorAll("dt").length;
  const watch = new MutationObserver(() => {
    const here = document.querySelectorAll(told).length;
    if ((here && here >= figures) || document.querySelector(rest)) {
      watch.disconnect();
      look.remove();
    }
  });
  document.addEventListener("DOMContentLoaded", () =>
    watch.observe(document.getElementById("root"), { childList: true, subtree: true, attributes: true }),
  );
  setTimeout(() => look.classList.add("late"), 10000);
})();
</script>
"""
"""Streamlit's page stands once it shows as many figures, or has come to rest. One that does not come is told of."""


def routes() -> list[BaseRoute]:
    """One for each page: Streamlit's document with the page's first look in it."""
    document = (Path(get_static_dir()) / "index.html").read_text(encoding="utf-8")
    at_once = anyio.CapacityLimiter(AT_ONCE)
    return [_route(one, document, at_once) for one in MENU]


def _route(entry: Entry, document: str, at_once: anyio.CapacityLimiter) -> Route:
    async def answer(_request: Request) -> HTMLResponse:
        look = first_look(entry, (), ())
        with anyio.move_on_after(PATIENCE_S):
            look = await anyio.to_thread.run_sync(known, entry, abandon_on_cancel=True, limiter=at_once)
        page = document.replace(BODY, BODY + look, 1)
        return HTMLResponse(page, headers={"Cache-Control": "no-store"})

    return Route(entry.path, answer)


@asynccontextmanager
async def warmed(_app: object) -> AsyncIterator[None]:
    """While the dashboard lives. Before it answers, every head is asked for once, and what charts take is loaded: the
    first reader is to wait as little as the others.
    """
    with anyio.move_on_after(START_S):
        await anyio.to_thread.run_sync(_warm, abandon_on_cancel=True)
    yield


def _warm() -> None:
    import_module("dashboard.drawing")
    for one in MENU:
        known(one)


def known(entry: Entry) -> str:
    """The first look with what can be known of the account; without figures where that cannot be asked."""
    try:
        queries = source.ask()
        return first_look(entry, tags(queries), entry.head(queries), written(queries.live()))
    except HouseError as error:  # the page tells it, and asks again
        logger.info("no first look at %s: %s", entry.title, error)
    except MISTAKES:
        logger.exception("the first look at %s failed", entry.title)
    return first_look(entry, (), ())


def tags(queries: Queries) -> list[str]:
    """Whose money it is, whether it is traded with, and what stands in the way: the banner of every page, as HTML."""
    live, switch, pending = queries.live(), queries.switch(), queries.pending()
    if live is None:
        return [tag("source", "Waiting for the trader")]
    silent = queries.now() - live.at
    dead = [tag("off", f"■ The trader has been silent for {age(silent)}")] if silent > STALE_NS else []
    breakers = [tag(kind, text) for kind, text in breaker_tags(live.breakers)]
    return [*mode_tags(live), trading_tag(live, switch, pending), *dead, *breakers]


def written(live: Live | None) -> str:
    """Of which instant the figures are, in words that stay true however long they stand; "" before the first."""
    return f"Event time {stamp(live.event_at)} UTC, written at {stamp(live.at)} UTC" if live else ""


def first_look(entry: Entry, banner: Sequence[str], figures: Sequence[Figure], note: str = "") -> str:
    """The fragment for the document's body: menu, title, banner and figures, and how they leave again."""
    links = "".join(
        f'<a href="{one.path}"{" aria-current=page" if one is entry else ""}>{escape(one.title)}</a>' for one in MENU
    )
    return (
        f'{STYLE}{LOOKS}<div id="first-look"><nav aria-label="Pages">{links}</nav><main><h1>{escape(entry.title)}</h1>'
        f'<div class="house-banner">{"".join(banner)}</div><p class="look-note">{escape(note)}</p>'
        f"<dl>{''.join(map(_box, figures))}</dl>"
        '<p class="look-late">The page does not start: reload it, or look at the log of the dashboard.</p>'
        f"</main></div>{LEAVE}"
    )


def _box(one: Figure) -> str:
    arrow = "" if not one.moves else f"{DOWN} " if one.below.startswith("-") else f"{UP} "
    below = f"<dd>{arrow}{escape(one.below)}</dd>" if one.below else ""
    return (
        f'<div title="{escape(one.explanation)}"><dt>{escape(one.name)}</dt>'
        f"<dd data-figure>{escape(one.shown)}</dd>{below}</div>"
    )
