"""One process that wants to trade the account: life after life, each from the lease to its end, however that comes."""

from collections.abc import Callable
from random import Random

from fargate.async_driver import AsyncDriver
from fargate.pace import Pace
from fargate.people import People
from shared.adapters.durable.lease import Keeper
from shared.adapters.durable.store import DurableStore
from shared.adapters.feeds.inbox import Inbox
from shared.domain.command import Command, CommandKind
from shared.domain.errors import Corrupt, LeaseLost, OutcomeUnknown, Temporary
from shared.domain.instants import MILLISECOND, SECOND
from shared.domain.ledger import Record
from shared.domain.messages import Payload
from shared.domain.money import dollars
from shared.engine.engine import Engine
from shared.ports import Answer, Heard, Switch
from shared.settings import LeaseSettings
from tests.simulation.exchange import Exchange
from tests.simulation.faults import Dice, Fault
from tests.simulation.lane import SlowLane
from tests.simulation.ports import Crash, FaultyBackend, FaultyVenue, Gate
from tests.simulation.records import Records

ACCOUNT = "sim"
LOOK_NS = SECOND
TAKE_NS = SECOND
WIND_UP_NS = 15 * SECOND
STOP_MOST_NS = 20 * SECOND
"""A process that is told to stop has ended by then."""


class LocalClock:
    """What the process believes the time is: it jumps now and then; the monotonic clock does not."""

    def __init__(self, process: "Process") -> None:
        self.offset = 0
        self._process = process

    def now(self) -> int:
        return self._process.world_now() + self.offset


