"""Three processes that want one lease: clocks that drift, pauses anywhere, requests and replies that are lost or late.

Time is true time; each process sees it through a clock of its own. While one of them waits for an answer, others act.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random

from shared.adapters.durable.backend import Lease
from shared.adapters.durable.lease import Keeper, LeaseSettings
from shared.adapters.durable.store import DurableStore
from shared.adapters.memory.backend import MemoryBackend
from shared.domain.errors import LeaseLost, OutcomeUnknown, Temporary
from shared.domain.instants import MILLISECOND, SECOND
from tests.contracts.faulty import BUSY, DELIVERED, LATE, REPLY_LOST, REQUEST_LOST
from tests.contracts.store.records import deposit_micro

SETTINGS = LeaseSettings()
SPEEDS = (900, 1_000, 1_100)
"""Thousandths of true time: they differ by less than time to live and margin do."""
SOON_NS = SETTINGS.ttl_ns * 1_000 // 1_100 - SETTINGS.margin_ns * 1_000 // 900
"""What is left of time to live less margin where clocks drift like this: within it what was begun is over."""
PAUSES = (0, 0, 10 * MILLISECOND, SECOND, 4 * SECOND, 9 * SECOND, 31 * SECOND, 300 * SECOND)
FATES = (DELIVERED, DELIVERED, DELIVERED, REPLY_LOST, REQUEST_LOST, LATE, BUSY)
ACCOUNT = "paper"


class Process(MemoryBackend):
    """One process and its network; as a backend it passes on to the shared one, in the world's time."""

    def __init__(self, world: "World", place: int, name: str) -> None:
        super().__init__(ACCOUNT)
        self.world = world
        self.place = place
        self.script: list[tuple[str, int, int]] = []
        """For each request to come: what becomes of it, and how long it takes there and back."""
        self.keeper = Keeper(self, name, self.clock)
        self.waits = False
        self.store: DurableStore | None = None

    def clock(self) -> int:
        """The same speed for whoever runs in this place; each process has a zero of its own."""
        return self.world.now * SPEEDS[self.place] // 1_000 + self.place * 12_345 * SECOND

    def lease(self) -> Lease | None:
        fate, there, back = self.script.pop(0) if self.script else (DELIVERED, 0, 0)
        self.world.wait(there, others=True)
        found = self.world.backend.lease()
        self.world.wait(back, others=True)
        if fate in (REQUEST_LOST, LATE, BUSY):
            raise Temporary("no answer")
        return found

    def swap_lease(self, before: Lease | None, after: Lease) -> bool:
        world = self.world
        fate, there, back = self.script.pop(0) if self.script else (DELIVERED, 0, 0)
        world.wait(there, others=True)
        world.counts[f"swap {fate}"] += 1
        if fate == BUSY:
            raise Temporary("turned away")
        done = False
        if fate == LATE:
            world.late.append(lambda: world.swap(before, after))
        elif fate != REQUEST_LOST:
            done = world.swap(before, after)
        world.wait(back, others=True)
        if fate != DELIVERED:
            raise OutcomeUnknown("no answer")
        return done


