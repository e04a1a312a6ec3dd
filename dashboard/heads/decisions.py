"""The head of Decisions: how many trades ended how."""

from dashboard.figures import Figure
from dashboard.queries.asked import Queries
from dashboard.words import count
from shared.domain.reasons import label_of


def decisions(queries: Queries) -> tuple[Figure, ...]:
    """None before the first decision."""
    live = queries.live()
    if live is None or not any(live.decisions.values()):
        return ()
    total, copied = sum(live.decisions.values()), live.copied
    reason, times = max(live.decisions.items(), key=lambda pair: pair[1])
    return (
        Figure("Whale trades", count(total), "so far", "Executions of followed wallets that were decided on."),
        Figure("Copied", count(copied), _share(copied, total), "Those that led to an order of ours."),
        Figure("Not copied", count(total - copied), _share(total - copied, total), "Those that did not, for a reason."),
        Figure("Most frequent", label_of(reason), f"{count(times)} trades", "The reason that most trades ended with."),
    )


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%} of them"  # not money: counts
