"""Hand-written studies, discoveries and what a ranking keeps of its best."""

from typing import Any

from dashboard.pipeline import Discovery
from dashboard.queries.studies import Report, Study
from dashboard.rankings import Row
from shared.adapters.s3.studies import Input, Manifest
from shared.domain.errors import BadInput, Temporary
from shared.domain.instants import HOUR, SECOND

AT = 1_774_216_800 * SECOND
START_S = 1_774_130_400


def manifest(name: str = "first", kind: str = "replay", **changed: Any) -> Manifest:
    fields: dict[str, Any] = {
        "kind": kind,
        "name": name,
        "at": AT,
        "command": f"python -m fargate {kind} day --publish {name}",
        "code": "abcdef012345",
        "synthetic": True,
        "inputs": (Input("trades.parquet", 1_234, "a" * 64),),
        "figures": {"equity_usd": 10_250.0, "capital_usd": 10_000.0, "fill_rate": 0.5, "slippage_bps_p50": None},
    }
    return Manifest(**{**fields, **changed})


def study(name: str = "first", kind: str = "replay", **changed: Any) -> Study:
    return Study(f"studies/{kind}/{name}", manifest(name, kind, **changed))


def replay_report(**changed: Any) -> Report:
    """A replay of sixty markets: two of three gain 10 dollars, the third loses 8."""
    bets = [(-8.0 if n % 3 == 0 else 10.0) for n in range(60)]
    equity = [10_000.0]
    for bet in bets:
        equity.append(equity[-1] + bet)
    report = {
        "decisions": {"copied": 80, "stale": 20},
        "orders": {"FILLED": 70},
        "fills": 90,
        "fees_usd": 12.5,
        "equity_usd": equity[-1],
        "capital_usd": 10_000.0,
        "slippage_bps": {"p50": 12.5, "p99": 80.0},
        "fill_rate": 0.81,
        "time_to_fill_s": {"p50": 3.25, "p99": 60.0},
        "dead_letters": 1,
        "curve": [[START_S + 600 * n, value] for n, value in enumerate(equity)],
        "bets_usd": bets,
        "digest": "not shown",
    }
    return {**report, **changed}


def execution(**changed: Any) -> dict[str, Any]:
    report = {
        "intents": 20,
        "orders": 30,
        "filled": 12,
        "partly_filled": 3,
        "fills": 40,
        "slippage_bps": {"p50": 0.0, "p99": 120.5},
        "fill_rate": 0.75,
        "time_to_fill_s": {"p50": 2.0, "p99": 70.0},
        "breakers": {},
        "denied": {},
        "dead_letters": 0,
    }
    return {**report, **changed}


def probe_report() -> Report:
    empty = execution(
        fill_rate=None, slippage_bps={"p50": None, "p99": None}, time_to_fill_s={"p50": None, "p99": None}
    )
    return {"overall": execution(), "by_kind": {"resting": execution()}, "by_phase": {"phase_1": empty}}


def score_report() -> Report:
    row = {"rank": 1, "wallet": "0x" + "1" * 40, "sharpe_low": 0.1, "sharpe_high": None, "win_rate": 0.6, "reason": ""}
    return {
        "wallets": 7,
        "eligible": 2,
        "basis": "own",
        "as_of": "2026-03-22T22:00:00Z",
        "reasons": {"too_few_wins": 5},
        "scores": [row],
    }


class FakeStudies:
    """Studies from a list; ``away`` once told so."""

    def __init__(self) -> None:
        self.kept: list[Study] = []
        self.reports: dict[str, Report] = {}
        self.away = False

    def add(self, one: Study, report: Report) -> None:
        self.kept.append(one)
        self.reports[one.name] = report

    def latest(self) -> list[Study]:
        if self.away:
            raise Temporary("bucket house-lake does not answer")
        return self.kept

    def report(self, name: str) -> Report:
        if name not in self.reports:
            raise BadInput(f"{name}.json cannot be read")
        return self.reports[name]


def discovery(**changed: Any) -> Discovery:
    fields: dict[str, Any] = {
        "at": AT - HOUR,
        "wallets": 120,
        "objects": 110,
        "rows": 4_321,
        "refused": 2,
        "resolved": 33,
        "pending": 12,
        "failed": 3,
        "left": 7,
        "sources": {"holder": 80, "large_trade": 30, "leaderboard": 40},
    }
    return Discovery(**{**fields, **changed})


def together(wallet: str, other: str, correlation: float, one_voice: bool = False, overlap: float = 0.25) -> Row:
    low, high = sorted((wallet, other))
    return {"wallet": low, "other": high, "correlation": correlation, "overlap": overlap, "one_voice": one_voice}


def result(wallet: str, by: str, name: str, value: float | None, markets: int | None = None) -> Row:
    return {"wallet": wallet, "by": by, "name": name, "result": value, "markets": markets}


class FakeFound:
    """What discovery left, from fields."""

    def __init__(self) -> None:
        self.discovered: Discovery | None = None
        self.pairs: dict[str, list[Row]] = {}
        self.gained: dict[str, list[Row]] = {}

    def last(self) -> Discovery | None:
        return self.discovered

    def together(self, run: str) -> list[Row] | None:
        return self.pairs.get(run)

    def results(self, run: str) -> list[Row] | None:
        return self.gained.get(run)


def found(run: str, wallet: str, mate: str, other: str) -> FakeFound:
    """A discovery, and what a ranking keeps: a wallet with a mate of one voice, and its results of 22 days."""
    left = FakeFound()
    left.discovered = discovery()
    left.pairs = {run: [together(wallet, mate, 0.8, one_voice=True), together(wallet, other, -0.5)]}
    left.gained = {
        run: [
            *(result(wallet, "day", f"2026-03-{n:02}", 12.0 - n) for n in range(1, 23)),
            result(mate, "day", "2026-03-22", -4.0),
            result(wallet, "category", "politics", 0.2, 40),
        ]
    }
    return left
