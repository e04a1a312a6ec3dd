"""A seeded synthetic market world whose truth is known: every wallet's role and true edge."""

from shared.adapters.synthetic.generate import Summary, generate
from shared.adapters.synthetic.world import BASE_TS, BENCH, HOUSE, Scale

__all__ = ["BASE_TS", "BENCH", "HOUSE", "Scale", "Summary", "generate"]
