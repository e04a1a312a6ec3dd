"""Whatever the network loses and however long processes stand still: never two that are vouched, one before long."""

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.shared.adapters.durable.processes import FATES, PAUSES, SOON_NS, World, play

WHO = st.integers(0, 2)
PAUSE = st.sampled_from(PAUSES)
SCRIPT = st.lists(st.tuples(st.sampled_from(FATES), PAUSE, PAUSE), max_size=4)
MEANWHILE = st.lists(st.tuples(WHO, PAUSE), max_size=2)


class Processes(RuleBasedStateMachine):
    """Every rule ends with the checks of ``World``."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @rule(who=WHO, script=SCRIPT, meanwhile=MEANWHILE)
    def looks_or_renews(self, who: int, script: list[tuple[str, int, int]], meanwhile: list[tuple[int, int]]) -> None:
        self.world.turn(who, script, meanwhile)

    @rule(pause=PAUSE)
    def time_passes(self, pause: int) -> None:
        self.world.wait(pause)

    @rule(who=WHO, script=SCRIPT)
    def ends(self, who: int, script: list[tuple[str, int, int]]) -> None:
        self.world.release(who, script)

    @rule(who=WHO)
    def crashes(self, who: int) -> None:
        self.world.crash(who)

    @rule(which=st.integers(0, 7))
    def a_late_request_arrives(self, which: int) -> None:
        self.world.land(which)

    @rule(who=WHO, takes=st.integers(0, SOON_NS - 1))
    def begins_something(self, who: int, takes: int) -> None:
        self.world.begin(who, takes)

    @rule(who=WHO)
    def writes(self, who: int) -> None:
        self.world.write(who)

    def teardown(self) -> None:
        self.world.recover()


TestProcesses = Processes.TestCase
TestProcesses.settings = settings(max_examples=150, stateful_step_count=40)


def test_seeded_histories_hold_and_reach_everything_that_may_happen() -> None:
    seen: Counter[str] = Counter()
    for seed in range(1_000):
        seen += play(seed).counts
    for what in (
        *("taken from another", "renewed", "lost", "released", "begun", "refused writes"),
        *("late and accepted", "late and refused", "swap reply lost", "swap late", "acted while another waited"),
    ):
        assert seen[what] >= 20, f"{what}: {seen[what]}"
