"""The live, read-only face of the engine that strategies see; it copies nothing."""

from shared.domain.market import Market
from shared.domain.money import Shares, Usd
from shared.engine.desk import Desk
from shared.engine.detection import Detection


class LiveView:
    """Answers a strategy's questions from the engine's own state, at the time of asking."""

    def __init__(self, desk: Desk, detection: Detection, markets: dict[str, Market]) -> None:
        self._desk = desk
        self._detection = detection
        self._markets = markets

    def market(self, market: str) -> Market | None:
        """The market's data, if it was listed."""
        return self._markets.get(market)

    def edge(self, wallet: str) -> int | None:
        """The wallet's shrunken edge in millionths; None when it is not followed or has no resolved market."""
        whale = self._detection.whales.get(wallet)
        return None if whale is None else whale.edge()

    def sleeve_size(self, token: str, strategy: str, source: str) -> Shares:
        """Shares the sleeve holds."""
        position = self._desk.books.positions.get(f"{token}#{strategy}/{source}")
        return Shares(0) if position is None else position.size

    def sleeve_free(self, token: str, strategy: str, source: str) -> Shares:
        """Shares the sleeve holds that no open SELL order claims and no merge under way may take."""
        desk, sleeve = self._desk, f"{token}#{strategy}/{source}"
        free = desk.books.room.get(f"shares#{sleeve}", 0)
        if not desk.books.merging:
            return Shares(free)
        position = desk.books.positions.get(sleeve)
        leaving = 0 if position is None else desk.books.merging_in(position.market)
        return Shares(max(free - leaving, 0))

    def intended(self, signal_id: str) -> int:
        """What earlier legs of the signal's intent took: micro-dollars planned (BUY) or shares sold (SELL)."""
        intent = self._desk.execution.intent_of(signal_id)
        return 0 if intent is None else intent.taken

    def equity(self) -> Usd:
        """Cash, reserved cash and marked positions."""
        return self._desk.risk.equity()
