"""Reconciliation: what the venue reports against what we believe. Pure: belief, reports and the last round's evidence
in; facts for the engine, findings and evidence out.

Nothing is adjusted silently. A fact we missed is told to the engine as an event it knows (so books change only by the
ledger's own rules); a difference that is not explained, of one micro-unit or more, and any foreign activity halt: the
first payload is then ``ControlChanged(trading=False)``, on which the engine plans nothing more, cancels what is open
and raises an alert of severity 1. A person's ``resume`` ends it; the next round halts again if the difference is still
there.

The driver sends the cancel and asks about each order found IN_DOUBT, and runs another round soon while something is
IN_FLIGHT, IN_DOUBT or UNREAD. At a start it trades once a round is ``equal``.
"""

from shared.domain.messages import ControlChanged
from shared.domain.reports import Reports
from shared.engine.reconciliation.assets import reconcile_assets
from shared.engine.reconciliation.belief import (
    HALTING,
    Belief,
    BookedFill,
    Difference,
    EmptyReads,
    Evidence,
    Finding,
    Patience,
    Reconciliation,
    Redemption,
    belief_of,
)
from shared.engine.reconciliation.draft import Draft
from shared.engine.reconciliation.fills import reconcile_fills
from shared.engine.reconciliation.orders import reconcile_doubts, reconcile_orders

__all__ = [
    "HALTING",
    "Belief",
    "BookedFill",
    "Difference",
    "EmptyReads",
    "Evidence",
    "Finding",
    "Patience",
    "Reconciliation",
    "Redemption",
    "belief_of",
    "reconcile",
]
_PATIENCE = Patience()
_NO_EVIDENCE = Evidence()


def reconcile(
    belief: Belief, reports: Reports, evidence: Evidence = _NO_EVIDENCE, patience: Patience = _PATIENCE
) -> Reconciliation:
    """One round. Fills first (each with its settlement), then acceptances and ends, then what is given up.

    Idempotent: once the payloads are applied, the same reports with the new evidence give no payload and, but for
    REPAIRED, the same findings. The order of the reports does not matter.
    """
    draft = Draft(belief, reports, evidence, patience)
    reconcile_fills(draft)
    reconcile_orders(draft)
    reconcile_assets(draft)
    doubts = reconcile_doubts(draft)
    result = Reconciliation(tuple(draft.payloads), tuple(draft.findings), Evidence(doubts, draft.since))
    if not result.halt or not belief.trading:
        return result
    stop = ControlChanged(trading=False, reason=result.halt)
    return Reconciliation((stop, *result.payloads), result.findings, result.evidence)
