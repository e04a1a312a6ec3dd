"""From an engine to what its portfolio could lose: snapshots of what it holds, and when a replay publishes the figures.

The moments lie halfway between full multiples of ``every_ns`` of event time, so neither the pace of a replay nor the
number of its rows moves them. (At the full multiples, up/down windows of as many minutes have just ended.) Figures are
computed off the hot path: in a live run by a thread of their own, in a replay between two events, and the time that
takes is kept apart (``spent_s``) from that of reading and of the engine.
"""

from heapq import nlargest
from time import perf_counter

from shared.analytics.figures import FigureRules, Held, Portfolio, figures
from shared.domain.instants import MINUTE
from shared.domain.ledger import CASH, Position
from shared.domain.market import Market, MarketKind
from shared.domain.messages import FiguresPublished
from shared.domain.money import ONE, Usd, mul_div_floor, part
from shared.engine.books import Book
from shared.engine.engine import Engine
from shared.research.driver import Driver

EVERY_NS = 5 * MINUTE
HISTORY = 120
"""Prices kept per token held: two hours of a live run's minutes."""
RESULTS = 100
"""Closed positions looked back at."""


class Portfolios:
    """Snapshots of an engine's portfolio at even intervals, with the prices that its tokens had at the last of them."""

    def __init__(self) -> None:
        self._history: dict[str, tuple[int, ...]] = {}

    def taken(self, engine: Engine, at: int) -> Portfolio:
        """The portfolio as it stands: plain values that any thread may compute with."""
        desk, limits = engine.desk, engine.limits
        self._history = {
            token: (*self._history.get(token, ())[1 - HISTORY :], entry[1]) for token, entry in desk.marks.held.items()
        }
        equity = desk.risk.equity()
        return Portfolio(
            as_of=at,
            equity=equity,
            headroom=_headroom(engine, equity),
            held=tuple(_held(engine, one) for one in _open(engine)),
            results=_results(engine),
            history=self._history,
            score_min=limits.diversification_min,
            score_target=limits.diversification_target,
        )


class Figuring:
    """Publishes the figures of what a driver plays, whenever positions have changed since the last ones."""

    def __init__(self, driver: Driver, every_ns: int = EVERY_NS, rules: FigureRules | None = None) -> None:
        self.due_at = 0
        self.spent_s = 0.0
        self.published = 0
        self._driver = driver
        self._every_ns = every_ns
        self._rules = rules
        self._portfolios = Portfolios()
        self._last: tuple[tuple[str, int], ...] = ()

    def reached(self, at: int) -> None:
        """An event comes: before it, the figures of the last moment up to ``at`` (of the first event there are none).

        A silence over several moments has one publication, at the last of them.
        """
        moment = at - (at - self._every_ns // 2) % self._every_ns
        if self.due_at:
            self._publish(moment)
        self.due_at = moment + self._every_ns

    def _publish(self, moment: int) -> None:
        driver = self._driver
        driver.catch_up(moment)
        began = perf_counter()
        portfolio = self._portfolios.taken(driver.engine, moment)
        stands = tuple((one.key, one.size) for one in portfolio.held)
        told = None if stands == self._last else FiguresPublished(figures(portfolio, self._rules))
        self.spent_s += perf_counter() - began
        if told is not None:
            self._last = stands
            self.published += 1
            driver.handle_now(told, moment)


def _open(engine: Engine) -> list[Position]:
    return [one for held in engine.desk.positions.values() for one in held.values()]


def _held(engine: Engine, position: Position) -> Held:
    market = engine.markets.get(position.market) or Market(position.market, MarketKind.EVENT)
    spread, depth = _displayed(engine.filters.books.get(position.token))
    return Held(
        key=position.key,
        market=market,
        token=position.token,
        size=position.size,
        cost=position.cost,
        price=engine.desk.marks.held[position.token][1],
        spread=spread,
        depth=depth,
        stop=_stop(engine, position, market),
    )


def _stop(engine: Engine, position: Position, market: Market) -> int:
    """The price at which the stop-loss sells, from the average cost; 0 where there is none."""
    loss = engine.limits.stop_loss
    if loss == 0 or (market.kind is MarketKind.CRYPTO_UPDOWN and not engine.limits.exits_updown):
        return 0
    average = Usd(mul_div_floor(position.cost, ONE, position.size))
    return min(max(average - part(average, loss), 0), ONE)


def _displayed(book: Book | None) -> tuple[int | None, int | None]:
    """Spread, and shares bid within one spread of the best bid; None each where it is not known.

    A book without any order is one that was lost, not one that nobody wants to trade on.
    """
    if book is None or not (book.bids or book.asks):
        return None, None
    if not book.two_sided:
        return None, sum(book.bids.values())
    spread = max(book.best_ask - book.best_bid, 0)
    return spread, sum(size for price, size in book.bids.items() if price >= book.best_bid - spread)


def _headroom(engine: Engine, equity: Usd) -> int:
    """What could still be bought in the tokens we hold: up to each one's cap, the portfolio's, and the cash."""
    desk, limits = engine.desk, engine.limits
    cap = part(equity, limits.position_of_equity)
    tokens = {one.token: one.market for one in _open(engine)}
    rooms = sum(max(cap - desk.in_token(market, token), 0) for token, market in tokens.items())
    portfolio = limits.portfolio_usd - desk.books.used.get("portfolio", 0)
    return max(min(rooms, portfolio, desk.books.balance(CASH)), 0)


def _results(engine: Engine) -> tuple[int, ...]:
    """What the positions closed last brought, in the order of their closing."""
    closed = ((one.changed_at, one.key, one.realized) for one in engine.desk.books.positions.values() if one.size == 0)
    return tuple(realized for _, _, realized in sorted(nlargest(RESULTS, closed)))
