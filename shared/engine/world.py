"""The world as it is told: markets, books, prints and the coin whose sudden moves stop everything."""

from collections.abc import Container, Iterable

from msgspec.structs import replace

from shared.domain.effects import Effect
from shared.domain.market import Market
from shared.domain.messages import BookSnapshot, PricePoint, PublicTrade, SpotTrade, TickSizeChanged, WhaleTrade
from shared.domain.money import Price
from shared.engine.books import Book
from shared.engine.desk import Desk
from shared.engine.holdings import Holdings
from shared.engine.limits import Limits
from shared.engine.prices import TokenPrices
from shared.engine.pulse import Pulse

SPOT_SYMBOL = "BTC"
"""Its sudden moves trip a breaker (specification, section 9)."""
NOTHING: list[Effect] = []
Row = tuple[int, str, str, int, int, int]
"""A trade as everybody sees it: when it is observed, wallet, token, price, size; and its place among others."""


class World:
    """Keeps ``books``, ``markets`` and the recent ``prices`` of tokens that followed wallets trade."""

    def __init__(
        self,
        limits: Limits,
        books: dict[str, Book],
        markets: dict[str, Market],
        prices: dict[str, TokenPrices],
        holdings: Holdings,
        desk: Desk,
    ) -> None:
        self._limits = limits
        self._books = books
        self._markets = markets
        self._prices = prices
        self._holdings = holdings
        self._risk = desk.risk
        self._held = desk.marks.held

    def relimit(self, limits: Limits) -> None:
        """Other limits: recent averages are taken over another time."""
        self._limits = limits
        for prices in self._prices.values():
            prices.relimit(limits)

    def printed(self, told: PublicTrade, at: int) -> list[Effect]:
        """Somebody has traded; nobody says who."""
        prices = self._prices.get(told.token)
        if prices is not None:
            prices.hear(told.price, told.size, at)
        return self._holdings.printed(told.token, told.price, at) if told.token in self._held else NOTHING

    def traded(self, told: WhaleTrade, at: int) -> None:
        """A followed wallet has traded, and was decided on: from now on the token's prices are followed too."""
        prices = self._prices.get(told.token)
        if prices is None:
            prices = self._prices[told.token] = TokenPrices(self._limits)
        prices.hear(told.price, told.size, at)

    def overhear(
        self, rows: Iterable[Row], now: int, until: int, whales: Container[str], pulse: Pulse
    ) -> tuple[int, list[Effect], int | None]:
        """Take the prices of trades up to the first that may be more to us, by its wallet, its token or its time
        (``until`` or later, or before ``now``), or until the pulse has effects: when the last one taken was observed,
        those effects, and the place of that first.
        """
        held, prices, due_at = self._held, self._prices, pulse.due_at
        effects = NOTHING
        for at, wallet, token, price, size, place in rows:
            if wallet in whales or token in held or not now <= at < until:
                return now, NOTHING, place
            now = at
            if at >= due_at:
                effects, due_at = pulse.beat(at), pulse.due_at
            heard = prices.get(token)
            if heard is not None:
                heard.hear(price, size, at)
            if effects:
                break
        return now, effects, None

    def book(self, told: BookSnapshot, at: int) -> list[Effect]:
        """The whole book of a token."""
        book = self._books.get(told.token)
        if book is None:
            self._books[told.token] = Book(told.bids, told.asks, at)
        else:
            book.replace(told.bids, told.asks, at)
        return self._holdings.booked(told.token, at) if told.token in self._held else NOTHING

    def tick_size(self, told: TickSizeChanged, _at: int) -> list[Effect]:
        """The old book is in other steps: it is unknown until the next snapshot."""
        self._books.pop(told.token, None)
        market = self._markets.get(told.market)
        if market is not None:
            self.market(replace(market, tick=Price(told.tick)))
        return NOTHING

    def market(self, market: Market) -> None:
        """A market's data, new or changed."""
        self._markets[market.market] = market
        self._holdings.market(market)

    def spot(self, told: SpotTrade | PricePoint, at: int) -> None:
        """A coin's price on an outside exchange."""
        if told.symbol == SPOT_SYMBOL:
            self._risk.spot(told.price if isinstance(told, SpotTrade) else told.value, at)

    def forget(self, tokens: Iterable[str]) -> None:
        """The market of these tokens has resolved."""
        for token in tokens:
            self._books.pop(token, None)
            self._prices.pop(token, None)
