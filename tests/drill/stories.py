"""The stories of the drill: each one kind of trouble, told again and again, and what must be true of it."""

import os
import signal
import statistics
import time
from collections.abc import Sequence
from random import Random

import msgspec

from shared.adapters.dynamo.codec import account_day, moment
from shared.adapters.dynamo.controls import put_command, put_switch
from shared.adapters.dynamo.readers import Readers
from shared.adapters.embedded.provision import PREFIX
from shared.domain.command import Command, CommandKind
from shared.domain.decision import Decision, Reason
from shared.domain.instants import SECOND
from shared.ports import Switch
from tests.drill.crowd import Scene
from tests.drill.processes import Supervised, wait_for
from tests.drill.stage import ACCOUNT, Judged, Say, Stage
from tests.soak.figures import Figure, at_most, exactly

AGAIN_S = 60.0
"""After a kill somebody trades again within this."""
STOPS_S = 20.0
KILLED = -signal.SIGKILL


def sound(story: str, judged: Judged) -> list[Figure]:
    """What is the same for every story: nothing that must never be, and enough that it could have been."""
    named = "; ".join(judged.wrong)[:300] or "0"
    said = f"{named} (of {judged.orders:,} orders, {judged.fills:,} executions, {judged.failed:,} taken back)"
    name = "orders twice or without a plan, executions lost or booked wrongly, late writes, crashes"
    return [Figure(story, name, "0", said, not judged.wrong and judged.fills > 0)]


def spread(seconds: Sequence[float]) -> str:
    """Half, most and the worst of them."""
    if not seconds:
        return "nothing"
    ordered = sorted(seconds)
    at90 = ordered[min(len(ordered) - 1, round(0.9 * len(ordered)))]
    return f"p50 {statistics.median(ordered):.1f}, p90 {at90:.1f}, max {ordered[-1]:.1f} s of {len(ordered)}"


def _within(story: str, name: str, seconds: Sequence[float], limit: float) -> Figure:
    return Figure(story, name, f"<= {limit:g} s each", spread(seconds), bool(seconds) and max(seconds) <= limit)


# ---------------------------------------------------------------------- kill -9


def kills(times: int, orders: int, say: Say, seed: int = 1, rate: float = 4.0) -> list[Figure]:
    """kill -9 at random moments, some of them while the next life recovers."""
    rng, waits = Random(f"kills {seed}"), list[float]()
    with Stage(Scene(seed, rate=rate), say=say) as stage:
        (trader,) = stage.traders
        stage.until_trading()
        while len(waits) < times:
            time.sleep(rng.uniform(0.0, 8.0))
            moments = [_kill(trader)]
            while rng.random() < 0.2 and len(waits) + len(moments) < times:
                time.sleep(rng.uniform(0.5, 5.0))
                moments.append(_kill(trader))
            for at in moments:
                took = stage.planned_after(at, AGAIN_S)
                waits.append(AGAIN_S * 2 if took is None else took)
            say(f"{len(waits)} kills, {len(stage.journal.plans)} orders; trading again after {waits[-1]:.1f} s")
        assert wait_for(lambda: len(stage.journal.plans) >= orders, orders / rate * 3 + 60) is not None
        judged = stage.judged()
        codes = [end.code for end in trader.ends[:-1]]
    unexpected = [code for code in codes if code != KILLED]
    return [
        *sound("kills", judged),
        _within("kills", f"trading again after kill -9, {judged.epochs} epochs", waits, AGAIN_S),
        Figure("kills", "orders planned", f">= {orders:,}", f"{judged.planned:,}", judged.planned >= orders),
        exactly("kills", "ends that nobody had asked for", len(unexpected), 0),
    ]


def _kill(trader: Supervised) -> int:
    trader.send(signal.SIGKILL)
    return time.time_ns()


# ---------------------------------------------------------------------- SIGTERM


def terms(times: int, say: Say, seed: int = 1, rate: float = 4.0) -> list[Figure]:
    """SIGTERM at random moments, some of them before the life has begun to trade."""
    rng, waits = Random(f"terms {seed}"), list[float]()
    with Stage(Scene(seed, rate=rate), say=say) as stage:
        (trader,) = stage.traders
        stage.until_trading()
        while len(waits) < times:
            if rng.random() < 0.8:
                stage.until_trading()
            time.sleep(rng.uniform(0.0, 6.0))
            if not trader.alive:
                continue
            waits.append(_term(trader))
            say(f"{len(waits)} SIGTERM: ended after {waits[-1]:.1f} s")
        stage.until_trading()
        judged = stage.judged()
        codes, said = [end.code for end in trader.ends], trader.said()
    return [
        *sound("terms", judged),
        _within("terms", "SIGTERM to the end", waits, STOPS_S),
        # A process that has not come to its first line yet dies of the signal; nothing has begun then.
        exactly("terms", "exit codes other than 0", sum(code not in (0, -signal.SIGTERM) for code in codes), 0),
        Figure(
            "terms", "stopped before the first line of the program", "told", f"{codes.count(-signal.SIGTERM)}", True
        ),
        exactly("terms", "lives that had to wait for the lease", said.count("waiting for the lease"), 0),
    ]


