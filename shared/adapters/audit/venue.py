"""The second look at the venue: the paper venue's own statement against our books, without the trader.

The trader compares the two itself and repairs what it missed. Here nothing is repaired and nothing asked for: what the
trader has not explained from one run to the next is told to people.
"""

import msgspec

from shared.adapters.audit.standing import Memory, Wrong
from shared.adapters.dynamo.codec import body_of, decode_record
from shared.adapters.dynamo.lines import lines_after
from shared.adapters.dynamo.paper_log import DynamoPaperLog
from shared.adapters.dynamo.tables import Tables
from shared.adapters.paper.account import Account
from shared.adapters.paper.register import Register
from shared.adapters.paper.statements import Statements
from shared.domain.errors import Corrupt
from shared.domain.instants import HOUR, MINUTE
from shared.domain.money import Fraction
from shared.domain.reports import Reports
from shared.engine.projection import Projection
from shared.engine.reconciliation import HALTING, Difference, Evidence, Finding, belief_of, reconcile

SOURCE = "reconcile"
NAME = "books_differ"
STANDS_NS = 4 * MINUTE
"""Runs are five minutes apart; the same run asked for twice is no second one."""
AGAIN_NS = HOUR
_decode_evidence = msgspec.json.Decoder(Evidence).decode


class Reader:
    """Our books as the journal tells them; between two runs of one process only what is new is read."""

    def __init__(self, account: str, tables: Tables) -> None:
        self.account = account
        self._tables = tables
        self._books = Projection()
        self._seq = ""

    def read(self) -> Projection:
        """The books as of now; ``Corrupt`` when the journal makes no sense."""
        for seq, body in lines_after(self._tables, self.account, self._seq):
            try:
                self._books.apply(decode_record(body))
            except (msgspec.DecodeError, KeyError) as error:
                raise Corrupt(f"journal line {seq} of account {self.account} makes no sense: {error!r}") from None
            self._seq = seq
        return self._books


def statement(account: str, tables: Tables, now: int) -> Reports:
    """All that the paper venue knows of the account, from its own table."""
    log = DynamoPaperLog(account, tables)
    register = Register(log)
    return Statements(0, register, Account(log, register), Fraction(0)).reports(now, 0)


def compare(books: Projection, reports: Reports, memory: Memory) -> tuple[list[Wrong], Memory]:
    """What differs and no known fact explains, and the evidence for the next run."""
    evidence = _decode_evidence(memory.more) if memory.more else Evidence()
    waiting = tuple(one for held in books.redemptions.values() for one in held)
    belief = belief_of(books, books.booked, False, waiting, merging=tuple(books.merging.values()))
    result = reconcile(belief, reports, evidence)
    wrong = [_wrong(one) for one in result.findings if one.kind is not Difference.SETTLING]
    return wrong, msgspec.structs.replace(memory, more=body_of(result.evidence))


def _wrong(finding: Finding) -> Wrong:
    severity = 1 if finding.kind in HALTING else 2
    return Wrong(f"{finding.kind.value}#{finding.subject}", severity, NAME, f"{finding.kind.value}: {finding.text}")
