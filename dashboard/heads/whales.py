"""The head of Whales, and the ranking in force with everything the page says of it."""

from msgspec import Struct

from dashboard.figures import Figure
from dashboard.queries.asked import Queries
from dashboard.rankings import PROVEN_Q, Published, Run
from dashboard.state import Changes, RiskView, WhaleRow
from dashboard.words import count


class Board(Struct, frozen=True):
    """What there is to show: the published list, its stored run, and what the trader wrote of those it follows."""

    published: Published | None
    run: Run | None
    rows: list[WhaleRow]
    changes: Changes = Changes()

    @property
    def followed(self) -> list[str]:
        """The wallets copied at present: the published list, or where none was published those the trader wrote of;
        with those pinned by hand, and without those let go.
        """
        if self.published is not None:
            listed = [ranked.wallet for ranked in self.published.ranking.wallets if not ranked.watched_only]
        else:
            listed = [row.wallet for row in self.rows]
        kept = [wallet for wallet in listed if wallet not in self.changes.unpinned]
        return list(dict.fromkeys([*kept, *self.changes.pinned]))

    @property
    def watched(self) -> list[str]:
        """The wallets whose trades are heard: the copied ones, and those that are only watched."""
        if self.published is not None:
            return [ranked.wallet for ranked in self.published.ranking.wallets]
        return [row.wallet for row in self.rows]

    @property
    def taken(self) -> bool:
        """Whether the trader has written of any wallet that is followed."""
        followed = self.followed
        return not self.rows or not followed or any(row.wallet in followed for row in self.rows)


def board_of(queries: Queries) -> Board:
    """The ranking in force with its run; without a published one, the latest run that is stored."""
    published, rows, names = queries.watch_list(), queries.whales(), queries.runs()
    wanted = published.run if published is not None else names[-1] if names else ""
    changes = (queries.risk() or RiskView()).changes
    return Board(published, queries.run(wanted) if wanted in names else None, rows, changes)


def whales(queries: Queries) -> tuple[Figure, ...]:
    """None where no run of a ranking is stored."""
    board = board_of(queries)
    return () if board.run is None else ranked(board, board.run)


def ranked(board: Board, run: Run) -> tuple[Figure, ...]:
    """How many wallets a run scored, and how many of them count."""
    return (
        Figure("Scored", count(run.wallets), "", "Wallets whose trades were scored."),
        Figure(
            "Eligible",
            count(run.eligible),
            "",
            "Those that can be ranked: enough winning and losing markets, a complete history, no market making.",
        ),
        Figure("Followed", count(len(board.followed)), "", "Those on the watch list that the trader copies."),
        Figure(
            "Proven edge",
            count(run.proven),
            "",
            f"Those that win more than they pay for with q ≤ {PROVEN_Q:g}: of such finds at most {PROVEN_Q:.0%} are "
            "expected to be luck.",
        ),
    )
