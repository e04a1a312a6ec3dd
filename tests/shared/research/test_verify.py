from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.adapters.s3.tape import TapeEntry, lives_of
from shared.domain.change import Change, Mode
from shared.domain.decision import Reason
from shared.domain.errors import BadInput
from shared.domain.ledger import Record, RecordKind
from shared.domain.messages import Event, TimerFired, TimerKind, WhaleTrade
from shared.domain.money import dollars
from shared.domain.strategy import Skip, View
from shared.domain.tape import Began, Checkpoint, Did, Recovered, TapeRow
from shared.domain.whale import Signal
from shared.engine.engine import Engine
from shared.engine.limits import Limits
from shared.engine.profiles import stage_of
from shared.research.taped import TapedEngine, began_of, engine_of
from shared.research.verify import Verdict, verify_life
from shared.strategies.whale_copy import Params, WhaleCopy
from tests.shared.research.lives import LIMITS, PREFIX, Lives


def no_journal() -> list[Record]:
    raise AssertionError("a first life recovers from nothing")


def judged(entries: list[TapeEntry], journal: Callable[[], list[Record]] = no_journal) -> Verdict:
    return verify_life(1, entries, journal)


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lives, list[TapeEntry], str]:
    """One whole life, written in many batches."""
    made = Lives(tmp_path_factory.mktemp("lives"))
    engine = made.live(flush_every=5)
    (life,) = lives_of(made.lake, PREFIX)
    return made, made.entries(life), engine.digest.final(engine.desk.books)


def changed(entries: list[TapeEntry], at: int, row: TapeRow) -> list[TapeEntry]:
    found = entries[at]
    return [*entries[:at], TapeEntry(found.batch, found.n, row), *entries[at + 1 :]]


def places(entries: list[TapeEntry], kind: type) -> list[int]:
    return [place for place, entry in enumerate(entries) if type(entry.row) is kind]


def test_a_taped_life_has_equal_effects_when_it_is_played_again(lives: tuple[Lives, list[TapeEntry], str]) -> None:
    made, entries, digest = lives
    verdict = judged(entries)
    assert (verdict.equal, verdict.complete, verdict.difference, verdict.note) == (True, True, "", "")
    assert verdict.digest == digest
    assert verdict.rows == len(entries) == entries[-1].n + 1
    assert verdict.effects >= 3 * len(made.store.books.orders) > 0
    assert verdict.checkpoints >= 9
    assert entries[-1].batch > 5


def test_events_of_one_instant_keep_their_order(lives: tuple[Lives, list[TapeEntry], str]) -> None:
    _, entries, _ = lives
    own = [entry.row for entry in entries if type(entry.row) is Event and entry.row.seq == 0]
    assert len(own) > 20  # answers and timers have no number of their own
    at = [entry.row.observed_at for entry in entries if type(entry.row) is Event]
    assert at == sorted(at)
    assert len(dict.fromkeys(at)) < len(at)


def test_lives_in_which_people_change_things_have_equal_effects_when_they_are_played_again(tmp_path: Path) -> None:
    made = Lives(tmp_path)
    asked = (
        Change(limits=(("market_usd", "30"), ("stop_loss", "1%"))),
        Change(limits=(("stop_loss", "200%"),)),
        Change(mode=Mode.OBSERVE, pinned=("0x" + "a" * 40,)),
        Change(mode=Mode.TRADE),
    )
    made.live(9, asked=asked)
    made.live(7, limits=replace(LIMITS, portfolio_usd=dollars(20_000)), asked=(Change(limits=(("kelly", "0.2"),)),))
    last = made.live(asked=(Change(reset=True),))
    journal = made.store.journal("paper")
    kinds = [record.kind for record in journal]
    assert (kinds.count(RecordKind.CHANGED), kinds.count(RecordKind.RESIZED)) == (5, 2)
    verdicts = [verify_life(life, made.entries(life), lambda: journal) for life in lives_of(made.lake, PREFIX)]
    assert [(verdict.difference, verdict.complete) for verdict in verdicts] == [("", True)] * 3
    assert verdicts[-1].digest == last.digest.final(last.desk.books)
    assert last.limits == LIMITS


