"""The cancel-all item of table ``paper``: how open paper orders are ended when no trader runs."""

import time

from pynamodb.exceptions import PutError

from shared.adapters.dynamo.codec import body_of
from shared.adapters.dynamo.failures import FAILED, Pause, code_of, patiently
from shared.adapters.dynamo.paper_log import decode_cancel
from shared.adapters.dynamo.tables import Tables
from shared.adapters.paper.cancelling import CANCEL_ALL, CancelAll
from shared.domain.errors import BadInput
from shared.domain.instants import iso

LEAST_AT, MOST_AT = 10**18, 10**19
"""Instants of 19 digits (the years 2001 to 2286), so that the order of texts is the order of times."""


class PaperCanceller:
    """The paper venue's cancel-all (``Canceller``)."""

    def __init__(self, account: str, tables: Tables, pause: Pause = time.sleep) -> None:
        self.account = account
        self._tables = tables
        self._pause = pause

    def cancel_all(self, before: int, reason: str) -> str:
        """End every paper order planned before an instant; ``Temporary`` when DynamoDB does not answer."""
        put_cancel_all(self._tables, self.account, CancelAll(before, reason), self._pause)
        return f"every paper order planned before {iso(before)} is void"


def put_cancel_all(tables: Tables, account: str, cancel: CancelAll, pause: Pause = time.sleep) -> None:
    """Put the item, unless there is one with a later instant; ``BadInput`` for an instant that is none."""
    if not LEAST_AT <= cancel.at < MOST_AT:
        raise BadInput(f"cancel-all: at must be nanoseconds since 1970, not {cancel.at}")
    paper = tables.paper
    item = paper(account=account, order_key=CANCEL_ALL, body=body_of(cancel))
    # The body begins with the instant, always of as many digits: the greater text is the later one.
    later = paper.body.does_not_exist() | (paper.body < item.body)

    def put() -> None:
        try:
            item.save(condition=later)
        except PutError as error:
            if code_of(error) != f"{FAILED}Exception":
                raise

    patiently("cancelling all paper orders", put, pause)


def read_cancel_all(tables: Tables, account: str, pause: Pause = time.sleep) -> CancelAll | None:
    """The item as it stands; None when nobody ever cancelled everything."""
    paper = tables.paper

    def read() -> CancelAll | None:
        try:
            return decode_cancel(paper.get(account, CANCEL_ALL, consistent_read=True).body)
        except paper.DoesNotExist:
            return None

    return patiently("reading the cancel-all item", read, pause)
