"""Which markets have a screen, what is on it, and how little of it is written."""

import msgspec

from fargate.lanes import InPlace
from fargate.prints import Prints
from fargate.screens import AGAIN_NS, AT_ONCE, FRESH_MOST, LEVELS, SLOTS, STAYS_NS, Displayed, Screens, no_book
from shared.domain.instants import HOUR, MINUTE, SECOND
from shared.domain.messages import BookSnapshot, SpotTrade
from shared.domain.money import ONE, Price, dollars
from shared.domain.order import Side
from shared.domain.screens import CoinScreen, Screen, Stored, Tabs, TokenScreen, View, Voiced, Why, owner
from shared.engine.books import Book
from tests.fargate.fakes import Life
from tests.fargate.test_trader import bought
from tests.fargate.watched import Watched, window
from tests.shared.engine.builders import NOON, market, trade

Items = dict[str, Tabs | Screen | Stored]


class Looked(Watched):
    """A house with screens; ``items`` are those that would stand in the table."""

    def __init__(self, displayed: Displayed = no_book) -> None:
        super().__init__()
        self.ready()
        self.screens = Screens(self.engine, self.prints, displayed)
        self.items: Items = {}

    def turn(self, after: int = 0) -> Items:
        """What is written now."""
        self.now += after
        written = dict(self.screens.turn(self.now))
        self.items.update(written)
        return written

    def tabs(self) -> dict[str, Why]:
        """The markets with a screen and why, in their order."""
        self.turn()
        told = self.items["screens"]
        assert isinstance(told, Tabs)
        return {tab.market: tab.why for tab in told.tabs}

    def screen(self, name: str) -> Screen:
        """The screen of a market."""
        for _ in range(SLOTS):
            self.turn()
        screens = [item for item in self.items.values() if isinstance(item, Screen)]
        (found,) = (screen for screen in screens if screen.owner == owner(name))
        return found


def names(written: Items) -> list[str]:
    return [name.partition("#")[0] for name in written]


# ---------------------------------------------------------------------- which markets


def test_a_life_begins_with_no_tabs_whatever_an_earlier_one_has_left() -> None:
    house = Looked()
    assert house.turn() == {"screens": Tabs(NOON)}
    assert house.turn(after=SECOND) == {}


def test_a_market_comes_on_screen_with_a_whales_trade_and_goes_with_its_end() -> None:
    house = Looked().listed(market("n", end_at=NOON + HOUR))
    house.printed("n:yes")
    assert house.tabs() == {}
    house.give(trade("whale", "n:yes", tx="new"), after=STAYS_NS)
    assert house.tabs() == {"n": Why.WHALES}
    house.now = NOON + HOUR
    assert house.tabs() == {}


def test_a_window_somebody_trades_in_is_on_screen_while_it_is_open() -> None:
    house = Looked().listed(window("w"), window("later", opens=NOON + MINUTE))
    for name in ("w", "later"):
        house.printed(f"{name}:yes")
    assert house.tabs() == {"w": Why.WINDOW}
    house.now = NOON + 4 * MINUTE
    assert house.tabs() == {"later": Why.WINDOW}


def test_what_we_hold_comes_before_what_we_wait_for_before_windows_before_whales() -> None:
    house = Looked().listed(window("w"), *(market(f"e{n}") for n in range(SLOTS)))
    house.printed("w:yes")
    for n in range(SLOTS):
        house.give(trade("whale", f"e{n}:yes", size=ONE, tx=f"tx-{n}"), after=SECOND)
    assert list(house.tabs().values()).count(Why.WHALES) == SLOTS - 1
    house.bought(trade(tx="held"))
    assert house.tabs()["m"] is Why.HELD
    house.listed(market("o"))
    house.copied(trade("whale", "o:yes", tx="waiting"))
    found = house.tabs()
    assert (found["o"], found["m"], found["w"]) == (Why.WAITING, Why.HELD, Why.WINDOW)
    assert len(found) == SLOTS


def test_a_held_market_that_has_ended_stays_until_it_is_resolved() -> None:
    house = Looked().listed(window("w"))
    house.bought(trade(token="w:yes", tx="held"))
    house.now = NOON + HOUR
    assert house.tabs() == {"w": Why.HELD}
    house.resolve("w")
    assert house.tabs() == {}


def test_tabs_stay_where_they_are_until_they_are_quiet_for_long() -> None:
    house = Looked().listed(*(market(f"e{n}") for n in range(SLOTS + 1)))
    for n in range(SLOTS):
        house.give(trade("whale", f"e{n}:yes", tx=f"tx-{n}"), after=SECOND)
    first = list(house.tabs())
    house.give(trade("whale", f"e{SLOTS}:yes", tx="more"), after=SECOND)
    assert list(house.tabs()) == first
    house.now += STAYS_NS
    assert f"e{SLOTS}" in house.tabs()