def test_a_change_that_is_not_on_the_tape_is_noticed(tmp_path: Path) -> None:
    made = Lives(tmp_path)
    made.live(asked=(Change(mode=Mode.OBSERVE),))
    (life,) = lives_of(made.lake, PREFIX)
    entries = made.entries(life)
    rows = [(place, entries[place].row) for place in places(entries, Event)]
    ((place, row),) = [
        (place, row) for place, row in rows if isinstance(row, Event) and getattr(row.payload, "change", None)
    ]
    quiet = msgspec.structs.replace(row, payload=TimerFired(TimerKind.PULSE, ""))
    assert "recorded Write, Alert; now no effect" in judged(changed(entries, place, quiet)).difference


def test_the_capital_stage_is_part_of_what_an_engine_began_with() -> None:
    stage = stage_of("copy", "1k")
    engine = TapedEngine("paper", WhaleCopy(Params()), Limits(), stage=stage)
    assert engine_of(began_of(engine, 1)).changes.stage == stage
    assert engine_of(began_of(TapedEngine("paper", WhaleCopy(Params()), Limits()), 1)).changes.stage is None


def test_a_life_after_another_is_verified_with_the_journal_before_it(tmp_path: Path) -> None:
    made = Lives(tmp_path)
    made.live(9)
    made.live(7)
    last = made.live()
    journal = made.store.journal("paper")
    first, second, third = lives_of(made.lake, PREFIX)
    for life, source in ((first, no_journal), (second, lambda: journal)):
        verdict = verify_life(life, made.entries(life), source)
        assert (verdict.difference, verdict.complete) == ("", True)
    verdict = verify_life(third, made.entries(third), lambda: journal)
    assert (verdict.difference, verdict.complete) == ("", True)
    assert verdict.digest == last.digest.final(last.desk.books)
    (place,) = places(made.entries(third), Recovered)
    recovered = made.entries(third)[place].row
    assert isinstance(recovered, Recovered)
    assert 0 < recovered.records < len(journal)
    with pytest.raises(BadInput, match=f"recovered from {recovered.records} journal records; the journal has 3"):
        verify_life(third, made.entries(third), lambda: journal[:3])
    with pytest.raises(BadInput, match="are not the ones the life recovered from"):
        verify_life(third, made.entries(third), lambda: journal[::-1])


def test_a_changed_trade_is_found_and_named(lives: tuple[Lives, list[TapeEntry], str]) -> None:
    _, entries, _ = lives
    for did in places(entries, Did):
        event = entries[did - 1].row
        if isinstance(event, Event) and isinstance(event.payload, WhaleTrade):
            payload = msgspec.structs.replace(event.payload, size=event.payload.size * 2)
            verdict = judged(changed(entries, did - 1, msgspec.structs.replace(event, payload=payload)))
            break
    else:
        pytest.fail("the whale has not traded")
    assert not verdict.equal
    assert "WhaleTrade from recording at 2026-" in verdict.difference
    assert "RecordDecision.decision.size: recorded 1000000000, now 2000000000" in verdict.difference


def test_a_changed_effect_is_found_and_named(lives: tuple[Lives, list[TapeEntry], str]) -> None:
    _, entries, _ = lives
    place = places(entries, Did)[3]
    did = entries[place].row
    assert isinstance(did, Did)
    verdict = judged(changed(entries, place, Did(did.at, ())))
    assert "recorded no effect; now " in verdict.difference


def test_an_event_taken_away_leaves_a_gap_that_is_told(lives: tuple[Lives, list[TapeEntry], str]) -> None:
    _, entries, _ = lives
    place = len(entries) // 2
    verdict = judged([*entries[:place], *entries[place + 1 :]])
    left = len(entries) - place - 1
    assert (verdict.equal, verdict.complete, verdict.rows) == (True, False, place)
    batch = entries[place - 1].batch
    assert verdict.note == (
        f"rows {place} to {place} are missing after batch {batch}; {left} rows behind that could not be compared"
    )


def test_rows_missing_in_the_last_batch_are_what_a_kill_takes(lives: tuple[Lives, list[TapeEntry], str]) -> None:
    _, entries, _ = lives
    verdict = judged([*entries[:-3], *entries[-2:]])
    assert (verdict.equal, verdict.complete) == (True, True)
    assert "2 rows behind that could not be compared" in verdict.note


