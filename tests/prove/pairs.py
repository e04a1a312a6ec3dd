"""Generated pairs of (belief, reports): the lives of ``lives``, now and then compared by reports that may be wrecked.
``python -m tests.prove.pairs [--pairs N] [--seed S]``: exit 0, or 4 with the first seed that fails.

Of each pair: a second run tells nothing new; the order of the reports does not matter; no fill is invented, and no
order ended because it is not found; a halt stops the engine; truthful reports never halt, however much was lost; a
planted micro-unit always halts.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from random import Random
from time import monotonic

from msgspec.structs import replace

from shared.domain.command import Command, CommandKind
from shared.domain.errors import Corrupt, HouseError
from shared.domain.instants import HOUR
from shared.domain.messages import OrderFilled, OrderReport
from shared.domain.order import OrderState
from shared.domain.reports import Reports
from shared.engine.reconciliation import (
    HALTING,
    Difference,
    EmptyReads,
    Evidence,
    Finding,
    Patience,
    Reconciliation,
    reconcile,
)
from tests.prove.lives import Life
from tests.prove.wrecks import planted, shuffled, wreck

PAIRS_PER_LIFE = 10
FAILURES = (AssertionError, HouseError, LookupError, TypeError, ValueError)
MINIMUM = {
    "a repair": 30,
    "a halt": 10,
    "a fill booked": 10,
    "a failed execution": 2,
    "an order given up": 0.1,
    "a planted micro-unit": 10,
}
"""Percent of the pairs that must show it, or the pairs prove nothing."""


def not_repaired(result: Reconciliation) -> list[Finding]:
    """The findings that do not vanish by being told."""
    return [finding for finding in result.findings if finding.kind is not Difference.REPAIRED]


def judge(life: Life, reports: Reports, evidence: Evidence) -> Reconciliation:
    """One pair: reconciled, applied to the engine, reconciled again."""
    first = reconcile(life.belief(), reports, evidence)
    assert reconcile(life.belief(), shuffled(life.rng, reports), evidence) == first, "the order of reports matters"
    known = {(trade.fill.trade_id, trade.fill.size, trade.fill.price) for trade in reports.trades or ()}
    settled, orders = len(life.belief().redemptions), dict.fromkeys(life.belief().orders)
    ends = {(said.order_key, said.state): said for said in reports.statements}
    for payload in first.payloads:
        if isinstance(payload, OrderReport) and (payload.order_key, payload.state) not in ends:
            before = evidence.doubts.get(payload.order_key, EmptyReads())
            assert before.reads + 1 >= Patience().reads, f"order {payload.order_key} ends only because it is not found"
        if isinstance(payload, OrderFilled):
            made = payload.fill
            assert (made.trade_id, made.size, made.price) in known, f"fill {made.trade_id} is invented"
        life.give(payload)
    if life.engine.desk.settlements.broken:
        return stopped(life, first)  # a lie that the books cannot follow: it is told again until a person has looked
    second = reconcile(life.belief(), reports, first.evidence)
    assert second.payloads == (), f"a second run tells {second.payloads[0]}"
    if any(key not in orders for key in life.belief().orders):
        return checked(life, first)  # a fact made the engine go on, with an order that the reports cannot know
    assert second.evidence == first.evidence, "a second run changes the evidence"
    if len(life.belief().redemptions) == settled:
        assert list(second.findings) == not_repaired(first), "a second run finds other things"
    else:  # a missed fact was the last that a resolved market had waited for: the engine has settled its positions
        assert bool(second.halt) == bool(first.halt), "a second run judges otherwise"
    return checked(life, first)


def stopped(life: Life, first: Reconciliation) -> Reconciliation:
    """Only a life that is lied to breaks its books, and then it does not trade."""
    assert life.lied_to, f"the truth breaks the books: {life.engine.desk.settlements.broken}"
    assert not life.engine.desk.risk.trading, "broken books do not stop the engine"
    return first


def checked(life: Life, first: Reconciliation) -> Reconciliation:
    """A halt says why, and stops the engine."""
    halting = any(finding.kind in HALTING for finding in first.findings)
    assert halting == bool(first.halt)
    assert not (halting and life.engine.desk.risk.trading), "a halt does not stop the engine"
    return first


def plant(life: Life, reports: Reports) -> bool:
    """A wallet wrong by one micro-unit, long after everything has settled: it halts at the first look, or at the second
    where an open order could explain it for a while. False when something else halts there anyway.
    """
    belief, later = life.belief(), replace(reports, as_of=reports.as_of + HOUR)
    if reconcile(belief, later).halt:
        return False
    wrong = planted(life.rng, later, life.rng.choice((-1, 1)))
    look = reconcile(belief, wrong)
    if not look.halt:
        again = replace(wrong, as_of=wrong.as_of + Patience().grace_ns)
        look = reconcile(belief, again, look.evidence)
    assert look.halt, "a micro-unit too much or too little does not halt"
    return True


def pairs_of(seed: int) -> Iterator[Counter[str]]:
    """The pairs of one life, judged; what each one showed."""
    rng = Random(seed)
    life = Life(rng)
    evidence, before = Evidence(), life.truth()
    for _ in range(PAIRS_PER_LIFE):
        try:
            life.pass_time()
        except Corrupt:
            if not life.lied_to:
                raise
            return  # books that believed a false report meet the truth: the engine stops, as it should
        shown = Counter({"a pair": 1})
        truth = life.truth()
        doubtful = [o.order_key for o in life.engine.desk.execution.open_orders() if o.state is OrderState.IN_DOUBT]
        truth = replace(truth, cancels_answered=tuple(key for key in doubtful if rng.random() < 0.8))
        clean = rng.random() < 0.5
        if clean:
            shown["a planted micro-unit"] += plant(life, truth)
        reports = truth if clean else wreck(life, truth, before)
        result = judge(life, reports, evidence)
        if clean and not life.lied_to:
            assert not result.halt, f"truthful reports halt: {result.halt}"
        evidence, before = result.evidence, truth
        if not life.engine.desk.risk.trading:
            life.give(Command(f"c{life.now}", CommandKind.RESUME, "pairs"))
        told = [type(payload) for payload in result.payloads]
        shown["a repair"] += bool(told)
        shown["a halt"] += bool(result.halt)
        shown["a failed execution"] += life.engine.desk.books.failed > 0
        shown["a fill booked"] += OrderFilled in told
        shown["an order given up"] += any("given up" in finding.text for finding in result.findings)
        shown.update({finding.kind.value: 1 for finding in result.findings})
        yield shown


def prove_pairs(pairs: int, seed: int) -> tuple[Counter[str], str]:
    """So many pairs from consecutive seeds: what they showed, and a sentence about the first that fails."""
    total: Counter[str] = Counter()
    while total["a pair"] < pairs:
        try:
            for shown in pairs_of(seed):
                total.update(shown)
        except FAILURES as error:
            return total, f"seed {seed}: {type(error).__name__}: {error}"
        seed += 1
    return total, ""


def too_rare(total: Counter[str]) -> list[str]:
    """What too few of the pairs show."""
    return [name for name, least in MINIMUM.items() if total[name] * 100 < least * total["a pair"]]


def main(arguments: list[str]) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.prove.pairs", description=__doc__)
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0, help="the first life's seed")
    options = parser.parse_args(arguments)
    if options.pairs < 1:
        parser.error(f"--pairs must be positive, not {options.pairs}")
    started = monotonic()
    total, sentence = prove_pairs(options.pairs, options.seed)
    print(f"{total['a pair']:,} pairs reconciled twice in {monotonic() - started:.0f} s")
    shares = ", ".join(
        f"{name} {100 * n / total['a pair']:.1f}%" for name, n in total.most_common() if name != "a pair"
    )
    print(f"  {shares}")
    failures = [sentence] if sentence else [f"too few pairs show {name}" for name in too_rare(total)]
    for failure in failures:
        print(failure)
    print(f"{total['a pair']} passed, {len(failures)} failed")
    return 4 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