def test_a_market_of_which_only_trades_are_known_names_its_outcomes_by_its_tokens() -> None:
    house = Looked()
    for outcome in ("Down", "Up"):
        house.give(trade("whale", f"slug:{outcome}", tx=outcome))
    house.turn()
    told = house.items["screens"]
    assert isinstance(told, Tabs)
    (tab,) = told.tabs
    assert (tab.outcomes, tab.end_at) == (("Up", "Down"), 0)


# ---------------------------------------------------------------------- what of a market


def test_a_screen_shows_books_last_prices_and_the_flow_of_each_outcome() -> None:
    house = Looked().listed(window("w"))
    house.printed("w:yes", 400_000, Side.BUY, shares=10)
    house.printed("w:yes", 410_000, Side.SELL, shares=100, after=SECOND)
    house.show(400_000, 420_000, token="w:yes", size=250 * ONE)
    first, second = house.screen("w").tokens
    assert (first.last, first.bids, first.asks) == (410_000, (40, 250), (42, 250))
    assert (first.bought, first.sold, first.old) == (4 * ONE, 41 * ONE, False)
    assert second == TokenScreen()


def test_only_the_best_levels_are_shown_and_none_as_empty() -> None:
    house = Looked().listed(window("w"))
    house.printed("w:yes")
    bids = tuple((400_000 - n * 10_000, ONE // 2) for n in range(LEVELS + 5))
    house.give(BookSnapshot("w", "w:yes", bids, ()))
    first = house.screen("w").tokens[0]
    assert first.bids == tuple(number for n in range(LEVELS) for number in (40 - n, 1))
    assert first.asks == ()


def test_a_book_that_nobody_confirms_is_called_old() -> None:
    house = Looked().listed(window("w"))
    house.printed("w:yes")
    house.show(400_000, token="w:yes")
    house.now += house.engine.limits.book_max_age_ns + 1
    assert house.screen("w").tokens[0].old


def test_the_middle_of_a_book_is_a_price_where_nobody_trades() -> None:
    house = Looked().listed(window("w"))
    house.printed("w:yes", 400_000)
    house.show(440_000, 460_000, token="w:yes")
    house.turn(after=SECOND)
    (candle,) = View(house.screen("w")).token_candles(0)
    assert (candle.open, candle.high, candle.close, candle.volume) == (400_000, 450_000, 450_000, dollars(4))


def test_where_the_engine_has_no_book_people_see_what_is_displayed() -> None:
    def displayed(token: str, at: int) -> Book | None:
        return Book({300_000: 7 * ONE}, {}, at) if token == "w:no" else None

    house = Looked(displayed).listed(window("w"))
    house.printed("w:yes")
    assert house.screen("w").tokens[1].bids == (30, 7)


def test_the_flow_is_that_of_five_minutes() -> None:
    house = Looked().listed(window("w", minutes=15))
    house.printed("w:yes", 500_000, shares=100)
    house.printed("w:yes", 500_000, shares=2, after=6 * MINUTE)
    assert house.screen("w").tokens[0].bought == ONE


def test_whales_are_counted_by_the_outcome_they_lean_to() -> None:
    house = Looked()
    house.give(trade("whale", "m:no", size=30 * ONE))
    assert house.screen("m").voices == Voiced(0, 1, -30 * ONE)


def test_the_coin_of_a_window_has_its_price_and_the_one_to_beat() -> None:
    house = Looked().listed(window("w", opens=NOON + 5 * MINUTE))
    for after, price in ((5 * MINUTE, 79_000), (30 * SECOND, 79_100)):
        house.give(SpotTrade("BTC", Side.BUY, price * ONE, ONE, price), after=after, source="binance")
    house.printed("w:yes")
    coin = house.screen("w").coin
    assert coin is not None
    assert (coin.source, coin.price, coin.beat, coin.unit) == (
        "binance",
        79_100 * ONE,
        79_000 * ONE,
        10_000,
    )
    assert [one.close for one in View(house.screen("w")).coin_candles()] == [79_100 * ONE]


def test_other_markets_have_no_coin() -> None:
    house = Looked()
    house.give(SpotTrade("BTC", Side.BUY, 79_000 * ONE, ONE, 1), source="binance")
    house.whale()
    assert house.screen("m").coin is None


# ---------------------------------------------------------------------- how little is written


def test_what_has_not_changed_is_not_written_again() -> None:
    house = Looked().listed(window("w"))
    house.printed("w:yes")
    assert names(house.turn()) == ["screens", "candles", "screen"]
    assert house.turn(after=SECOND) == {}
    house.printed("w:yes", 510_000)
    assert names(house.turn()) == ["screen"]


def test_everything_is_written_again_in_case_a_write_has_failed() -> None:
    house = Looked().listed(window("w"))
    house.printed("w:yes")
    house.turn()
    assert names(house.turn(after=AGAIN_NS)) == ["screens", "screen"]


def test_a_few_screens_are_written_at_a_time_those_first_that_have_waited_longest() -> None:
    house = Looked().listed(*(market(f"e{n}") for n in range(SLOTS)))
    for n in range(SLOTS):
        house.give(trade("whale", f"e{n}:yes", tx=f"tx-{n}"))
    first = [name for name in house.turn() if name.startswith("screen#")]
    second = [name for name in house.turn() if name.startswith("screen#")]
    assert (len(first), len(second), len({*first, *second})) == (AT_ONCE, SLOTS - AT_ONCE, SLOTS)


def test_candles_that_are_over_are_stored_together_once_they_are_many() -> None:
    house = Looked().listed(window("w", minutes=15))
    house.printed("w:yes", 500_000)
    house.turn()
    stored = 0
    for n in range(1, 2 * FRESH_MOST + 2):
        house.printed("w:yes", 500_000 + n * 10_000, after=10 * SECOND)
        stored += "candles" in names(house.turn())
    assert stored == 1
    slot = house.items["candles#0"]
    assert isinstance(slot, Stored)
    candles = View(house.screen("w"), slot).token_candles(0)
    assert [one.close for one in candles] == [500_000 + n * 10_000 for n in range(2 * FRESH_MOST + 2)]


def test_a_market_that_comes_into_anothers_place_begins_with_its_own_candles() -> None:
    house = Looked().listed(window("w"), window("v", opens=NOON + 4 * MINUTE))
    house.printed("w:yes", 400_000)
    house.turn()
    house.printed("v:yes", 600_000, after=5 * MINUTE)
    written = house.turn()
    assert {"candles#0", "screen#0", "screens"} == set(written)
    screen, stored = written["screen#0"], written["candles#0"]
    assert isinstance(screen, Screen)
    assert isinstance(stored, Stored)
    assert View(screen, stored).is_of("v")
    assert [one.open for one in View(screen, stored).token_candles(0)] == [600_000]


def test_a_full_screen_costs_one_unit_of_writing_and_its_candles_five() -> None:
    """A kilobyte each (cdk/prices.py), keys and names of the item included: a minute of a window at its busiest."""
    name = "0x" + "ab" * 32
    house = Looked().listed(window(name, minutes=15, tick=Price(1_000)))
    for n in range(90):
        house.give(SpotTrade("BTC", Side.BUY, (79_000 + n % 7) * ONE + n * 10_000, ONE, n), source="binance")
        for place, side in (("yes", Side.BUY), ("no", Side.SELL)):
            house.printed(f"{name}:{place}", 500_000 + n * 1_000, side, shares=3_000)
        ladder = tuple((500_000 - k * 1_000, (1_234 + 97 * k) * ONE) for k in range(LEVELS))
        offers = tuple((510_000 + k * 1_000, (4_321 - 61 * k) * ONE) for k in range(LEVELS))
        for place in ("yes", "no"):
            house.give(BookSnapshot(name, f"{name}:{place}", ladder, offers))
        house.turn(after=10 * SECOND)
    house.turn()
    sizes = {key: len(msgspec.json.encode(item)) + 40 for key, item in house.items.items()}
    assert sizes["screen#0"] <= 1_024
    assert sizes["candles#0"] <= 5 * 1_024
    assert isinstance(house.screen(name).coin, CoinScreen)


# ---------------------------------------------------------------------- when


def test_markets_are_on_screen_every_two_seconds_and_only_where_somebody_looks() -> None:
    life = bought(Life().begun())
    life.trader.tick(life.clock.now())
    assert life.board.screens == []
    engine = life.driver.engine
    life.trader.screens = Screens(engine, Prints(engine))
    for _ in range(2):
        life.trader.tick(life.clock.now())
        life.clock.turn(1)
    assert [name for name, _ in life.board.screens] == ["screens", "candles#0", "screen#0"]
    tabs = life.board.screens[0][1]
    assert isinstance(tabs, Tabs)
    assert [tab.market for tab in tabs.tabs] == ["m"]
    engine.desk.positions.clear()
    engine.desk.execution.open_by_market.clear()
    life.trader.again(life.driver, InPlace()).tick(life.clock.now())
    assert life.board.screens[-1] == ("screens", Tabs(life.clock.now()))
