"""What the server sends with the document before Streamlit's page stands."""

import asyncio
import threading
from collections.abc import Callable, Iterator

import httpx
import pytest
from starlette.applications import Starlette

from dashboard import first_look
from dashboard.figures import Figure
from dashboard.first_look import first_look as look_at
from dashboard.first_look import known, routes, tags, warmed, written
from dashboard.menu import MENU, Entry
from dashboard.queries.opening import source
from dashboard.words import stamp
from shared.domain.errors import Temporary
from shared.domain.instants import SECOND
from tests.dashboard.fakes import FakeQueries, live, quiet

BOXES = "<dd data-figure>"
Read = Callable[[str], httpx.Response]


@pytest.fixture
def queries() -> Iterator[FakeQueries]:
    source.close()
    asked = quiet()
    source.open(lambda: asked)
    yield asked
    source.close()


@pytest.fixture
def read() -> Read:
    async def ask(path: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=Starlette(routes=routes()))
        async with httpx.AsyncClient(transport=transport, base_url="http://dashboard") as reader:
            return await reader.get(path)

    return lambda path: asyncio.run(ask(path))


@pytest.mark.parametrize("entry", MENU, ids=lambda one: one.stem)
def test_every_page_is_sent_with_its_title_and_streamlits_own_document(
    entry: Entry, queries: FakeQueries, read: Read
) -> None:
    said = read(entry.path)
    assert said.headers["cache-control"] == "no-store"
    assert f"<h1>{entry.title}</h1>" in said.text
    assert '<div id="root"></div>' in said.text
    assert f'href="{entry.path}" aria-current=page' in said.text


def test_the_figures_are_those_of_the_page(queries: FakeQueries, read: Read) -> None:
    text = read("/").text
    for figure in MENU[0].head(queries):
        assert f"{BOXES}{figure.shown}</dd>" in text


def test_a_head_that_takes_long_is_left_to_the_page(
    queries: FakeQueries, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()
    monkeypatch.setattr(first_look, "PATIENCE_S", 0.05)
    monkeypatch.setattr(first_look, "known", lambda _entry: str(release.wait(30)))
    try:
        text = read("/").text
    finally:
        release.set()
    assert "<h1>Trading overview</h1>" in text
    assert BOXES not in text


@pytest.mark.parametrize("error", [Temporary("DynamoDB does not answer."), KeyError("a bug of ours")], ids=type)
def test_whatever_fails_leaves_the_figures_out_and_the_page_comes(
    queries: FakeQueries, read: Read, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def away() -> None:
        raise error

    monkeypatch.setattr(queries, "live", away)
    said = read("/risk")
    assert said.status_code == 200
    assert "<h1>Risk</h1>" in said.text
    assert BOXES not in said.text


def test_nothing_was_opened_and_still_there_is_a_look() -> None:
    source.close()
    assert "<h1>Risk</h1>" in known(MENU[5])


def test_names_are_text_whatever_they_look_like() -> None:
    figure = Figure("<b>", "<i>1", "-2%", '"><script>', moves=True)
    html = look_at(MENU[0], (), [figure, Figure("Up", "1", "+2%", "", moves=True)])
    assert "&lt;b&gt;" in html
    assert "<script>" not in html.partition("<dl>")[2].partition("</dl>")[0]
    assert "↓ -2%" in html
    assert "↑ +2%" in html


def test_an_account_that_was_never_traded_waits(queries: FakeQueries) -> None:
    queries.shown = None
    assert "Waiting for the trader" in tags(queries)[0]
    assert written(None) == ""
    queries.shown = live(mode="live")
    assert "LIVE" in tags(queries)[0]


def test_a_trader_that_has_been_silent_is_not_shown_as_if_it_spoke(queries: FakeQueries) -> None:
    assert not any("silent" in one for one in tags(queries))
    queries.shown = live(at=queries.wall - 300 * SECOND)
    assert any("silent for 5 min" in one for one in tags(queries))
    assert written(queries.shown).endswith(f"written at {stamp(queries.wall - 300 * SECOND)} UTC")


def test_every_head_is_asked_for_before_the_dashboard_answers(
    queries: FakeQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(first_look, "known", lambda entry: asked.append(entry.stem))

    async def start() -> list[str]:
        async with warmed(None):
            return list(asked)

    assert asyncio.run(start()) == [one.stem for one in MENU]


def test_tables_that_take_too_long_do_not_keep_the_dashboard_from_starting(
    queries: FakeQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, ended = threading.Event(), threading.Event()

    def slow(entry: Entry) -> None:
        release.wait(30)
        if entry is MENU[-1]:
            ended.set()

    monkeypatch.setattr(first_look, "START_S", 0.05)
    monkeypatch.setattr(first_look, "known", slow)

    async def start() -> bool:
        async with warmed(None):
            return not ended.is_set()

    try:
        assert asyncio.run(asyncio.wait_for(start(), 30))
    finally:
        release.set()
        assert ended.wait(30)  # what goes on beside us must not go on into another test