class Process:
    """A slot for a trader. ``engine_of`` makes an engine; ``public`` what everybody can know when a life begins."""

    def __init__(
        self,
        name: str,
        records: Records,
        exchange: Exchange,
        gate: Gate,
        engine_of: Callable[[], Engine],
        public: Callable[[], list[Payload]],
        capital: int,
        lease: LeaseSettings,
        story: Callable[[Callable[[], str]], None],
    ) -> None:
        self.name = name
        self.gate = gate
        gate.host = self
        self.clock = LocalClock(self)
        self.driver: AsyncDriver | None = None
        self.lives = 0
        self.ends: list[str] = []
        self.stopped_at = 0
        self.longest_stop = 0
        self.asleep = False
        self.awake_at = 0
        self.running = False
        self.silent_until = 0
        self.corrupt = ""
        self.inbox = Inbox(lambda _: None)
        self._records = records
        self._exchange = exchange
        self._engine_of = engine_of
        self._public = public
        self._capital = capital
        self._lease = lease
        self._story = story
        self._held_up: list[Callable[[], None]] = []
        self._turn_at = 0
        self._listener: Callable[[Answer], None] | None = None

    # ------------------------------------------------------------------ time

    def world_now(self) -> int:
        return self.gate.clock.now

    def tell(self, text: Callable[[], str]) -> None:
        self._story(lambda: f"{self.name}: {text()}")

    def later(self, wait_ns: int, call: Callable[[], None]) -> None:
        """Make a call of this life after a while; a paused process makes it when it goes on, a dead one never."""
        life = self.lives

        def run() -> None:
            if self.lives != life or not self.running:
                return
            if self.asleep:
                self._held_up.append(run)
                return
            self._guarded(call)

        self.gate.clock.after(wait_ns, run)

    def _guarded(self, call: Callable[[], None]) -> None:
        """Whatever ends a life ends it here."""
        try:
            call()
        except Crash:
            self._ended("crashed")
        except Corrupt as error:
            self.corrupt = self.corrupt or f"{self.name}: Corrupt: {error}"
            self._ended(f"Corrupt: {error}")
        except LeaseLost as error:
            self._ended(f"lease lost: {error}")
        except (Temporary, OutcomeUnknown) as error:
            self._ended(f"gave up: {error}")

    # ------------------------------------------------------------------ a life

    def start(self) -> None:
        """Begin a life: nothing is known but what is durable."""
        self.lives += 1
        self.running = True
        self.stopped_at = 0
        self.driver = None
        self.inbox = Inbox(lambda _: None)
        self.backend = FaultyBackend(self._records, self.gate)
        owner = f"{self.name}-{self.lives}"
        self.keeper = Keeper(self.backend, owner, self.world_now, self._lease)
        self.tell(lambda: f"life {self.lives} begins")
        self.later(0, self._take)

    def _take(self) -> None:
        if self.stopped_at:
            self._ended("told to stop while it waited")
            return
        taken = False
        try:
            taken = self.keeper.take()
        except (Temporary, OutcomeUnknown):
            self.tell(lambda: "the lease cannot be read")
        if not taken:
            self.later(TAKE_NS, self._take)
            return
        self.tell(lambda: f"has the lease under epoch {self.keeper.epoch}")
        self.later(self._lease.beat_ns, self._beat)
        self.later(self._rng.randrange(10 * MILLISECOND, SECOND), self._recover)

    def _beat(self) -> None:
        wait = self._lease.beat_ns
        try:
            if not self.keeper.renew():
                wait = SECOND
        except (Temporary, OutcomeUnknown):
            wait = SECOND
        self.later(wait, self._beat)

    @property
    def _rng(self) -> Random:
        return self.gate.dice.rng

    def _recover(self) -> None:
        if self.stopped_at:
            self.keeper.release()
            self._ended("told to stop before it had recovered")
            return
        store = DurableStore(self.backend, self.keeper.epoch, "trader", self.clock)
        try:
            records: list[Record] = store.journal(ACCOUNT)
            switch: Switch = store.switch()
        except Temporary:
            self.later(SECOND, self._recover)
            return
        lanes = [SlowLane(self.gate, self.later, self._broken) for _ in ("store", "venue", "people")]
        venue = FaultyVenue(self._exchange, self.gate)
        engine = self._engine_of()
        driver = AsyncDriver(
            engine,
            venue,
            store,
            self.clock,
            self.inbox,
            lanes[0],
            lanes[1],
            self.keeper,
            Pace(LOOK_NS, self.world_now),
        )
        self.gate.epoch = self.keeper.epoch
        self._listener = venue.notice
        self._exchange.listeners.append(venue.notice)
        now = max(self.clock.now(), records[-1].at if records else 0)
        driver.recover(records, switch.trading, now)
        for payload in self._public():
            driver.handle_now(payload, now)
        driver.begin()
        if not records:
            driver.handle_now(Command("initial", CommandKind.DEPOSIT, "capital", dollars(self._capital)), now)
        people = People(driver, store, lanes[2], self.clock.now)
        driver.on_look = people.ask
        self.driver = driver
        self.tell(lambda: f"recovered {len(records)} records")
        self._turn()

    def _broken(self, error: BaseException) -> None:
        """As in the product: the loop hears of it in its turn."""
        if self.driver is not None:
            self.driver.break_with(error)
            self.wake()

    def _turn(self) -> None:
        """The loop's turn: everything that is due or was heard."""
        driver = self.driver
        assert driver is not None
        if self.stopped_at and not driver.closing:
            driver.close("told to stop")
        if driver.closing and (driver.closed or self.world_now() - self.stopped_at >= WIND_UP_NS):
            self.keeper.release()
            self._ended("stopped in order")
            return
        due = driver.turn() - self.clock.now()
        self.wake(max(min(due, LOOK_NS), MILLISECOND))

    def wake(self, wait_ns: int = 0) -> None:
        """The loop has something to do by then."""
        at = self.world_now() + wait_ns
        if self._turn_at > self.world_now() and self._turn_at <= at:
            return
        self._turn_at = at

        def turn() -> None:
            if self._turn_at == at or self.world_now() >= self._turn_at:
                self._turn()

        self.later(wait_ns, turn)

    def hear(self, heard: Heard) -> None:
        """A feed says something."""
        if self.running and self.driver is not None:
            self.inbox.hear(heard)
            self.wake(MILLISECOND)

    # ------------------------------------------------------------------ how lives end

    def stop(self) -> None:
        """SIGTERM."""
        if self.running and not self.stopped_at:
            self.stopped_at = self.world_now()
            self.tell(lambda: "told to stop")
            if self.driver is not None:
                self.wake()

    def crash(self) -> None:
        """kill -9."""
        self._ended("killed")

    def _ended(self, why: str) -> None:
        self.tell(lambda: f"life {self.lives} ends: {why}")
        self.ends.append(why)
        self.running = False
        if self.stopped_at and not self.asleep:
            self.longest_stop = max(self.longest_stop, self.world_now() - max(self.stopped_at, self.awake_at))
        if self._listener is not None:
            self._exchange.listeners.remove(self._listener)
            self._listener = None
        self.driver = None
        self.asleep = False
        self.gate.pause_after_plan = 0
        self._held_up = []
        wait = self._rng.randrange(200 * MILLISECOND, 8 * SECOND)
        life = self.lives

        def again() -> None:
            if self.lives == life:
                self.start()

        self.gate.clock.after(wait, again)

    def pause(self, duration_ns: int) -> None:
        """The process does not run for a while; what it has sent goes on."""
        if not self.running:
            return
        self.asleep = True
        self.tell(lambda: f"paused for {duration_ns / SECOND:.0f} s")
        self.gate.clock.after(duration_ns, self.go_on)

    def go_on(self) -> None:
        """It runs again; whatever came due meanwhile happens now, in its order."""
        if not self.asleep:
            return
        self.asleep = False
        self.awake_at = self.world_now()
        self.tell(lambda: "goes on")
        held_up, self._held_up = self._held_up, []
        for run in held_up:
            run()

    def jump(self, by_ns: int) -> None:
        """Its clock is set."""
        self.clock.offset = by_ns
        self.tell(lambda: f"its clock is off by {by_ns / SECOND:.1f} s")

    def delay(self, dice: Dice, fault: Fault) -> int:
        """How long after it happened a fact of a feed is heard."""
        wait = dice.rng.randrange(100 * MILLISECOND, 2 * SECOND)
        return wait + dice.rng.randrange(45 * SECOND) if dice.fires(fault) else wait
