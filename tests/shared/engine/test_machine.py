"""The engine as a state machine: any order of trades, answers, faults and restarts; every invariant after every step.

The world around it is the one of ``tests.prove``, with all its checks; here Hypothesis drives it, looks for the rare
path and shrinks it.
"""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shared.domain.command import CommandKind
from shared.domain.instants import DAY, HOUR, SECOND
from shared.domain.money import ONE, dollars
from shared.domain.order import Side
from shared.engine.profiles import PROFILES
from tests.prove.settings import CAPITALS, WIDE, Setting, scaled
from tests.prove.world import FAULTS, FEEDS, MARKETS, MET, TOKENS, WALLETS, WORRIES, World

NUMBER = st.integers(0, 20)
PERCENT = st.integers(1, 100)
CENTS = st.integers(2, 98)
SIDES = st.sampled_from([Side.BUY, Side.BUY, Side.SELL])


class EngineMachine(RuleBasedStateMachine):
    """Rules are what may happen; ``World`` performs them and judges every event."""

    world: World

    @initialize(
        sizing=st.sampled_from(["kelly", "ratio"]),
        capital=st.sampled_from(CAPITALS),
        profile=st.sampled_from(["wide", *PROFILES]),
        settles=st.booleans(),
    )
    def begin(self, sizing: str, capital: int, profile: str, settles: bool) -> None:
        self.fates: list[str] = []
        self.met: list[int] = []
        limits = WIDE if profile == "wide" else scaled(profile, capital)
        self.world = World(
            Setting(sizing, capital, limits, settles),
            lambda: self.fates.pop() if self.fates else "",
            lambda: self.met.pop() if self.met else 100,
        )

    # ------------------------------------------------------------------ trades and prices

    @rule(
        wallet=st.sampled_from(WALLETS),
        token=st.sampled_from(TOKENS),
        side=SIDES,
        cents=CENTS,
        size=st.integers(1, 6_000),
        lag=st.integers(0, 70),
    )
    def a_whale_trades(self, wallet: str, token: str, side: Side, cents: int, size: int, lag: int) -> None:
        self.world.whale(wallet, token, side, cents, size, lag * SECOND)

    @rule(wallet=st.sampled_from(WALLETS), token=st.sampled_from(TOKENS), cents=CENTS)
    def a_whale_is_copied_and_filled(self, wallet: str, token: str, cents: int) -> None:
        self.world.whale(wallet, token, Side.BUY, cents, 3_000)
        self.every_answer_arrives()
        self.world.fill(-1, 100)
        self.every_answer_arrives()

    @rule()
    def the_last_trade_is_delivered_again(self) -> None:
        self.world.again()

    @rule(token=st.sampled_from(TOKENS), cents=st.integers(1, 99), told=st.booleans())
    def a_stranger_trades(self, token: str, cents: int, told: bool) -> None:
        self.world.public_print(token, cents, told)

    @precondition(lambda self: self.world.checks.shadow.sizes)
    @rule(n=NUMBER, cents=CENTS, spread=st.integers(-1, 4), size=st.sampled_from([0, 10, 5_000]))
    def the_book_of_what_we_hold_is_shown(self, n: int, cents: int, spread: int, size: int) -> None:
        held = list(self.world.checks.shadow.sizes)
        self.world.book(held[n % len(held)], cents, spread, size)

    @rule(token=st.sampled_from(TOKENS), side=SIDES, cents=CENTS, size=st.sampled_from([0, 50, 500]))
    def a_level_changes(self, token: str, side: Side, cents: int, size: int) -> None:
        self.world.level(token, side, cents, size)

    @rule(token=st.sampled_from(TOKENS), fine=st.booleans())
    def prices_move_in_other_steps(self, token: str, fine: bool) -> None:
        self.world.tick(token, fine)

    @rule(percent=st.sampled_from([-11, -10, -9, 0, 9, 10]))
    def bitcoin_moves(self, percent: int) -> None:
        self.world.spot(percent)

    # ------------------------------------------------------------------ answers and faults

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

    @rule(met=st.sampled_from(MET))
    def the_next_order_that_takes_is_met_in_part(self, met: int) -> None:
        self.met.append(met)

    @precondition(lambda self: self.world.live_orders())
    @rule(n=NUMBER, percent=PERCENT, better=st.integers(0, 5))
    def the_venue_fills(self, n: int, percent: int, better: int) -> None:
        self.world.fill(n, percent, better)

    @precondition(lambda self: self.world.exchange.unsettled)
    @rule(n=NUMBER, fails=st.booleans())
    def the_chain_moves_on(self, n: int, fails: bool) -> None:
        self.world.settle(n, fails)

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

    @rule(seconds=st.sampled_from([1, 10, 31, 61]), hearing=st.booleans())
    def time_passes(self, seconds: int, hearing: bool) -> None:
        self.world.wait(seconds * SECOND, hearing)

    @rule(duration=st.sampled_from([HOUR, 13 * HOUR, 3 * DAY]))
    def nothing_is_told_for_long(self, duration: int) -> None:
        self.world.sleep(duration)

    # ------------------------------------------------------------------ people, tables, markets

    @rule(kind=st.sampled_from([CommandKind.KILL, CommandKind.FLATTEN, CommandKind.RESUME, CommandKind.RESUME]))
    def a_person_stops_or_resumes(self, kind: CommandKind) -> None:
        self.world.command(kind)

    @rule(amount=st.integers(-5, 500))
    def a_person_pays_in(self, amount: int) -> None:
        self.world.command(CommandKind.DEPOSIT, dollars(amount))

    @rule(again=st.booleans())
    def the_venue_pays_a_rebate(self, again: bool) -> None:
        self.world.rebate(again)

    @rule()
    def the_kill_function_stops_in_the_store(self) -> None:
        self.world.stop_in_the_store()

    @rule()
    def the_store_will_refuse_the_next_plan(self) -> None:
        self.world.refuse_next = True

    @rule(name=st.sampled_from(FEEDS), healthy=st.booleans())
    def a_feed_changes(self, name: str, healthy: bool) -> None:
        self.world.feed(name, healthy)

    @rule(about=st.sampled_from(WORRIES))
    def figures_are_published(self, about: str) -> None:
        self.world.worry(about)

    @rule(overlap=st.sampled_from([0, 250_000, 350_000]), together=st.booleans())
    def voices_are_published(self, overlap: int, together: bool) -> None:
        self.world.talk(overlap, together)

    @rule(market=st.sampled_from(MARKETS), minutes=st.sampled_from([-1, 0, 1, 90]))
    def a_market_is_about_to_end(self, market: str, minutes: int) -> None:
        self.world.hurry(market, minutes)

    @rule(market=st.sampled_from(MARKETS), shut=st.booleans(), disputed=st.booleans())
    def a_market_takes_no_orders_or_does_again(self, market: str, shut: bool, disputed: bool) -> None:
        self.world.shut(market, shut, disputed)

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
