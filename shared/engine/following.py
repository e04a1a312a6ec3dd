"""The watch list: what the latest ranking says, and whom people have pinned or let go since."""

from msgspec.structs import replace

from shared.domain.messages import RankingPublished
from shared.domain.whale import RankedWallet, Ranking
from shared.engine.changes import Changes
from shared.engine.consensus import Consensus
from shared.engine.desk import Desk
from shared.engine.detection import Detection


class Following:
    """Tells detection and consensus who is followed. Whoever brought us what we hold stays watched for exits."""

    def __init__(self, changes: Changes, detection: Detection, consensus: Consensus, desk: Desk) -> None:
        self._changes = changes
        self._detection = detection
        self._consensus = consensus
        self._desk = desk
        self._told: Ranking | None = None

    def publish(self, told: RankingPublished, _at: int) -> None:
        """A new ranking: it is followed from now on."""
        self._told = told.ranking
        self._follow(told.ranking)

    def again(self) -> None:
        """People have pinned somebody or let somebody go: at once, or with the first ranking where none was told yet.

        The ranking is the old one, so what resolved under our eyes since stays in everybody's record.
        """
        if self._told is not None:
            self._follow(replace(self._told, wallets=tuple(self._as_known(one) for one in self._told.wallets)))

    def _follow(self, ranking: Ranking) -> None:
        desk, detection = self._desk, self._detection
        keep = {position.source: 1 for held in desk.positions.values() for position in held.values()}
        keep.update((order.source, 1) for order in desk.execution.open_orders())
        detection.publish(self._by_hand(ranking), tuple(keep))
        self._consensus.follow(name for name, whale in detection.whales.items() if whale.entries)

    def _by_hand(self, ranking: Ranking) -> Ranking:
        """The ranking with those who were pinned, and without pins of the settings that people took back.

        Who is ranked and was let go is heard, because what it brought is left as it leaves, and not copied.
        """
        pinned, unpinned = self._changes.pinned, self._changes.unpinned
        if not pinned and not unpinned:
            return ranking
        kept = (one for one in ranking.wallets if not (one.pinned and one.wallet in unpinned))
        wallets = {one.wallet: replace(one, watched_only=True) if one.wallet in unpinned else one for one in kept}
        for name in pinned:
            one = wallets.get(name) or self._as_known(RankedWallet(name, len(wallets) + 1))
            wallets[name] = replace(one, pinned=True, watched_only=False)
        return replace(ranking, wallets=tuple(wallets.values()))

    def _as_known(self, one: RankedWallet) -> RankedWallet:
        whale = self._detection.whales.get(one.wallet)
        return one if whale is None else replace(one, n_markets=whale.n_markets, edge_total=whale.edge_total)
