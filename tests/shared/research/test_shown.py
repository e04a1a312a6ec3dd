from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.instants import SECOND
from shared.domain.messages import BookChange, Event, WalletActivity
from shared.domain.order import Side
from shared.research.shown import Displayed, shown


def events(seconds: list[tuple[int, int]]) -> list[Event]:
    """A change of a book per (step of the observer's clock, lag of the news), numbered by its size."""
    made: list[Event] = []
    at = 100
    for number, (step, lag) in enumerate(seconds):
        at += step
        payload = BookChange("m", "t", Side.BUY, 500_000, number)
        made.append(Event(number, at * SECOND, (at - lag) * SECOND, "market", payload))
    return made


steps = st.lists(st.tuples(st.integers(0, 5), st.integers(-3, 30)), max_size=40)


@given(steps)
def test_the_venue_sees_every_book_in_its_own_time_and_before_the_engine_passes_that_moment(
    seconds: list[tuple[int, int]],
) -> None:
    given_events = events(seconds)
    told: list[tuple[int, int]] = []

    def show(payload: Displayed, at: int) -> None:
        assert isinstance(payload, BookChange)
        told.append((at, payload.size))

    heard = 0
    now = 0
    stream: Iterator[Event] = shown(show, given_events)
    for event in stream:
        assert event.observed_at >= max(now, event.venue_at)
        now = event.observed_at
        assert event.seq == heard
        heard += 1
        due = [one.seq for one in given_events if one.venue_at <= now]
        assert sorted(size for _, size in told) == due
    assert heard == len(given_events)
    assert [at for at, _ in told] == sorted(one.venue_at for one in given_events)


def test_news_that_comes_later_than_read_ahead_is_shown_late_and_never_backwards() -> None:
    told: list[int] = []
    late = Event(1, 400 * SECOND, 100 * SECOND, "market", BookChange("m", "t", Side.BUY, 500_000, 1))
    list(shown(lambda _, at: told.append(at), [*events([(100, 0)]), late]))
    assert told == [200 * SECOND, 200 * SECOND]


def test_what_is_no_book_is_heard_and_not_shown() -> None:
    told: list[int] = []
    other = Event(0, SECOND, SECOND, "x", WalletActivity("w", "m", "REDEEM", 1))
    assert list(shown(lambda _, at: told.append(at), [other])) == [other]
    assert told == []