class World:
    """See the module. Every method is something that happens, and ends by checking what must always be so."""

    def __init__(self) -> None:
        self.now = 10**6 * SECOND
        self.backend = MemoryBackend(ACCOUNT)
        self.late: list[Callable[[], bool]] = []
        self.counts: Counter[str] = Counter()
        self.everybody: list[Process] = []
        self.living = [self._born(place) for place in range(3)]
        self.meanwhile: list[tuple[int, int]] = []
        """What others do while somebody waits: (which of them, how long afterwards)."""
        self._begun: list[tuple[int, int]] = []
        """What was begun on a look at ``vouched``: (under which epoch, when it has its effect)."""
        self._first_vouched: dict[int, int] = {}
        self._highest = 0

    def _born(self, place: int) -> Process:
        made = Process(self, place, f"process-{len(self.everybody)}")
        self.everybody.append(made)
        return made

    # ------------------------------------------------------------------ what happens

    def wait(self, pause: int, others: bool = False) -> None:
        """Time passes; somebody else may act meanwhile."""
        self.now += pause
        self.check()
        if others and self.meanwhile:
            other, after = self.meanwhile.pop()
            if not self.living[other].waits:
                self.counts["acted while another waited"] += 1
                self._turn(self.living[other])
            self.now += after
            self.check()

    def swap(self, before: Lease | None, after: Lease) -> bool:
        """A change arrives."""
        done = self.backend.swap_lease(before, after)
        lease = self.backend.lease()
        assert lease is None or lease.epoch >= self._highest, "epochs only grow"
        self._highest = 0 if lease is None else lease.epoch
        return done

    def turn(self, who: int, script: Sequence[tuple[str, int, int]], meanwhile: Sequence[tuple[int, int]]) -> None:
        """A process looks at the lease or renews it."""
        process = self.living[who]
        process.script, self.meanwhile = list(script), list(meanwhile)
        self._turn(process)
        process.script, self.meanwhile = [], []
        self.check()

    def _turn(self, process: Process) -> None:
        process.waits = True
        self._look_or_renew(process)
        process.waits = False

    def _look_or_renew(self, process: Process) -> None:
        keeper = process.keeper
        if keeper.epoch == 0:
            if keeper.take():
                self.counts["taken"] += 1
                self.counts["taken from another"] += keeper.epoch > 1
            return
        try:
            self.counts["renewed"] += keeper.renew()
        except LeaseLost:
            self.counts["lost"] += 1
            self.crash(process.place)

    def crash(self, who: int) -> None:
        """A process dies, or stands still for good; another is started in its place."""
        self.living[who] = self._born(who)

    def release(self, who: int, script: Sequence[tuple[str, int, int]]) -> None:
        """A process ends cleanly, having finished what it began."""
        process = self.living[who]
        epoch = process.keeper.epoch
        self._begun = [one for one in self._begun if one[0] != epoch]
        process.script, process.waits = list(script), True
        process.keeper.release()
        self.counts["released"] += epoch > 0
        self.crash(who)
        self.check()

    def land(self, which: int) -> None:
        """A request arrives that its sender has long given up."""
        if self.late:
            done = self.late.pop(which % len(self.late))()
            self.counts["late and accepted" if done else "late and refused"] += 1
        self.check()

    def begin(self, who: int, takes: int) -> None:
        """A process that is vouched begins something that has its effect soon."""
        keeper = self.living[who].keeper
        if keeper.vouched:
            self.counts["begun"] += 1
            self._begun.append((keeper.epoch, self.now + takes % SOON_NS))
        self.check()

    def write(self, who: int) -> None:
        """A process writes, whatever it believes: accepted exactly under the epoch in force."""
        process = self.living[who]
        epoch, lease = process.keeper.epoch, self.backend.lease()
        if process.store is None or process.store.epoch != epoch:
            process.store = DurableStore(self.backend, epoch)
        written = True
        try:
            process.store.write(deposit_micro(ACCOUNT, 1, f"{len(self.backend.journal)}-{self.counts['writes']}"))
        except LeaseLost:
            written = False
        self.counts["writes"] += 1
        self.counts["refused writes"] += not written and epoch > 0
        assert written == (lease is not None and lease.epoch == epoch)
        assert list(self.backend.journal) == sorted(self.backend.journal), "nobody wrote under an old epoch"

    # ------------------------------------------------------------------ what must be so

    def check(self) -> None:
        vouched = [one.keeper for one in self.everybody if one.keeper.vouched]
        assert len(vouched) <= 1, f"two are vouched: {[(one.owner, one.epoch) for one in vouched]}"
        for keeper in vouched:
            self._first_vouched.setdefault(keeper.epoch, self.now)
        for epoch, effect in [one for one in self._begun if one[1] <= self.now]:
            later = [at for other, at in self._first_vouched.items() if other > epoch]
            assert all(at >= effect for at in later), "what was begun under an epoch ended after a later one began"
        self._begun = [one for one in self._begun if one[1] > self.now]

    def recover(self) -> None:
        """Once everybody else is silent, whoever is started is vouched within the time to live, by its own clock."""
        place = 0
        fresh = self.living[place] = self._born(place)
        if not fresh.keeper.take():
            self.now += SETTINGS.ttl_ns * 1_000 // SPEEDS[place] + SECOND
            assert fresh.keeper.take(), fresh.keeper.says
        assert fresh.keeper.vouched
        self.check()


def play(seed: int, steps: int = 40) -> World:
    """A history that a seed decides."""
    dice, world = Random(seed), World()

    def script() -> list[tuple[str, int, int]]:
        return [(dice.choice(FATES), dice.choice(PAUSES), dice.choice(PAUSES)) for _ in range(4)]

    for _ in range(steps):
        who = dice.randrange(3)
        match dice.choice(("turn", "turn", "turn", "turn", "wait", "release", "crash", "land", "begin", "write")):
            case "turn":
                world.turn(who, script(), [(dice.randrange(3), dice.choice(PAUSES)) for _ in range(dice.randrange(3))])
            case "wait":
                world.wait(dice.choice(PAUSES))
            case "release":
                world.release(who, script())
            case "crash":
                world.crash(who)
            case "land":
                world.land(dice.randrange(8))
            case "begin":
                world.begin(who, dice.randrange(SOON_NS))
            case _:
                world.write(who)
    world.recover()
    return world
