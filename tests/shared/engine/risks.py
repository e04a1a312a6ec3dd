"""A risk engine over an account of its own, driven by facts, without an engine around it."""

from shared.domain.ledger import CASH, PUSD, Position
from shared.domain.market import Market
from shared.domain.money import ONE, Fraction, Price, Usd, dollars
from shared.domain.order import Purpose, Side
from shared.domain.strategy import Trade
from shared.engine.ledger import Projection, deposit_record
from shared.engine.limits import Limits
from shared.engine.marks import Marks
from shared.engine.risk import Ask, Risk
from tests.shared.engine.builders import NOON, market


def risk(limits: Limits | None = None, capital: int = 10_000, used: dict[str, int] | None = None) -> Risk:
    """An account with this many dollars, at noon of a day that has begun."""
    books = Projection()
    made = Risk(limits or Limits(), books, Marks())
    made.begin_day(NOON)
    books.apply(deposit_record("test", dollars(capital), NOON, "initial"))
    made.deposited(dollars(capital))
    books.used.update(used or {})
    return made


def lose(made: Risk, micro: int, at: int = NOON, source: str = "w", key: str = "") -> None:
    """The account loses so many micro-dollars (or wins, if negative), and a position of the source closes with that."""
    made._books.balances[CASH, PUSD] -= micro  # the guard reads balances; which posting moved them is the ledger's work
    made.booked(Position("test", key or f"t{at}", f"s/{source}", "m", "s", source), at, -micro)


def worth(made: Risk, micro: int) -> None:
    """The account is worth so many micro-dollars: prices moved, nothing was realised."""
    made._marks.total = Usd(made._marks.total + micro - made.equity())


def entry(wish: int | None = None, p_win: int | None = None, limit: int = 510_000) -> Trade:
    """A wish to buy the first token of market m."""
    chance = None if p_win is None else Fraction(p_win)
    return Trade("m:yes", Side.BUY, Price(limit), Purpose.ENTRY, chance, wish)


def ask(
    trade: Trade | None = None,
    in_market: Market | None = None,
    in_token: int = 0,
    confidence: int = ONE,
    factor: int = ONE,
    spread: int = 0,
    volatility: int = 0,
    in_topic: int = 0,
    adds: bool = True,
    at: int = NOON,
) -> Ask:
    """An entry of $200 (or this one) whose every factor is one, of strategy s after source w."""
    return Ask(
        trade or entry(dollars(200)),
        in_market or market(),
        "w",
        "s",
        Usd(in_token),
        Fraction(confidence),
        Fraction(factor),
        spread,
        volatility,
        in_topic,
        adds,
        at,
    )
