"""Testing the tester: sound reconciliation passes, planted mistakes are found, and the command says so."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.domain.ledger import PUSD, SettlementStatus
from shared.domain.messages import FillStatus, OrderReport
from shared.domain.order import FINAL, OrderState
from shared.engine.reconciliation import Difference, EmptyReads, assets, fills, orders
from shared.engine.reconciliation.draft import Draft
from tests.prove import pairs
from tests.prove.pairs import main, prove_pairs, too_rare

PAIRS = 2_000
"""A planted mistake must show within this many pairs."""


def booked_in_the_order_of_arrival(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(fills, "_sorting", lambda trade: 0)


def a_missed_fill_moves_no_shares(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Draft, "_shift", lambda self, order, fill, sign: None)


def a_settlement_is_told_every_time(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(fills._RANK, SettlementStatus.CONFIRMED, 9)
    patch.setattr(Draft, "settle", told_only)


def told_only(self: Draft, fill_key: Any, status: SettlementStatus) -> None:
    self.tell(FillStatus(fill_key[0], fill_key[1], SettlementStatus.MATCHED), fill_key[1], status.value)


def fills_are_booked_twice(patch: pytest.MonkeyPatch) -> None:
    made = Draft.__init__

    def forgetful(self: Draft, *given: Any) -> None:
        made(self, *given)
        self.fills = {}

    patch.setattr(Draft, "__init__", forgetful)


def a_round_counts_as_often_as_it_is_looked_at(patch: pytest.MonkeyPatch) -> None:
    weigh = orders._weigh

    def again(draft: Draft, order: Any, before: EmptyReads | None, traced: bool) -> EmptyReads | None:
        reads = weigh(draft, order, before, traced)
        return reads and EmptyReads(reads.reads + 1, reads.first_at, reads.last_at, reads.position)

    patch.setattr(orders, "_weigh", again)


def not_found_means_cancelled(patch: pytest.MonkeyPatch) -> None:
    def cancelled(draft: Draft, order: Any) -> None:
        if order.state not in FINAL and draft.reports.open_orders is not None:
            draft.tell(OrderReport(order.order_key, OrderState.CANCELED, order.filled), order.order_key, "not found")
            draft.move(order.order_key, OrderState.CANCELED)

    patch.setattr(orders, "_not_found", cancelled)


def a_failed_query_is_no_money(patch: pytest.MonkeyPatch) -> None:
    def compared(draft: Draft) -> None:
        assets._compare(draft, {}, "balance", PUSD, draft.reports.balance or 0, draft.cash)

    patch.setattr("shared.engine.reconciliation.reconcile_assets", compared)


def a_micro_unit_is_nothing(patch: pytest.MonkeyPatch) -> None:
    explain = assets._explain

    def generous(gap: int, room: Any) -> tuple[Difference, int]:
        return (Difference.SETTLING, 0) if abs(gap) <= 1 else explain(gap, room)

    patch.setattr(assets, "_explain", generous)


MISTAKES: list[Callable[[pytest.MonkeyPatch], None]] = [
    booked_in_the_order_of_arrival,
    a_missed_fill_moves_no_shares,
    a_settlement_is_told_every_time,
    fills_are_booked_twice,
    a_round_counts_as_often_as_it_is_looked_at,
    not_found_means_cancelled,
    a_failed_query_is_no_money,
    a_micro_unit_is_nothing,
]


@pytest.mark.parametrize("plant", MISTAKES, ids=lambda plant: plant.__name__)
def test_a_planted_mistake_is_found(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    total, sentence = prove_pairs(PAIRS, 0)
    assert sentence, f"{total['a pair']} pairs passed over {plant.__name__}"


def test_sound_reconciliation_passes_pairs_that_are_rich_enough() -> None:
    total, sentence = prove_pairs(3_000, 0)
    assert sentence == ""
    assert too_rare(total) == []
    assert all(total[kind.value] for kind in Difference)


def test_the_command_ends_with_the_count(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--pairs", "3000", "--seed", "0"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("passed, 0 failed")


def test_a_violation_exits_4_with_its_seed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    a_micro_unit_is_nothing(monkeypatch)
    assert main(["--pairs", "100"]) == 4
    assert "AssertionError: a micro-unit too much or too little does not halt" in capsys.readouterr().out


def test_pairs_that_prove_nothing_fail(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(pairs.MINIMUM, "a halt", 99)
    assert main(["--pairs", "50"]) == 4
    assert "too few pairs show a halt" in capsys.readouterr().out


def test_a_useless_number_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--pairs", "0"])
    assert "must be positive" in capsys.readouterr().err
