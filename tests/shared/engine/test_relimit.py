"""Every limit, changed while the engine trades, reaches every part that goes by it: an engine whose limit was changed
is compared, part by part, with one that was made with it and has seen the same.
"""

import pytest
from msgspec.structs import replace

from shared.domain.change import Mode
from shared.domain.errors import BadInput
from shared.domain.instants import DAY, SECOND
from shared.domain.market import MarketKind
from shared.domain.messages import FiguresPublished, MarketListed, SpotTrade
from shared.domain.money import ONE, Fraction, Usd, format_micro
from shared.domain.order import Side
from shared.domain.tables import Figures
from shared.engine.bounds import BOUNDS, Bound, Unit
from shared.engine.consensus import Consensus
from shared.engine.decision import Filters
from shared.engine.exits import Exits
from shared.engine.holdings import Holdings
from shared.engine.judge import Judge
from shared.engine.leaving import Leaving
from shared.engine.limits import Limits, checked
from shared.engine.losses import Losses
from shared.engine.outside import Outside
from shared.engine.prices import TokenPrices
from shared.engine.risk import Risk
from shared.engine.settlements import Settlements
from shared.engine.windows import Moves, Tally
from shared.engine.world import World
from tests.shared.engine.alike import differences, leaves
from tests.shared.engine.builders import PLAIN, RATIO, House, market, trade

BASE = replace(
    PLAIN,
    stop_loss=Fraction(150_000),
    take_profit=Fraction(300_000),
    trailing_stop=Fraction(100_000),
    exit_slip=(Fraction(20_000), Fraction(50_000)),
    drawdown_factor_more=Fraction(400_000),
)
UPDOWN = market("u", kind=MarketKind.CRYPTO_UPDOWN)


def past() -> House:
    """A life that holds an event's and an up/down token, is leaving a third, and has lost with a fourth."""
    house = House(BASE, RATIO).ready("whale", "other")
    house.give(MarketListed(UPDOWN))
    house.bought()
    house.bought(trade(token="u:yes", tx="tx-u"))
    house.give(MarketListed(market("x")))
    house.bought(trade(token="x:yes", tx="tx-x"))
    house.lose()
    house.show(300_000, token="x:yes")
    assert house.sent[-1].rule == "stop_loss"
    house.accept(house.sent[-1])
    house.fill(house.sent[-1], size=house.sent[-1].size - ONE)
    return house


def again(before: House, limits: Limits) -> House:
    """The next life under other settings, which hears prices, voices and figures that lead to nothing."""
    life = before.restarted(limits=limits)
    for n, price in enumerate((60_000, 60_100, 60_050)):
        life.give(SpotTrade("BTC", Side.BUY, price * ONE, ONE, n), SECOND)
    life.give(FiguresPublished(Figures(life.now, var_95=Usd(1), bets=4, diversification=Fraction(ONE))))
    life.whale(trade(token="u:no", side=Side.SELL, tx="sale"))
    return life


def another(bound: Bound, limits: Limits) -> Limits:
    """The limits with one of them changed, as little as the rules of all together allow."""
    value = getattr(limits, bound.name)
    last = value[-1] if isinstance(value, tuple) else value
    step = {Unit.SPAN: SECOND, Unit.COUNT: 1, Unit.FLAG: 1, Unit.USD: 20 * ONE}.get(bound.unit, 10_000)
    for times in (20, -20, 1, -1) if bound.unit is Unit.USD else (1, -1, 20):
        other = last + times * step
        changed = (*value[:-1], other) if isinstance(value, tuple) else type(value)(other)
        try:
            return checked(replace(limits, **{bound.name: changed}))
        except BadInput:
            continue
    raise AssertionError(f"{bound.name} cannot be changed")


def text_of(bound: Bound, limits: Limits) -> str:
    """How a person writes the limit."""
    value = getattr(limits, bound.name)
    values = value if isinstance(value, tuple) else (value,)
    return ",".join(_text(bound, one) for one in values)


def _text(bound: Bound, value: int) -> str:
    if bound.unit is Unit.SPAN:
        return f"{value // 1_000_000}ms"
    if bound.unit is Unit.FLAG:
        return "yes" if value else "no"
    return str(value) if bound.unit is Unit.COUNT else format_micro(value)


@pytest.fixture(scope="module")
def before() -> House:
    return past()


def copied(house: House) -> House:
    """The same past, for a life of its own."""
    made = House(BASE, RATIO)
    made.now = house.now
    made.engine.markets.update(house.engine.markets)
    for record in house.store.records:
        made.store.write(record)
    return made


def compared(before: House, bound: Bound) -> list[str]:
    """Where an engine whose limit a person changed differs from one that was made with it."""
    limits = another(bound, BASE)
    changed, made = again(copied(before), BASE), again(copied(before), limits)
    changed.change("asked", limits={bound.name: text_of(bound, limits)})
    made.change("asked", mode=Mode.TRADE)
    assert changed.told("change_refused") == []
    assert changed.engine.limits == limits
    return differences(changed.engine, made.engine)


@pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: bound.name)
def test_a_limit_that_is_changed_reaches_every_part_that_goes_by_it(bound: Bound, before: House) -> None:
    assert compared(before, bound) == []


@pytest.mark.parametrize(
    ("part", "way", "name"),
    [
        (Filters, "relimit", "spread_max"),
        (Consensus, "relimit", "voice_ns"),
        (Holdings, "relimit", "order_life_ns"),
        (Exits, "relimit", "retry_first_ns"),
        (Leaving, "relimit", "exit_slip"),
        (World, "relimit", "price_average_ns"),
        (TokenPrices, "relimit", "price_average_ns"),
        (Judge, "relimit", "confidence_min"),
        (Settlements, "relimit", "market_usd"),
        (Risk, "relimit", "kelly"),
        (Losses, "relimit", "drawdown_halt"),
        (Outside, "relimit", "rate_window_ns"),
        (Tally, "resize", "rate_window_ns"),
        (Moves, "retune", "spot_move"),
    ],
)
def test_the_comparison_notices_each_part_that_is_forgotten(
    part: type, way: str, name: str, before: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part, way, lambda *_: None)
    (bound,) = (bound for bound in BOUNDS if bound.name == name)
    assert compared(before, bound) != []


def test_no_part_of_an_engine_holds_limits_of_its_own(before: House) -> None:
    life = again(copied(before), BASE)
    life.change(limits={"kelly": "0.26"})
    kept = [value for path, value in leaves(life.engine) if path.endswith("imits.kelly")]
    assert len(kept) >= 10
    assert dict.fromkeys(kept) == {260_000: None}


@pytest.mark.parametrize(
    "part", [".leaving.x:yes", ".watches.u:yes", "_spot._lows.0", "_source_losses.whale", ".speakers.", ".prices.u:no"]
)
def test_the_engines_compared_remember_something_of_each_kind(part: str, before: House) -> None:
    life = again(copied(before), BASE)
    assert any(part in path for path, _ in leaves(life.engine))
    assert life.now - before.now < DAY


def test_breakers_are_worded_by_the_new_limits(before: House) -> None:
    life = again(copied(before), BASE)
    life.change(limits={"daily_loss_usd": "1"})
    life.pass_time(SECOND)
    (day,) = (one for one in life.engine.desk.risk.standing(life.now) if one.name == "daily_loss")
    assert day.text.startswith("$1 or 5% of the day's first equity")
