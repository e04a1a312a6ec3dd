"""The paper venue before the contract suite."""

from msgspec.structs import replace

from shared.adapters.memory.paper_log import MemoryPaperLog
from shared.adapters.paper.orders import SettlementSettings, VenueSettings
from shared.adapters.paper.venue import PaperVenue
from shared.domain.instants import SECOND
from shared.domain.messages import BookSnapshot, MarketResolved, Payload, PublicTrade
from shared.domain.money import ONE, Fraction, Price, Shares
from shared.domain.order import Order, Side
from shared.domain.reports import Reports
from shared.ports import Answer
from tests.contracts.venue.face import MARKET, OTHER_FEE, TOKEN, Levels
from tests.shared.engine.builders import NOON, market

SETTINGS = VenueSettings(books=True)
SETTLING = VenueSettings(books=True, settlement=SettlementSettings(enabled=True))
FAILING = VenueSettings(books=True, settlement=SettlementSettings(enabled=True, failed=Fraction(ONE)))


class PaperUnderTest:
    """A paper venue on books; answers are heard when they are due."""

    def __init__(self, settings: VenueSettings = SETTINGS, seed: int = 7) -> None:
        self.heard: list[Payload] = []
        self.log = MemoryPaperLog()
        self._seed = seed
        self._settings = settings
        self.venue = PaperVenue(seed, self.log, settings=settings)
        self._now = NOON
        self._due: list[Answer] = []
        self._trades = 0
        self.market()

    @property
    def now(self) -> int:
        return self._now

    def market(self, tick: int = 10_000, fee_rate: Fraction = OTHER_FEE, accepting: bool = True) -> None:
        self.venue.market(replace(market(MARKET), tick=Price(tick), fee_rate=fee_rate, accepting=accepting))

    def balance(self, asset: str, amount: int) -> None:
        self.venue.balance(asset, amount)

    def display(self, bids: Levels, asks: Levels) -> None:
        shown = [tuple((cents * 10_000, size * ONE) for cents, size in side.items()) for side in (bids, asks)]
        self._due += self.venue.on_book(BookSnapshot(MARKET, TOKEN, shown[0], shown[1]), self._now)
        self.wait(0)

    def trade(self, side: Side, cents: int, size: int) -> None:
        self._trades += 1
        printed = PublicTrade(MARKET, TOKEN, side, cents * 10_000, size * ONE, f"p{self._trades}", 0)
        self._due += self.venue.on_print(printed, self._now)
        self.wait(0)

    def submit(self, *orders: Order) -> None:
        one = self.venue.submit(orders[0], self._now) if len(orders) == 1 else None
        self._due += self.venue.submit_batch(orders, self._now) if one is None else one

    def cancel(self, order_key: str) -> None:
        self._due += self.venue.cancel(order_key, self._now)

    def cancel_market(self, market: str) -> None:
        self._due += self.venue.cancel_market(market, self._now)

    def cancel_all(self) -> None:
        self._due += self.venue.cancel_all(self._now)

    def ask(self, order_key: str) -> None:
        self._due += self.venue.query(order_key, self._now)

    def reports(self, since: int = 0) -> Reports:
        return self.venue.reports(self._now, since)

    def resolve(self, payouts: dict[str, int]) -> None:
        self._due += self.venue.on_resolved(MarketResolved(MARKET, payouts), self._now)

    def redeem(self, market: str) -> None:
        self._due += self.venue.redeem(market, self._now)

    def merge(self, market: str, size: int, ref: str) -> None:
        self._due += self.venue.merge(market, Shares(size), ref, self._now)

    def restart(self) -> None:
        self.venue.restart(self._now)

    def reconnect(self) -> None:
        self._due = []
        self.venue = PaperVenue(self._seed, self.log, settings=self._settings)
        self.market()

    def wait(self, duration_ns: int = SECOND) -> None:
        self._now += duration_ns
        while answers := self.venue.advance(self._now):
            self._due += answers
        self._due.sort(key=lambda answer: answer.observed_at)
        while self._due and self._due[0].observed_at <= self._now:
            self.heard.append(self._due.pop(0).payload)
