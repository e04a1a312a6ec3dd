"""Marks: what the tokens we hold last traded at, and so what the account is worth, kept up to date in O(1)."""

from shared.domain.money import Usd, value


class Marks:
    """Size, last price and value of every token held, over all sleeves of the account."""

    def __init__(self) -> None:
        self.held: dict[str, list[int]] = {}
        self.total = Usd(0)

    def resize(self, token: str, delta: int, at_price: int) -> None:
        """The account now holds ``delta`` more (or fewer) shares; ``at_price`` marks a token not held before."""
        entry = self.held.get(token)
        if entry is None:
            entry = self.held[token] = [0, at_price, 0]
        entry[0] += delta
        self._revalue(entry)
        if entry[0] == 0:
            del self.held[token]

    def price(self, token: str, last: int) -> None:
        """A held token traded at ``last``."""
        entry = self.held[token]
        entry[1] = last
        self._revalue(entry)

    def _revalue(self, entry: list[int]) -> None:
        worth = value(entry[0], entry[1])
        self.total = Usd(self.total + worth - entry[2])
        entry[2] = worth