def _term(trader: Supervised) -> float:
    """How long the life of this moment takes to end in order, in seconds."""
    ended, began = len(trader.ends), time.monotonic()
    trader.send(signal.SIGTERM)
    wait_for(lambda: len(trader.ends) > ended, 3 * STOPS_S, 0.05)
    return time.monotonic() - began


# ---------------------------------------------------------------------- two at once


def twins(minutes: float, say: Say, seed: int = 1, rate: float = 4.0) -> list[Figure]:
    """Two traders want the account; who has it is held up, so that the other one takes over, or told to stop."""
    rng = Random(f"twins {seed}")
    with Stage(Scene(seed, rate=rate), 2, say=say) as stage:
        stage.until_trading()
        ends = time.monotonic() + minutes * 60
        pauses = 0
        while time.monotonic() < ends:
            time.sleep(rng.uniform(2.0, 10.0))
            holder = next((one for one in stage.traders if one.ready), None)
            if holder is None:
                continue
            pauses += 1
            holder.send(signal.SIGSTOP)
            time.sleep(rng.uniform(1.0, 6.0))
            holder.send(signal.SIGCONT)
            say(f"{pauses} pauses, epoch {stage.journal.epoch}, {len(stage.journal.plans)} orders")
        stage.until_trading()
        judged = stage.judged()
        codes = [end.code for one in stage.traders for end in one.ends]
    foreseen = [code for code in codes if code in (0, 3)]
    return [
        *sound("twins", judged),
        Figure("twins", f"take-overs in {pauses} pauses", ">= 1", str(judged.epochs - 1), judged.epochs > 1),
        exactly("twins", "ends other than in order or by the lease", len(codes) - len(foreseen), 0),
    ]


# ---------------------------------------------------------------------- the store


def store(hold_s: float, say: Say, seed: int = 1, rate: float = 4.0) -> list[Figure]:
    """The store is slow, throttled, stopped for a while, and restarted; the trader lives through all of it."""
    figures: list[Figure] = []
    with Stage(Scene(seed, rate=rate), through=True, say=say) as stage:
        (trader,) = stage.traders
        stage.until_trading()
        for trouble in (_slow, _throttled, _stopped, _restarted):
            name = trouble.__name__.strip("_")
            say(f"the store is {name}")
            down: dict[str, None] = {}
            trouble(stage, hold_s, down)
            again = wait_for(lambda: stage.trading, AGAIN_S)
            after = None if again is None else stage.planned_after(time.time_ns(), AGAIN_S)
            say(f"down meanwhile: {', '.join(down) or 'nothing'}; ready {again} s later, an order {after} s after that")
            figures.append(
                at_most("store", f"{name}: trading again without a person", _sum(again, after), AGAIN_S, "s")
            )
            if trouble is _stopped:
                wanted = ("lease", "store", "switch")
                alarmed = [one for one in wanted if one in down]
                figures.append(
                    Figure("store", "alarms while stopped", " ".join(wanted), " ".join(alarmed), len(alarmed) == 3)
                )
        ended = len(trader.ends)
        judged = stage.judged()
    return [*sound("store", judged), *figures, exactly("store", "ends of the trader", ended, 0)]


def _sum(*parts: float | None) -> float | None:
    return None if None in parts else sum(part for part in parts if part is not None)


def _look_down(stage: Stage, hold_s: float, down: dict[str, None]) -> None:
    """Which parts say that they are not well, for so long."""
    ends = time.monotonic() + hold_s
    while time.monotonic() < ends:
        parts = stage.traders[0].condition().get("components", {})
        down.update({name: None for name, part in parts.items() if not part["ok"]})
        time.sleep(0.25)


def _slow(stage: Stage, hold_s: float, down: dict[str, None]) -> None:
    stage.proxy.delay_s = 0.5
    _look_down(stage, hold_s, down)
    stage.proxy.delay_s = 0.0


def _throttled(stage: Stage, hold_s: float, down: dict[str, None]) -> None:
    stage.proxy.per_second = 10
    _look_down(stage, hold_s, down)
    stage.proxy.per_second = 0


def _stopped(stage: Stage, hold_s: float, down: dict[str, None]) -> None:
    os.killpg(stage.aws.pid, signal.SIGSTOP)
    _look_down(stage, hold_s, down)
    os.killpg(stage.aws.pid, signal.SIGCONT)


def _restarted(stage: Stage, hold_s: float, down: dict[str, None]) -> None:
    stage.aws.stop()
    _look_down(stage, hold_s / 6, down)
    stage.aws.start()


# ---------------------------------------------------------------------- the switch


