"""How the paper venue's executions settle: when they are mined and confirmed, and which of them fail.

Failures are adversely selected, as they are on the real venue: of two executions, the one that has gained since the
match fails more often, because that is what its other side has reason to undo.
"""

from shared.adapters.paper.orders import SettlementSettings
from shared.domain.ids import fact_id
from shared.domain.money import ONE, Fraction, part, usd


class Settlement:
    """Draws that depend on the seed and the trade alone, so a restarted venue goes on as it would have."""

    def __init__(self, seed: int, settings: SettlementSettings) -> None:
        self.settings = settings
        self._seed = seed

    def mined_at(self, trade_id: str, matched_at: int) -> int:
        """When an execution is mined, or is known to have failed."""
        span = self.settings.mined_max_ns - self.settings.mined_min_ns + 1
        return matched_at + self.settings.mined_min_ns + self._draw("mined", trade_id) % span

    def fails(self, trade_id: str, gained: bool) -> bool:
        """Whether it fails. ``gained``: the market has moved our way since the match."""
        share = self.settings.adverse_share if gained else ONE - self.settings.adverse_share
        chance = part(usd(2 * self.settings.failed), Fraction(share))
        return self._draw("failed", trade_id) % ONE < chance

    def _draw(self, kind: str, trade_id: str) -> int:
        return int(fact_id(kind, self._seed, trade_id)[:15], 16)
