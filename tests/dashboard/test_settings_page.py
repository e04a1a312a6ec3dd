"""The page of settings: what is shown, what is asked for, and that nothing is asked for by a slip of a finger."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.running import Operations
from shared.domain.change import Change
from shared.domain.errors import NotAllowed, Temporary
from shared.domain.instants import MINUTE
from shared.domain.updown import Listed, Window
from shared.ports import Switch
from tests.dashboard import settings_fakes as fakes
from tests.dashboard.conftest import RunPage
from tests.dashboard.fakes import NOW, WALLET, FakeQueries, live

OTHER = "0x" + "7" * 40
SPOT = {"binance": ("BTC", "DOGE"), "coinbase": ("BTC",)}


def said(at: AppTest) -> str:
    every: list[Any] = [*at.markdown, *at.caption, *at.info, *at.warning, *at.error]
    return " ".join(one.value for one in every).replace("\\", "")


def table(at: AppTest, column: str) -> Any:
    return next(found.value for found in at.dataframe if column in found.value)


def choose(at: AppTest, **texts: str) -> AppTest:
    at.multiselect(key="limit_names").set_value(list(texts)).run()
    for name, text in texts.items():
        at.text_input(key=f"limit_{name}").input(text)
    at.run()
    return at


def confirm(at: AppTest, reason: str = "calmer") -> AppTest:
    at.text_input(key="change_reason").input(reason)
    next(button for button in at.button if button.form_id == "change_form").click().run()
    return at


def test_limits_are_shown_by_group_with_what_was_changed(run_page: RunPage) -> None:
    at = run_page("settings", fakes.settled(fakes.changed()))
    at.selectbox(key="limit_group").set_value("Exits").run()
    rows = table(at, "reach").set_index("name")
    assert list(rows.loc["stop_loss", ["now", "changed", "settings", "reach"]]) == ["10%", "✎ 10%", "15%", "0% to 100%"]
    assert "9 limits, 2 of all changed at run time." in said(at)


def test_a_search_looks_through_every_group_and_says_when_it_finds_nothing(run_page: RunPage) -> None:
    at = run_page("settings", fakes.settled(fakes.unchanged()))
    at.text_input(key="limit_search").input("kelly").run()
    assert list(table(at, "reach")["name"]) == ["kelly"]
    at.text_input(key="limit_search").input("unicorn").run()
    assert "No limit is called or means that" in said(at)


def test_a_change_is_shown_confirmed_with_a_reason_and_asked_for(run_page: RunPage) -> None:
    queries = fakes.settled(fakes.unchanged())
    at = choose(run_page("settings", queries), stop_loss="12%", kelly="0.1")
    at.button(key="limit_review").click().run()
    assert list(table(at, "change")["change"]) == ["25% → 10%", "15% → 12%"]
    assert queries.changes.asked == []
    confirm(at)
    ((what, told),) = queries.changes.asked
    assert (what, told["reason"], told["limits"]) == ("configure", "calmer", {"kelly": "0.1", "stop_loss": "12%"})
    assert not any("change" in found.value for found in at.dataframe)
    assert at.multiselect(key="limit_names").value == []


def test_without_a_reason_nothing_is_asked_for(run_page: RunPage) -> None:
    queries = fakes.settled(fakes.unchanged())
    at = choose(run_page("settings", queries), stop_loss="12%")
    at.button(key="limit_review").click().run()
    confirm(at, " a ")
    assert queries.changes.asked == []
    assert "give a reason of at least 3 letters" in said(at)


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        ({"stop_loss": "lots"}, "limit stop_loss='lots': not a number (a part such as 0.15 or 15%)"),
        ({"stop_loss": "200%"}, "Nothing was done: stop_loss must lie between 0 and 1, not 2."),
        ({"trade_min_usd": "2000"}, "Nothing was done: trade_min_usd 2000 exceeds trade_max_usd 1000."),
        ({"stop_loss": "15%"}, "Nothing was done: these are the limits in force: write another value."),
    ],
)
def test_what_cannot_be_granted_is_told_before_anybody_is_asked(
    run_page: RunPage, texts: dict[str, str], sentence: str
) -> None:
    queries = fakes.settled(fakes.unchanged())
    at = choose(run_page("settings", queries), **texts)
    at.button(key="limit_review").click().run()
    assert sentence in said(at)
    assert queries.changes.asked == []
    assert not any("change" in found.value for found in at.dataframe)


def test_what_the_api_does_not_let_the_page_do_is_told_with_the_command(run_page: RunPage) -> None:
    queries = fakes.settled(fakes.unchanged())
    queries.changes.refuses = NotAllowed("PUT /api/markets/config is not allowed: no second factor")
    at = choose(run_page("settings", queries), stop_loss="20%")
    at.button(key="limit_review").click().run()
    confirm(at, "bolder now")
    assert "It was not done: PUT /api/markets/config is not allowed: no second factor." in said(at)
    assert [code.value for code in at.code] == [
        "python -m fargate set limit stop_loss=20% --remote --reason 'bolder now'"
    ]


def test_an_api_that_is_away_is_told(run_page: RunPage) -> None:
    queries = fakes.settled(fakes.unchanged())
    queries.changes.refuses = Temporary("127.0.0.1:1 cannot be reached")
    at = run_page("settings", queries)
    at.button(key="mode_button").click().run()
    confirm(at)
    assert "It was not done: 127.0.0.1:1 cannot be reached." in said(at)
    assert not at.code


@pytest.mark.parametrize(("mode", "other"), [("trade", "observe"), ("observe", "trade")])
def test_the_mode_is_told_and_changed_to_the_other_one(run_page: RunPage, mode: str, other: str) -> None:
    queries = fakes.settled(fakes.unchanged(mode=mode))
    at = run_page("settings", queries)
    shown = {metric.label: metric.value for metric in at.metric}
    assert (shown["Deployment"], shown["Strategy"]) == ("Paper", "Trades" if mode == "trade" else "Observes")
    assert all(metric.help for metric in at.metric)
    at.button(key="mode_button").click().run()
    confirm(at, "for a while")
    assert queries.changes.asked == [("mode", {"mode": other, "reason": "for a while"})]


def test_real_money_is_told(run_page: RunPage) -> None:
    queries = fakes.settled(fakes.unchanged())
    queries.shown = live(mode="live", source="live")
    assert "Live: real money." in said(run_page("settings", queries))


def test_wallets_are_pinned_by_address_and_let_go(run_page: RunPage) -> None:
    queries = fakes.settled(fakes.changed())
    at = run_page("settings", queries)
    assert [code.value for code in at.code] == [WALLET]
    assert fakes.GONE in said(at)
    at.text_input(key="pin_address").input(OTHER)
    at.button(key="pin_button").click().run()
    confirm(at, "promising")
    at.button(key=f"unpin_{WALLET}").click().run()
    confirm(at, "boring")
    assert [told["pinned"] for _, told in queries.changes.asked] == [[OTHER], []]
    assert [told["unpinned"] for _, told in queries.changes.asked] == [[], [WALLET]]


def test_what_is_no_address_is_told(run_page: RunPage) -> None:
    at = run_page("settings", fakes.settled(fakes.unchanged()))
    at.text_input(key="pin_address").input("0x12")
    at.button(key="pin_button").click().run()
    assert "Nothing was done: '0x12' is not a wallet address" in said(at)
    assert "No wallet was pinned at run time" in said(at)


def test_everything_is_forgotten_only_where_something_was_changed(run_page: RunPage) -> None:
    assert not [b for b in run_page("settings", fakes.settled(fakes.unchanged())).button if b.key == "reset_button"]
    queries = fakes.settled(fakes.changed())
    at = run_page("settings", queries)
    at.button(key="reset_button").click().run()
    assert "10% → 15%" in list(table(at, "change")["change"])
    confirm(at, "as before")
    assert queries.changes.asked[0][1]["reset"] is True


def test_requests_are_told_with_what_became_of_them(run_page: RunPage) -> None:
    queries = fakes.settled(fakes.changed())
    queries.waiting = [fakes.asked(1, Change((("kelly", "0.1"),)))]
    at = run_page("settings", queries)
    assert list(table(at, "why")["state"]) == ["◌ Waits for the trader", "✖ Refused", "✔ In force"]
    assert "what waits is taken" not in said(at)
    queries.wall += 5 * MINUTE
    at.run()
    assert "The trader has been silent for 5 min: what waits is taken when it runs again." in said(at)


def test_changes_that_do_not_fit_the_settings_are_an_error(run_page: RunPage) -> None:
    at = run_page("settings", fakes.settled(fakes.unchanged(unfit="kelly must not exceed 0.5, not 0.7")))
    assert "so nothing is entered: kelly must not exceed 0.5" in said(at)


def test_the_grid_says_which_windows_exist_and_who_tells_the_price(run_page: RunPage) -> None:
    queries = fakes.settled(fakes.unchanged())
    known = (Listed("BTC", Window.MINUTES_5, 14, 1, 11, NOW), Listed("XRP", Window.DAY, 3, 0, 0))
    queries.operations.shown = Operations(NOW, NOW, updown=known, spot=SPOT)
    at = run_page("settings", queries)
    rows = table(at, "prices")
    assert list(rows["coin"]) == ["BTC", "DOGE", "XRP"]
    assert list(rows["5m"]) == ["● 1 open · ○ 11 later", "–", "–"]
    assert list(rows["1d"]) == ["–", "–", "– 3 over"]
    assert list(rows["prices"]) == ["Binance, Coinbase", "Binance", "✖ nobody"]
    assert "17 markets of 2 coins are known: 1 run now, 11 begin later." in said(at)


def test_a_run_without_windows_or_prices_says_so(run_page: RunPage) -> None:
    queries = fakes.settled(fakes.unchanged())
    queries.operations.shown = Operations(NOW, NOW)
    at = run_page("settings", queries)
    assert "The system knows no crypto up/down market now." in said(at)
    assert "No exchange tells us prices in this run" in said(at)


def test_limits_that_cannot_be_read_are_told_where_they_are_missing(run_page: RunPage) -> None:
    at = run_page("settings", fakes.settled(fakes.unchanged(in_force={"kelly": "much"})))
    assert not at.exception
    assert "The limits cannot be shown: the limits in force cannot be read" in said(at)


def test_the_kill_switch_comes_before_a_change_that_waits_for_a_confirmation(run_page: RunPage) -> None:
    queries = fakes.settled(fakes.unchanged())
    queries.switched = Switch(True)
    at = run_page("settings", queries)
    at.button(key="mode_button").click().run()
    at.button(key="kill_switch").click().run()
    assert not at.exception
    assert [field.key for field in at.text_input if field.key in ("kill_word", "change_reason")] == ["kill_word"]


def test_an_empty_account_has_neither_form_nor_reset(run_page: RunPage) -> None:
    at = run_page("settings", FakeQueries())
    assert not at.multiselect
    assert not [button for button in at.button if button.key in ("reset_button", "mode_button", "pin_button")]
