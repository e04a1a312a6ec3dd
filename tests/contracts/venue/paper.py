"""The paper venue before the contract suite: in this process, and behind a socket."""

from abc import ABC, abstractmethod

from msgspec.structs import replace

from shared.adapters.memory.paper_log import MemoryPaperLog
from shared.adapters.paper.orders import SettlementSettings, VenueSettings
from shared.adapters.paper.served.client import ServedVenue
from shared.adapters.paper.venue import PaperVenue
from shared.domain.instants import SECOND
from shared.domain.messages import BookChange, BookSnapshot, MarketResolved, Payload, PublicTrade
from shared.domain.money import ONE, Fraction, Price, Shares
from shared.domain.order import Order, Side
from shared.domain.reports import Reports
from shared.ports import Answer, Batch
from tests.contracts.venue.face import MARKET, OTHER_FEE, TOKEN, Levels
from tests.shared.adapters.paper.served.hosting import Host
from tests.shared.engine.builders import NOON, market

SETTINGS = VenueSettings(books=True)
SETTLING = VenueSettings(books=True, settlement=SettlementSettings(enabled=True))
FAILING = VenueSettings(books=True, settlement=SettlementSettings(enabled=True, failed=Fraction(ONE)))


class OnPaper(ABC):
    """A paper venue on books; answers are heard when they are due. ``asked`` is whom the client asks."""

    asked: PaperVenue | ServedVenue

    def __init__(self, settings: VenueSettings = SETTINGS, seed: int = 7) -> None:
        self.heard: list[Payload] = []
        self._seed = seed
        self._settings = settings
        self._now = NOON
        self._due: list[Answer] = []
        self._trades = 0
        self._open()
        self.market()

    @abstractmethod
    def _open(self) -> None:
        """Make the venue."""

    @property
    @abstractmethod
    def venue(self) -> PaperVenue:
        """The venue itself, wherever it is."""

    @abstractmethod
    def _show(self, batch: Batch) -> list[Answer]:
        """Show it what happened, and let time pass until now."""

    @abstractmethod
    def reconnect(self) -> None: ...

    @property
    def now(self) -> int:
        return self._now

    def market(self, tick: int = 10_000, fee_rate: Fraction = OTHER_FEE, accepting: bool = True) -> None:
        self.asked.market(replace(market(MARKET), tick=Price(tick), fee_rate=fee_rate, accepting=accepting))

    def balance(self, asset: str, amount: int) -> None:
        self.venue.balance(asset, amount)

    def display(self, bids: Levels, asks: Levels) -> None:
        shown = [tuple((cents * 10_000, size * ONE) for cents, size in side.items()) for side in (bids, asks)]
        if bids or asks:
            batch: Batch = [(self._now, BookSnapshot(MARKET, TOKEN, shown[0], shown[1]))]
        else:  # an empty snapshot would be a book that was lost
            crumb = ((10_000, 1),)
            batch = [
                (self._now, BookSnapshot(MARKET, TOKEN, crumb, ())),
                (self._now, BookChange(MARKET, TOKEN, Side.BUY, 10_000, 0)),
            ]
        self._due += self._show(batch)
        self.wait(0)

    def trade(self, side: Side, cents: int, size: int) -> None:
        self._trades += 1
        printed = PublicTrade(MARKET, TOKEN, side, cents * 10_000, size * ONE, f"p{self._trades}", 0)
        self._due += self._show([(self._now, printed)])
        self.wait(0)

    def submit(self, *orders: Order) -> None:
        one = self.asked.submit(orders[0], self._now) if len(orders) == 1 else None
        self._due += self.asked.submit_batch(orders, self._now) if one is None else one

    def cancel(self, order_key: str) -> None:
        self._due += self.asked.cancel(order_key, self._now)

    def cancel_market(self, market: str) -> None:
        self._due += self.asked.cancel_market(market, self._now)

    def cancel_all(self) -> None:
        self._due += self.asked.cancel_all(self._now)

    def ask(self, order_key: str) -> None:
        self._due += self.asked.query(order_key, self._now)

    def reports(self, since: int = 0) -> Reports:
        return self.asked.reports(self._now, since)

    def resolve(self, payouts: dict[str, int]) -> None:
        self._due += self._show([(self._now, MarketResolved(MARKET, payouts))])

    def redeem(self, market: str) -> None:
        self._due += self.asked.redeem(market, self._now)

    def merge(self, market: str, size: int, ref: str) -> None:
        self._due += self.asked.merge(market, Shares(size), ref, self._now)

    def restart(self) -> None:
        self.venue.restart(self._now)

    def wait(self, duration_ns: int = SECOND) -> None:
        self._now += duration_ns
        self._due += self._show([])
        self._due.sort(key=lambda answer: answer.observed_at)
        while self._due and self._due[0].observed_at <= self._now:
            self.heard.append(self._due.pop(0).payload)

    @abstractmethod
    def close(self) -> None: ...


class PaperUnderTest(OnPaper):
    """In this process; another client means another life of the venue, on its log."""

    def _open(self) -> None:
        self.log = MemoryPaperLog()
        self._venue = self.asked = PaperVenue(self._seed, self.log, settings=self._settings)

    @property
    def venue(self) -> PaperVenue:
        return self._venue

    def _show(self, batch: Batch) -> list[Answer]:
        return self.venue.show(batch, self._now)

    def reconnect(self) -> None:
        self._due = []
        self._venue = self.asked = PaperVenue(self._seed, self.log, settings=self._settings)
        self.market()

    def close(self) -> None:
        pass


class ServedUnderTest(OnPaper):
    """Behind a socket; another client finds the same life of the venue, or (``dies``) a new one on its log."""

    def __init__(self, settings: VenueSettings = SETTINGS, *, dies: bool = False) -> None:
        self._dies = dies
        super().__init__(settings)

    def _open(self) -> None:
        self.host = Host(settings=self._settings, seed=self._seed)
        self._client = self.asked = ServedVenue(self.host.port, session="first")

    @property
    def venue(self) -> PaperVenue:
        return self.host.venue

    def _show(self, batch: Batch) -> list[Answer]:
        return self._client.show(batch, self._now)

    def reconnect(self) -> None:
        self._due = []
        self._client.close()
        if self._dies:
            self.host.restart()
        self._client = self.asked = ServedVenue(self.host.port, session="second")
        self.market()

    def close(self) -> None:
        self._client.close()
        self.host.close()
