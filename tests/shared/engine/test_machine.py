"""The engine as a state machine: any order of trades, answers, faults and restarts; every invariant after every step.

The world around it is the one of ``tests.prove``; here Hypothesis drives it, looks for the rare path and shrinks it.
"""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shared.domain.instants import SECOND
from shared.domain.messages import CommandKind, FeedHealth
from shared.domain.money import ONE, dollars
from shared.domain.order import Side
from tests.prove.histories import TOKENS
from tests.prove.world import FAULTS, MARKETS, WALLETS, World

NUMBER = st.integers(0, 20)
PERCENT = st.integers(1, 100)


class EngineMachine(RuleBasedStateMachine):
    """Rules are what may happen; ``World`` performs them."""

    world: World

    @initialize(sizing=st.sampled_from(["kelly", "ratio"]), capital=st.sampled_from([300, 1_000, 3_000]))
    def begin(self, sizing: str, capital: int) -> None:
        self.fates: list[str] = []
        self.world = World(sizing, capital, lambda: self.fates.pop() if self.fates else "")

    @rule(
        wallet=st.sampled_from(WALLETS),
        token=st.sampled_from(TOKENS),
        side=st.sampled_from([Side.BUY, Side.BUY, Side.SELL]),
        cents=st.integers(2, 98),
        size=st.integers(1, 6_000),
        lag=st.integers(0, 70),
    )
    def a_whale_trades(self, wallet: str, token: str, side: Side, cents: int, size: int, lag: int) -> None:
        self.world.whale(wallet, token, side, cents, size, lag * SECOND)

    @rule()
    def the_last_trade_is_delivered_again(self) -> None:
        self.world.again()

    @rule(token=st.sampled_from(TOKENS), cents=st.integers(1, 99))
    def a_stranger_trades(self, token: str, cents: int) -> None:
        self.world.public_print(token, cents)

    @precondition(lambda self: self.world.pending)
    @rule(n=NUMBER)
    def an_answer_arrives(self, n: int) -> None:
        self.world.deliver(n)

    @precondition(lambda self: self.world.pending)
    @rule()
    def every_answer_arrives(self) -> None:
        while self.world.pending:
            self.world.deliver(0)

    @precondition(lambda self: self.world.pending)
    @rule(n=NUMBER)
    def an_answer_arrives_twice(self, n: int) -> None:
        self.world.deliver_twice(n)

    @precondition(lambda self: self.world.pending)
    @rule(n=NUMBER)
    def an_answer_is_lost(self, n: int) -> None:
        self.world.lose(n)

    @rule(fate=st.sampled_from(FAULTS))
    def the_next_request_fares_badly(self, fate: str) -> None:
        self.fates.append(fate)

    @precondition(lambda self: self.world.live_orders())
    @rule(n=NUMBER, percent=PERCENT, better=st.integers(0, 5))
    def the_venue_fills(self, n: int, percent: int, better: int) -> None:
        self.world.fill(n, percent, better)

    @rule(n=NUMBER, percent=PERCENT)
    def the_venue_fills_what_it_had_ended(self, n: int, percent: int) -> None:
        self.world.late_fill(n, percent)

    @precondition(lambda self: self.world.live_orders())
    @rule(n=NUMBER)
    def the_venue_ends_an_order_by_itself(self, n: int) -> None:
        self.world.expire(n)

    @rule(n=NUMBER)
    def a_request_times_out(self, n: int) -> None:
        self.world.doubt(n)

    @rule(seconds=st.sampled_from([1, 10, 31, 61, 3_600]), hearing=st.booleans())
    def time_passes(self, seconds: int, hearing: bool) -> None:
        self.world.wait(seconds * SECOND, hearing)

    @rule(kind=st.sampled_from([CommandKind.KILL, CommandKind.RESUME, CommandKind.RESUME]))
    def a_person_stops_or_resumes(self, kind: CommandKind) -> None:
        self.world.command(kind)

    @rule(amount=st.integers(-5, 500))
    def a_person_pays_in(self, amount: int) -> None:
        self.world.command(CommandKind.DEPOSIT, dollars(amount))

    @rule()
    def the_kill_function_stops_in_the_store(self) -> None:
        self.world.stop_in_the_store()

    @rule()
    def the_store_will_refuse_the_next_plan(self) -> None:
        self.world.refuse_next = True

    @rule(healthy=st.booleans())
    def a_feed_changes(self, healthy: bool) -> None:
        self.world.give(FeedHealth("whales", healthy, "drawn"))

    @rule(market=st.sampled_from(MARKETS), yes=st.sampled_from([0, ONE, ONE // 3]))
    def a_market_resolves(self, market: str, yes: int) -> None:
        self.world.resolve(market, yes)

    @rule()
    def the_process_dies_and_starts_again(self) -> None:
        self.world.restart()

    @invariant()
    def nothing_is_wrong(self) -> None:
        if hasattr(self, "world"):
            self.world.check()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.finish()


TestEngineMachine = EngineMachine.TestCase
TestEngineMachine.settings = settings(settings.default, stateful_step_count=40)  # as many examples as the profile says
