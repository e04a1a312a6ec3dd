"""Books over REST: they confirm, restore or contradict, and never undo what is newer."""

from shared.adapters.polymarket.market_channel.answers import Outcome, take_answer
from shared.domain.instants import SECOND
from shared.domain.messages import BookSnapshot
from shared.domain.money import ONE
from tests.shared.adapters.polymarket.market_channel.frames import (
    ASKS,
    BIDS,
    NOW,
    NOW_MS,
    YES,
    Listening,
    book,
    change,
    changes,
    rest,
    told_books,
    trade,
)


def lost() -> Listening:
    """A book lost to a change 10 ms after it, and one more change after that."""
    listening = Listening(YES)
    listening.take(book())
    listening.take(changes(change("0.46", "1", best=("0.48", "0.5")), at=NOW_MS + 10))
    listening.take(changes(change("0.47", "2"), at=NOW_MS + 30))
    return listening


def test_an_equal_book_confirms_ours_and_makes_it_young_again() -> None:
    listening = Listening(YES)
    listening.take(book())
    told = len(listening.heard)
    assert take_answer(listening.shelf, rest(at=NOW_MS - 99_999), NOW + 8 * SECOND) is Outcome.CONFIRMED
    assert listening.shelf.age(YES, NOW + 8 * SECOND) == 0
    assert isinstance(listening.heard[told].payload, BookSnapshot)


def test_an_equal_book_from_long_before_the_last_trade_confirms_nothing() -> None:
    listening = Listening(YES)
    listening.take(book())
    listening.take(trade(timestamp=str(NOW_MS)))
    assert take_answer(listening.shelf, rest(at=NOW_MS - 10_001), NOW + 8 * SECOND) is Outcome.TOO_OLD
    assert listening.shelf.age(YES, NOW + 8 * SECOND) == 8 * SECOND
    assert take_answer(listening.shelf, rest(at=NOW_MS - 10_000), NOW + 8 * SECOND) is Outcome.CONFIRMED


def test_an_answer_older_than_the_stream_never_overwrites() -> None:
    listening = Listening(YES)
    listening.take(book(at=NOW_MS + 500))
    assert take_answer(listening.shelf, rest(bids=[("0.1", "1")], at=NOW_MS + 400), NOW) is Outcome.TOO_OLD
    assert listening.bests() == (450_000, 500_000)
    assert listening.shelf.counts.rest_too_old == 1


def test_a_newer_answer_that_differs_takes_the_place_of_our_book() -> None:
    listening = Listening(YES)
    listening.take(book())
    assert take_answer(listening.shelf, rest(bids=[("0.1", "1")], at=NOW_MS + 400), NOW) is Outcome.CONTRADICTED
    assert listening.bests() == (100_000, 500_000)
    assert f"{YES}: the book over REST is another one" in listening.reasons()
    assert listening.shelf.counts.resyncs == 1


def test_changes_that_came_meanwhile_go_onto_the_answer() -> None:
    listening = lost()
    answer = rest(bids=[*BIDS, ("0.46", "1"), ("0.48", "3")], at=NOW_MS + 20)
    assert take_answer(listening.shelf, answer, NOW) is Outcome.RESTORED
    (told,) = told_books([listening.heard[-1].payload])
    assert told.bids[:3] == ((480_000, 3 * ONE), (470_000, 2 * ONE), (460_000, ONE))
    listening.take(changes(change("0.49", "1"), at=NOW_MS + 29))
    assert listening.shelf.counts.out_of_order == 1  # the answer is as young as the newest change on it


def test_changes_the_answer_knows_already_are_not_taken_back() -> None:
    listening = lost()
    assert take_answer(listening.shelf, rest(bids=[("0.47", "9")], at=NOW_MS + 31), NOW) is Outcome.RESTORED
    kept = listening.shelf.kept[YES].book
    assert kept is not None
    assert kept.bids == {470_000: 9 * ONE}


def test_an_answer_older_than_the_loss_is_of_no_use() -> None:
    listening = lost()
    assert take_answer(listening.shelf, rest(at=NOW_MS + 9), NOW) is Outcome.TOO_OLD
    assert take_answer(listening.shelf, rest(at=None), NOW) is Outcome.TOO_OLD
    assert listening.bests() is None


def test_an_answer_of_the_future_is_of_no_use() -> None:
    listening = lost()
    assert take_answer(listening.shelf, rest(at=NOW_MS + 3_600_000), NOW) is Outcome.TOO_OLD


def test_a_crossed_answer_leaves_the_book_unknown() -> None:
    listening = lost()
    crossed = rest(bids=[("0.6", "1")], asks=ASKS, at=NOW_MS + 40)
    take_answer(listening.shelf, crossed, NOW)
    assert listening.bests() is None
    assert listening.shelf.counts.crossed == 1


def test_an_answer_about_a_token_dropped_meanwhile_is_not_wanted() -> None:
    listening = Listening(YES)
    assert take_answer(listening.shelf, rest(token="5"), NOW) is Outcome.NOT_WANTED


def test_what_an_answer_says_besides_its_levels_serves_the_hash() -> None:
    listening = Listening(YES)
    listening.take(book())
    take_answer(listening.shelf, rest(), NOW)
    facts = listening.shelf.kept[YES].facts
    assert (facts.tick_size, facts.min_order_size, facts.last_trade_price) == ("0.01", "5", "0.5")
