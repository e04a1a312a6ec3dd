"""Whatever a function changes it changes once: the same event twice, twice at once, and after a death at any moment.

Each run is a process of its own against the embedded AWS. A death is kill -9 right after a write has had its effect,
before anybody was answered, once for every write of the function.
"""

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from cdk.constructs import secrets as secrets_of
from cdk.constructs.tables import PUT, READ
from cdk.functions import FUNCTIONS, GUARDED, STOPS
from tests.contracts.embedded import Embedded
from tests.functions.lambdas import MOST_S
from tests.functions.onces import CASES, Case
from tests.functions.tap import Tap
from tests.functions.world import LANES, World, world

Worlds = Callable[[Tap], AbstractContextManager[World]]


@pytest.fixture
def worlds(embedded: Embedded, monkeypatch: pytest.MonkeyPatch) -> Worlds:
    return lambda tap: world(embedded, monkeypatch, tap)


each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@each
def test_the_same_event_twice_has_one_effect(worlds: Worlds, case: Case) -> None:
    tap = Tap()
    with worlds(tap) as w:
        case.ready(w)
        events = case.events(w)
        tap.asked.clear()
        w.run(case.function, events, case.begins).answers()
        w.run(case.function, events, case.begins).answers()
        assert case.effects(w) == case.once(w)
        assert tap.asked - granted(case.function) == set()


@each
def test_the_same_event_twice_at_once_has_one_effect(worlds: Worlds, case: Case) -> None:
    tap = Tap()
    with worlds(tap) as w:
        case.ready(w)
        events = case.events(w)
        tap.meet(len(LANES))
        runs = [w.run(case.function, events, case.begins, lane) for lane in LANES]
        for run in runs:
            run.answers()
        assert tap.met == set(LANES)
        assert case.effects(w) == case.once(w)


@each
def test_an_event_that_is_done_again_after_a_death_has_one_effect(worlds: Worlds, case: Case) -> None:
    writes = written(worlds, case)
    fatal = [number for number, name in enumerate(writes, start=1) if case.dies(name)]
    assert fatal
    for number in fatal:
        tap = Tap()
        with worlds(tap) as w:
            case.ready(w)
            events = case.events(w)
            tap.kill_after(number)
            run = w.run(case.function, events, case.begins)
            assert tap.reached.wait(MOST_S)
            run.kill()
            tap.gone.set()
            assert run.answers() is None
            tap.kill_after(sys.maxsize)
            w.run(case.function, events, case.begins + case.again).answers()
            assert case.effects(w) == case.once(w), f"after {number} of {writes}"


def granted(function: str) -> set[str]:
    """What the function's row of the cloud's table lets it do."""
    (row,) = (one for one in FUNCTIONS if one.name == function)
    actions = {*(f"dynamodb:{act} {table}" for act in READ for table in row.reads)}
    actions |= {f"dynamodb:{act} {table}" for act in PUT for table in row.writes}
    actions |= {f"dynamodb:Scan {table}" for table in row.scans}
    for bucket, may in (("lake", row.lake), ("audit", "write" if row.archives else None)):
        actions |= {f"s3:{act} {bucket}" for act in ("ListBucket", "GetObject") if may}
        actions |= {f"s3:PutObject {bucket}"} if may == "write" else set()
    actions |= {f"secretsmanager:{act} {name}" for act in secrets_of.READ for name in row.secrets}
    actions |= {f"secretsmanager:{act} {name}" for act in secrets_of.ROTATE for name in row.rotates}
    actions |= {"ssm:GetParameter"} if row.hashes else set()
    actions |= {"ssm:PutParameter"} if row.hashes == "write" else set()
    actions |= {"sqs:SendMessage"} if row.notifies else set()
    return actions | ({"sns:Publish"} if row.mails else set())


def written(worlds: Worlds, case: Case) -> list[str]:
    """What one run writes, in order."""
    tap = Tap()
    with worlds(tap) as w:
        case.ready(w)
        before = len(tap.writes)
        w.run(case.function, case.events(w), case.begins).answers()
        assert case.effects(w) == case.once(w)
        return tap.writes[before:]


def test_every_function_that_changes_something_is_tried() -> None:
    """Read from what the table of the cloud lets each of them do, and from the routes of its API."""
    changing = {row.name for row in FUNCTIONS if row.writes or row.lake == "write" or row.archives or row.rotates}
    changing |= {row.name for row in FUNCTIONS if row.hashes == "write" or row.mails}
    tried = {case.function for case in CASES}
    assert changing - tried == set()
    routes = {case.name.partition(" ")[2] for case in CASES if case.function == "control_api"}
    assert routes == {route for route in (*STOPS, *GUARDED) if route.partition("/")[2].startswith("api/")}
