"""The section of single markets on the Trading page."""

from msgspec.structs import replace
from streamlit.testing.v1 import AppTest

from dashboard.market_panel import EMPTY, TAB
from shared.domain.instants import MINUTE, SECOND
from shared.domain.screens import Screen, TokenScreen, View, Voiced, Why
from tests.dashboard.conftest import RunPage
from tests.dashboard.fakes import NOW, FakeQueries, live, quiet
from tests.dashboard.market_fakes import BTC, OPENS, UP, WILL, crowded, event, screened, tab, view


def shown(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.metric}


def below(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.delta for metric in at.metric}


def pieces(at: AppTest) -> str:
    return " ".join(html.proto.body for html in at.get("html"))


def captions(at: AppTest) -> str:
    return " ".join(caption.value.replace("\\", "") for caption in at.caption)


def trading(run_page: RunPage, queries: FakeQueries) -> AppTest:
    at = run_page("trading", queries)
    assert not at.exception
    assert not at.error
    return at


def test_without_markets_the_section_says_when_one_appears(run_page: RunPage) -> None:
    assert EMPTY in [info.value for info in trading(run_page, quiet()).info]
    assert EMPTY in [info.value for info in trading(run_page, FakeQueries()).info]


def test_a_window_shows_its_countdown_and_the_price_to_beat(run_page: RunPage) -> None:
    at = trading(run_page, screened(quiet()))
    assert [header.value for header in at.subheader] == ["BTC up or down, 5 min, 21\\:58–22\\:03 UTC"]
    assert {"Ends in": "03:00", "Price to beat": "$79,000.00", "BTC now": "$79,100.00"}.items() <= shown(at).items()
    assert (shown(at)["Distance"], below(at)["Distance"]) == ("+$100.00", "▲ Up ahead +0.13%")
    assert all(metric.help for metric in at.metric)


def test_a_window_that_closes_says_so_in_words_and_in_red(run_page: RunPage) -> None:
    queries = screened(quiet())
    queries.shown = live(event_at=OPENS + 5 * MINUTE - 20 * SECOND)
    (ends,) = (metric for metric in trading(run_page, queries).metric if metric.label == "Ends in")
    assert (ends.value, ends.delta) == ("00:20", "■ closing")
    assert ends.proto.color == ends.proto.MetricColor.RED


def test_an_event_shows_its_price_its_spread_and_what_was_traded(run_page: RunPage) -> None:
    at = trading(run_page, screened(quiet()))
    at.segmented_control(key=TAB).set_value(WILL).run()
    assert [header.value for header in at.subheader] == ["Will number 2 win?"]
    figures = {"Ends in": "–", "Last price": "48¢", "Spread": "2¢", "Traded in 5 min": "$400.00"}
    assert figures.items() <= shown(at).items()
    assert "Whale sentiment: none" in captions(at)
    assert "no price to beat" not in captions(at)


def test_where_nobody_tells_the_coin_that_is_said(run_page: RunPage) -> None:
    queries = quiet()
    queries.screens.show(tab(), view(coin=None, tokens=()))
    at = trading(run_page, queries)
    assert "Nobody tells the price of BTC in this world" in captions(at)
    assert (shown(at)["Last price"], shown(at)["Spread"]) == ("–", "–")


def test_prices_books_pressure_and_whales_are_beside_the_chart(run_page: RunPage) -> None:
    at = trading(run_page, screened(quiet()))
    for piece in ("▲ Up<b>49¢</b>", "▼ Down<b>53¢</b>", "▲ Up $450.00", "▲ Up 5 whales", "spread 2¢"):
        assert piece in pieces(at)
    assert at.get("vega_lite_chart")[0].proto.alt == "Up went from 40¢ to 48¢."


def test_the_chart_is_of_either_outcome_or_of_the_coin(run_page: RunPage) -> None:
    at = trading(run_page, screened(quiet()))
    at.segmented_control(key="market_price").set_value("BTC").run()
    assert at.get("vega_lite_chart")[0].proto.alt == "BTC went from $79,000.00 to $79,100.00."
    at.segmented_control(key="market_price").set_value("Down").run()
    assert "Candles begin with the first trade or quote that is heard." in [info.value for info in at.info]


def test_an_unknown_or_old_book_is_told(run_page: RunPage) -> None:
    queries = quiet()
    queries.screens.show(tab(), view(tokens=(TokenScreen(), TokenScreen()), voices=Voiced()))
    assert "No book is known" in captions(trading(run_page, queries))
    assert "nobody has traded within five minutes" in captions(trading(run_page, queries))
    queries.screens.views[0] = view(tokens=(replace(UP, old=True), UP))
    assert "too old to trade on" in captions(trading(run_page, queries))


def test_signals_of_the_market_are_listed_with_their_confidence(run_page: RunPage) -> None:
    queries = quiet()
    queries.screens.show(event(), view(WILL))
    at = trading(run_page, queries)
    table = at.dataframe[0].value
    assert list(table["reason"]) == ["Copied"]
    assert list(table["confidence"]) == [70.0]
    queries.decided = []
    assert "One appears when a followed whale trades here" in captions(trading(run_page, queries))


def test_what_is_ours_in_the_market_is_told_in_sentences(run_page: RunPage) -> None:
    queries = quiet()
    queries.screens.show(tab(why=Why.HELD), view())
    said = captions(trading(run_page, queries))
    assert "◆ 100.00 shares of Yes, cost $40.00, +$5.00 now" in said
    assert "○ Buy No at 63¢, 0.0% filled" in said
    queries.shown = live(marks={})
    assert "cost $40.00, no last price" in captions(trading(run_page, queries))
    queries.held, queries.known_orders = [], []
    assert "Nothing any more." in captions(trading(run_page, queries))


def test_the_readers_choice_follows_its_series_into_the_next_window(run_page: RunPage) -> None:
    queries = screened(quiet())
    at = trading(run_page, queries)
    at.segmented_control(key=TAB).set_value(BTC).run()
    later = tab(4, market="0xnext", start_at=OPENS + 5 * MINUTE, end_at=OPENS + 10 * MINUTE)
    queries.screens.known[0] = later
    queries.screens.views[4] = view("0xnext")
    at.run()
    assert not at.exception
    assert at.segmented_control(key=TAB).value == "0xnext"


def test_a_market_whose_screen_is_not_there_yet_is_told(run_page: RunPage) -> None:
    queries = quiet()
    queries.screens.show(tab(), View(Screen("another", NOW, 10_000, 10)))
    at = trading(run_page, queries)
    assert any("has just come here" in info.value for info in at.info)
    queries.screens.views.clear()
    assert any("has just come here" in info.value for info in trading(run_page, queries).info)


def test_six_busy_markets_are_shown_without_error(run_page: RunPage) -> None:
    at = trading(run_page, crowded())
    assert len(at.segmented_control(key=TAB).options) == 6
    assert pieces(at).count('class="mk-ask"') == 20