def test_a_tape_may_end_between_an_event_and_its_effects(lives: tuple[Lives, list[TapeEntry], str]) -> None:
    _, entries, _ = lives
    assert judged(entries[: places(entries, Did)[4]]).equal


def test_a_wrong_digest_is_told_though_the_effects_are_equal(lives: tuple[Lives, list[TapeEntry], str]) -> None:
    _, entries, _ = lives
    place = places(entries, Checkpoint)[2]
    verdict = judged(changed(entries, place, Checkpoint(0, "0" * 64)))
    assert "the books at 1970-01-01T00:00:00.000Z differ" in verdict.difference


def test_an_engine_that_fails_now_but_did_not_then_is_a_difference(lives: tuple[Lives, list[TapeEntry], str]) -> None:
    _, entries, _ = lives
    place = [place for place in places(entries, Event) if place + 1 not in places(entries, Did)][-4]
    event = entries[place].row
    assert isinstance(event, Event)
    broken = changed(entries, place, msgspec.structs.replace(event, observed_at=1))
    verdict = judged(broken)
    assert "the engine now fails" in verdict.difference
    ended = judged(broken[: place + 1])
    assert ended.equal
    assert "the engine fails at event" in ended.note


def test_what_is_no_engines_life_is_refused(lives: tuple[Lives, list[TapeEntry], str]) -> None:
    _, entries, _ = lives
    event = TapeEntry(1, 0, Event(1, 1, 1, "rtds", TimerFired(TimerKind.ORDER_EXPIRY, "k")))
    for wrong in ([], [event], entries[1:]):
        with pytest.raises(BadInput, match="does not begin with an engine"):
            judged(wrong)
    verdict = judged([*entries[:4], TapeEntry(1, 4, entries[0].row)])
    assert verdict.difference == "an engine begins a second time within the life"


def test_the_engine_is_made_again_from_its_first_row() -> None:
    limits = Limits(positions_max=7)
    engine = TapedEngine("paper-2", WhaleCopy(Params(sizing="ratio")), limits, strict_sources=frozenset({"b", "a"}))
    again = engine_of(began_of(engine, 5))
    assert isinstance(again, Engine)
    assert (again.account, again.limits, again.strict_sources) == ("paper-2", limits, frozenset({"a", "b"}))
    assert began_of(again, 5) == began_of(engine, 5)


@pytest.mark.parametrize(
    ("change", "told"),
    [({"strategy": "other"}, "strategy is 'other'"), ({"limits": "{"}, "cannot be read"), ({"params": "[]"}, "read")],
)
def test_settings_that_this_release_does_not_have_are_refused(change: dict[str, str], told: str) -> None:
    began = began_of(TapedEngine("a", WhaleCopy(Params()), Limits()), 5)
    with pytest.raises(BadInput, match=told):
        engine_of(msgspec.structs.replace(began, **change))


def test_a_strategy_that_cannot_be_made_again_is_not_taped() -> None:
    class Other:
        name = "other"
        needs = ()

        def decide(self, signal: Signal, view: View) -> Skip:
            return Skip(Reason.NO_EDGE)

    with pytest.raises(BadInput, match="strategy other cannot be put on tape"):
        TapedEngine("a", Other(), Limits()).tape_to(lambda _: None, 5)


@settings(max_examples=60)
@given(data=st.data())
def test_whatever_effect_is_lost_or_doubled_is_found(
    lives: tuple[Lives, list[TapeEntry], str], data: st.DataObject
) -> None:
    _, entries, _ = lives
    place = data.draw(st.sampled_from(places(entries, Did)))
    did = entries[place].row
    assert isinstance(did, Did)
    effects = did.effects[:-1] if data.draw(st.booleans()) else (*did.effects, did.effects[-1])
    assert judged(changed(entries, place, Did(did.at, effects))).difference


def test_began_stands_first(lives: tuple[Lives, list[TapeEntry], str]) -> None:
    _, entries, _ = lives
    assert places(entries, Began) == [0]