def switch(times: int, say: Say, seed: int = 1, rate: float = 8.0) -> list[Figure]:
    """Trading is stopped in the store while orders flow, and resumed by command."""
    late, lags = 0, list[float]()
    with Stage(Scene(seed, rate=rate), say=say) as stage:
        for n in range(times):
            stage.until_trading()
            assert stage.planned_after(time.time_ns() + 2 * SECOND, AGAIN_S) is not None, stage.said()
            put_switch(stage.tables, ACCOUNT, Switch(False, f"drill {n}", time.time_ns()))
            at = time.time_ns()
            stage.journal.read_on()
            before = len(stage.journal.plans)
            time.sleep(4.0)
            stage.journal.read_on()
            late += len(stage.journal.plans) - before
            lags.append(_planning_after(stage, at))
            say(f"{n + 1} stops: plans written afterwards {late}; planning ended after {lags[-1]:.2f} s")
            command = Command(f"resume-{n}", CommandKind.RESUME, "drill")
            put_command(stage.tables, ACCOUNT, command, time.time_ns())
        stage.until_trading()
        judged = stage.judged()
    return [
        *sound("switch", judged),
        exactly("switch", f"plans written after {times} stops", late, 0),
        _within("switch", "a running trader stops planning", lags, 1.0),
    ]


def _planning_after(stage: Stage, at: int) -> float:
    """How long after an instant (nanoseconds) whale trades were still copied, in seconds."""
    table = stage.tables.decisions
    rows = table.query(account_day(ACCOUNT, at), table.moment > moment(at), consistent_read=True)
    found = [msgspec.json.decode(row.body, type=Decision) for row in rows]
    copied = [one.at for one in found if one.reason is Reason.COPIED]
    assert any(one.reason is not Reason.COPIED for one in found), "nobody traded after the stop"
    return max([0, *(one - at for one in copied)]) / SECOND


# ---------------------------------------------------------------------- open orders


def _fill_up(stage: Stage, orders: int) -> None:
    """Wait until so many orders rest at the venue; nobody trades any more then."""
    stage.until_trading()
    stage.crowd.rate = 20.0
    assert wait_for(lambda: stage.log().open >= orders, orders / 5.0, 1.0) is not None, stage.said()
    stage.crowd.rate = 0.0


def crowded(orders: int, say: Say, seed: int = 1) -> list[Figure]:
    """A life that begins with so many orders at the venue; and a stop that cancels them all."""
    scene = Scene(seed, markets=orders + 50, rate=0.0, rests=True)
    with Stage(scene, patient=True, say=say) as stage:
        (trader,) = stage.traders
        _fill_up(stage, orders)
        time.sleep(3.0)
        before = stage.log().open
        ended = len(trader.ends)
        trader.send(signal.SIGKILL)
        began = time.monotonic()
        assert wait_for(lambda: len(trader.ends) > ended, 10.0) is not None
        wait_for(lambda: stage.trading, 2 * AGAIN_S)
        ready = time.monotonic() - began
        after = stage.log().open
        say(f"ready {ready:.1f} s after the kill, {after} of {before} orders still open")
        began = time.monotonic()
        trader.close()
        stopped = time.monotonic() - began
        say(f"stopped after {stopped:.1f} s, {stage.log().open} orders left open")
        code = trader.ends[-1].code
        judged = stage.judged(calm=False)
    return [
        *sound("open", judged),
        at_most("open", f"ready after kill -9 with {before} open orders", ready, 30.0, "s"),
        exactly("open", "orders open after the recovery", after, before),
        at_most("open", "SIGTERM to the end with them", stopped, STOPS_S, "s"),
        exactly("open", "its exit code", code, 0),
    ]


def flood(minutes: float, orders: int, say: Say, seed: int = 1) -> list[Figure]:
    """Two books a second of each of so many markets, an order resting in each: the loop keeps pace, memory is flat."""
    peaks: list[list[float]] = [[], [], []]
    with Stage(Scene(seed, markets=orders + 50, rate=0.0, rests=True), patient=True, say=say) as stage:
        (trader,) = stage.traders
        _fill_up(stage, orders)
        before, began, books = stage.log().open, time.monotonic(), stage.crowd.books
        stage.crowd.rate = 2.0
        while (since := time.monotonic() - began) < minutes * 60:
            peaks[int(since * 3 / (minutes * 60))].append(trader.rss_mb)
            time.sleep(1.0)
        per_second = (stage.crowd.books - books) / (time.monotonic() - began)
        stage.crowd.rate = 0.0
        lag = trader.condition()["components"]["lag"]["says"]
        say(f"{per_second:,.0f} books/s, loop lag {lag}, memory {[round(max(part)) for part in peaks]} MB by thirds")
        time.sleep(3.0)
        live = Readers(PREFIX, stage.aws.endpoint).live(ACCOUNT) or {}
        seen, told, after = live.get("counts", {}).get("whale_trades", 0), stage.crowd.trades, stage.log().open
        judged = stage.judged(calm=False)
    return [
        *sound("flood", judged),
        Figure(
            "flood",
            "orders open all the time",
            f">= {orders:,}",
            f"{min(before, after):,}",
            min(before, after) >= orders,
        ),
        Figure("flood", "books a second", ">= 2,000", f"{per_second:,.0f}", per_second >= 2_000),
        at_most("flood", "loop lag, p99", float(lag.split()[1]), 20.0, "ms"),
        at_most("flood", "memory, last peak over the one before", max(peaks[2]) - max(peaks[1]), 10.0, "MB"),
        exactly("flood", "whale trades seen", seen, told),
    ]
