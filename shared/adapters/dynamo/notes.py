"""Control items that tell and order nothing: reviews of failed orders (the first one stays), last runs of functions."""

import time
from typing import TypeVar

import msgspec
from pynamodb.exceptions import PutError

from shared.adapters.dynamo.codec import body_of
from shared.adapters.dynamo.failures import FAILED, Pause, code_of, patiently
from shared.adapters.dynamo.tables import Control, Tables
from shared.domain.errors import BadInput
from shared.domain.notes import Review, Run

REVIEW, RUN = "review#", "run#"
Note = TypeVar("Note", Review, Run)


def put_review(tables: Tables, account: str, review: Review, pause: Pause = time.sleep) -> bool:
    """Keep a review; False where the order has one already, which stays."""
    control = tables.control
    item = control(account=account, item=f"{REVIEW}{review.order_key}", body=body_of(review))

    def put() -> bool:
        try:
            item.save(condition=control.item.does_not_exist())
        except PutError as error:
            if code_of(error) != f"{FAILED}Exception":
                raise
            return False
        return True

    return patiently(f"keeping the review of {review.order_key}", put, pause)


def read_reviews(tables: Tables, account: str, pause: Pause = time.sleep) -> dict[str, Review]:
    """Every review by its order; ``BadInput`` for an item that cannot be read."""
    return {one.order_key: one for one in _read(tables, account, REVIEW, Review, pause)}


def put_run(tables: Tables, account: str, run: Run, pause: Pause = time.sleep) -> None:
    """Keep the last run of a function in place of the one before."""
    item = tables.control(account=account, item=f"{RUN}{run.name}", body=body_of(run))
    patiently(f"keeping the run of {run.name}", item.save, pause)


def read_runs(tables: Tables, account: str, pause: Pause = time.sleep) -> dict[str, Run]:
    """The last run of each function that has ever run, by its name; ``BadInput`` for an item that cannot be read."""
    return {one.name: one for one in _read(tables, account, RUN, Run, pause)}


def _read(tables: Tables, account: str, prefix: str, kind: type[Note], pause: Pause) -> list[Note]:
    control = tables.control

    def read() -> list[Control]:
        return list(control.query(account, control.item.startswith(prefix)))

    return [_decoded(item, kind) for item in patiently(f"reading control items {prefix}", read, pause)]


def _decoded(item: Control, kind: type[Note]) -> Note:
    try:
        return msgspec.json.decode(item.body or "", type=kind)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise BadInput(f"control item {item.item} cannot be read: {error}") from None
