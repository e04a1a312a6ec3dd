import random

import pytest
from msgspec.structs import replace

from shared.adapters.notices.channels import Message
from shared.adapters.notices.delivery import PATIENCE_NS, Delivery, Outcome, Run
from shared.adapters.notices.items import ROUNDS, Kept
from shared.adapters.notices.pace import PER_MINUTE, take_room
from shared.adapters.notices.post import Throttled
from shared.adapters.notices.told import CLAIM_NS, WINDOW_NS
from shared.domain.errors import BadInput, OutcomeUnknown, Temporary
from shared.domain.instants import HOUR, MINUTE, SECOND
from shared.domain.notice import Notice
from tests.shared.adapters.notices.chat import Clock, Died, Memory, Queue, Wall

START = 1_800_000_000 * SECOND
NOTICE = Notice("paper", 2, "feed_down", "rtds: silent", START)
PAGE = Notice("paper", 1, "trading_stopped", "a person", START)


class House:
    """A queue, items and channels; each run of the function has another owner."""

    def __init__(self, *walls: Wall) -> None:
        self.clock = Clock(START)
        self.items = Memory()
        self.queue = Queue(self.clock)
        self.walls = walls or (Wall(),)
        self.lines: list[str] = []
        self.time_left = 60.0
        self._runs = 0

    @property
    def wall(self) -> Wall:
        return self.walls[0]

    def run(self) -> Delivery:
        self._runs += 1
        run = Run(f"run {self._runs}", self.clock.now, lambda: self.time_left, self.lines.append)
        return Delivery(self.items, self.walls, self.queue, run)

    def deliver(self, notice: Notice) -> Outcome:
        return self.run().deliver(notice)

    def until(self, at: int) -> None:
        """Time passes and the queue delivers what comes back, in runs of their own; what a run refuses is not lost."""
        while self.queue.waiting and min(when for when, _ in self.queue.waiting) <= at:
            self.clock.at = max(self.clock.at, min(when for when, _ in self.queue.waiting))
            for notice in self.queue.take():
                self.deliver(notice)
        self.clock.at = max(self.clock.at, at)


def said(wall: Wall) -> list[tuple[str, int]]:
    """Names, and how many occurrences each message told of."""
    return [(one.notice.name, one.times - one.said) for one in wall.told]


def test_a_notice_is_told_once_on_every_channel_and_leaves_nothing_behind() -> None:
    house = House(Wall("a"), Wall("b"))
    assert house.deliver(NOTICE) == Outcome(told=2)
    assert [said(wall) for wall in house.walls] == [[("feed_down", 1)]] * 2
    assert house.queue.waiting == []


def test_the_same_message_delivered_again_tells_and_counts_nothing() -> None:
    house = House()
    for later in (0, MINUTE, HOUR):
        house.clock.at = START + later
        house.deliver(NOTICE)
    assert said(house.wall) == [("feed_down", 1)]
    assert house.queue.waiting == []


def test_the_same_notice_within_ten_minutes_is_one_and_counted_and_told_in_the_end() -> None:
    house = House()
    for n in range(18):
        house.clock.at = START + n * 30 * SECOND
        house.deliver(replace(NOTICE, at=house.clock.at))
    assert said(house.wall) == [("feed_down", 1)]
    assert len(house.queue.waiting) == 1
    house.until(START + WINDOW_NS - 1)
    assert said(house.wall) == [("feed_down", 1)]
    house.until(START + WINDOW_NS)
    assert said(house.wall) == [("feed_down", 1), ("feed_down", 17)]
    assert "(17 times more in 8 min)" in house.wall.told[1].text
    assert house.queue.waiting == []


@pytest.mark.parametrize(("later", "messages"), [(WINDOW_NS - 1, 1), (WINDOW_NS, 2)])
def test_ten_minutes_later_it_is_news_again(later: int, messages: int) -> None:
    house = House()
    house.deliver(NOTICE)
    house.clock.at = START + later
    house.deliver(replace(NOTICE, at=START + later))
    assert said(house.wall) == [("feed_down", 1)] * messages


def test_what_goes_on_is_told_every_ten_minutes_and_every_occurrence_is_told() -> None:
    house = House()
    for n in range(120):
        house.until(START + n * 30 * SECOND)
        house.deliver(replace(NOTICE, at=house.clock.at))
    house.until(START + 2 * HOUR)
    told = said(house.wall)
    assert sum(times for _, times in told) == 120
    assert len(told) == 7


def test_another_account_name_or_text_is_another_notice() -> None:
    house = House()
    for other in (
        NOTICE,
        replace(NOTICE, account="live"),
        replace(NOTICE, name="breaker"),
        replace(NOTICE, text="rtds: gone"),
    ):
        house.deliver(other)
    assert len(house.wall.told) == 4


def test_an_old_message_after_news_of_the_same_is_not_told_again() -> None:
    house = House()
    house.deliver(NOTICE)
    house.clock.at = START + WINDOW_NS
    house.deliver(replace(NOTICE, at=house.clock.at))
    house.clock.at += HOUR
    house.deliver(NOTICE)
    assert len(house.wall.told) == 2


def test_what_is_for_the_record_is_recorded_and_nobody_is_told_without_channels() -> None:
    house = House()
    assert house.deliver(replace(NOTICE, name="exit", severity=3)) == Outcome(recorded=True)
    assert house.wall.told == []
    bare = Delivery(Memory(), [], house.queue, Run("x", house.clock.now, lambda: 60.0, house.lines.append))
    assert bare.deliver(PAGE) == Outcome(recorded=True)


# ---------------------------------------------------------------------- outages


def test_nothing_is_lost_while_a_service_is_down_and_the_others_hear_it_once() -> None:
    house = House(Wall("telegram:1"), Wall("discord"))
    house.wall.usual = Temporary("Telegram answered 502")
    assert house.deliver(NOTICE) == Outcome(told=1, failed=1, waits=True)
    house.until(START + 5 * HOUR)
    assert (said(house.walls[0]), said(house.walls[1])) == ([], [("feed_down", 1)])
    assert len(house.queue.waiting) == 1
    house.wall.usual = None
    house.until(START + 6 * HOUR)
    assert [said(wall) for wall in house.walls] == [[("feed_down", 1)]] * 2
    assert house.queue.waiting == []
    assert house.lines[0] == "feed_down was not told by telegram:1: Telegram answered 502"


def test_attempts_are_ever_further_apart_but_never_more_than_a_quarter_of_an_hour() -> None:
    house = House()
    house.wall.usual = Temporary("down")
    house.deliver(NOTICE)
    waits = []
    for _ in range(9):
        ((at, _),) = house.queue.waiting
        waits.append((at - house.clock.at) // SECOND)
        house.until(at)
    assert waits == [15, 30, 60, 120, 240, 480, 900, 900, 900]


def test_occurrences_during_an_outage_are_told_as_one() -> None:
    house = House()
    house.wall.usual = Temporary("down")
    for n in range(40):
        house.until(START + n * MINUTE)
        house.deliver(replace(NOTICE, at=house.clock.at))
    house.wall.usual = None
    house.until(START + 2 * HOUR)
    assert sum(times for _, times in said(house.wall)) == 40
    assert len(house.wall.told) <= 2


def test_a_throttled_channel_is_left_alone_for_as_long_as_it_says_by_all_of_the_batch() -> None:
    house = House()
    house.wall.script.append(Throttled("slow down", 37.0))
    run = house.run()
    run.deliver(PAGE)
    run.deliver(NOTICE)
    assert house.wall.told == []
    assert {at for at, _ in house.queue.waiting} == {START + 37 * SECOND}
    house.until(START + 37 * SECOND)
    assert sorted(said(house.wall)) == [("feed_down", 1), ("trading_stopped", 1)]


def test_an_attempt_nobody_answered_is_made_again_with_a_word_about_it() -> None:
    house = House()
    house.wall.script.append(OutcomeUnknown("no answer"))
    house.deliver(NOTICE)
    house.until(START + MINUTE)
    assert [one.doubt for one in house.wall.told] == [True]


def test_after_three_days_the_message_stays_with_the_queue_for_its_dead_letters() -> None:
    house = House()
    house.wall.usual = Temporary("down")
    house.deliver(NOTICE)
    house.clock.at = START + PATIENCE_NS + 1
    with pytest.raises(Temporary, match="feed_down could not be told for three days"):
        house.deliver(NOTICE)


def test_a_refusal_for_good_keeps_the_message_with_the_queue_and_the_others_hear_it_once() -> None:
    house = House(Wall("telegram:1"), Wall("discord"))
    house.wall.usual = BadInput("Telegram refused with 401: Unauthorized")
    for receive in range(5):
        house.clock.at = START + receive * 6 * MINUTE
        with pytest.raises(BadInput, match="401"):
            house.deliver(NOTICE)
    assert (said(house.walls[0]), said(house.walls[1])) == ([], [("feed_down", 1)])
    assert house.queue.waiting == []
    house.wall.usual = None  # the token was mended, the dead letters redriven
    house.clock.at = START + 30 * HOUR
    house.deliver(NOTICE)
    assert [said(wall) for wall in house.walls] == [[("feed_down", 1)]] * 2


def test_a_run_that_is_about_to_be_ended_begins_nothing_it_may_not_finish() -> None:
    house = House()
    house.time_left = 14.9
    assert house.deliver(NOTICE) == Outcome(waits=True)
    house.time_left = 60.0
    house.until(START + 2 * SECOND)
    assert said(house.wall) == [("feed_down", 1)]


# ---------------------------------------------------------------------- floods


def test_a_channel_hears_twenty_a_minute_and_everything_in_the_end() -> None:
    house = House()
    for n in range(50):
        house.deliver(replace(NOTICE, text=f"feed {n}"))
    assert len(house.wall.told) == PER_MINUTE
    house.until(START + MINUTE)
    assert len(house.wall.told) == 2 * PER_MINUTE
    house.until(START + 2 * MINUTE)
    assert len({one.notice.text for one in house.wall.told}) == len(house.wall.told) == 50


def test_a_page_is_told_in_any_flood() -> None:
    house = House()
    for n in range(30):
        house.deliver(replace(NOTICE, text=f"feed {n}"))
    house.deliver(PAGE)
    assert house.wall.told[-1].notice == PAGE


def test_room_is_that_of_any_minute_and_not_of_the_clocks() -> None:
    items, start = Memory(), START + 50 * SECOND
    assert [take_room(items, "a", start + n, always=False) for n in range(PER_MINUTE)] == [0] * PER_MINUTE
    assert take_room(items, "a", start + 30 * SECOND, always=False) == start + MINUTE
    assert take_room(items, "b", start + 30 * SECOND, always=False) == 0
    assert take_room(items, "a", start + MINUTE, always=False) == 0


# ---------------------------------------------------------------------- two at once, and those that die


def test_of_two_runs_at_once_one_tells() -> None:
    house = House()
    other = house.run()
    house.items.before_swap = [lambda: None, lambda: None, lambda: other.deliver(NOTICE)]
    house.deliver(NOTICE)
    assert said(house.wall) == [("feed_down", 1)]


def test_a_notice_that_somebody_is_telling_is_looked_after_until_he_has() -> None:
    house = House()
    house.wall.script.append("die")
    with pytest.raises(Died):
        house.deliver(PAGE)
    assert house.deliver(PAGE) == Outcome(waits=True)
    assert [at for at, _ in house.queue.waiting] == [START + CLAIM_NS]


def test_a_run_that_died_after_telling_has_told_it() -> None:
    house = House()
    house.wall.script.append("die")
    with pytest.raises(Died):
        house.deliver(NOTICE)
    house.clock.at = START + CLAIM_NS
    house.deliver(NOTICE)
    house.until(START + HOUR)
    assert said(house.wall) == [("feed_down", 1)]


def test_only_a_page_is_told_again_when_nobody_knows_with_a_word_about_it() -> None:
    house = House()
    house.wall.script.append("die")
    with pytest.raises(Died):
        house.deliver(PAGE)
    house.clock.at = START + CLAIM_NS
    house.deliver(PAGE)
    assert [one.doubt for one in house.wall.told] == [False, True]


def test_who_comes_back_late_changes_nothing_of_what_others_have_done() -> None:
    house = House()

    class Slow(Wall):
        def send(self, message: Message) -> None:
            house.clock.at = START + CLAIM_NS
            house.deliver(PAGE)

    Delivery(house.items, [Slow()], house.queue, Run("slow", house.clock.now, lambda: 60.0, print)).deliver(PAGE)
    house.until(START + HOUR)
    assert said(house.wall) == [("trading_stopped", 1)]


def test_an_item_that_others_always_change_first_is_left_for_later() -> None:
    house = House()

    def other() -> None:
        for name, kept in house.items.items.items():
            house.items.items[name] = Kept(kept.version + 1, kept.body)

    house.deliver(NOTICE)
    house.items.before_swap = [other] * ROUNDS
    with pytest.raises(Temporary, match="too many at once"):
        house.deliver(replace(NOTICE, at=START + 1))


def test_a_forgotten_notice_is_not_made_up() -> None:
    house = House()
    house.wall.script.append(Temporary("down"))
    house.items.before_swap = [lambda: None, lambda: None, house.items.items.clear]
    with pytest.raises(Temporary, match="forgotten"):
        house.deliver(NOTICE)


def test_whatever_fails_repeats_or_dies_every_occurrence_is_told_and_no_more_than_that() -> None:
    for seed in range(300):
        rng = random.Random(seed)
        house = House(Wall("a"), Wall("b"))
        occurrences = [START + rng.randrange(30 * 60) * SECOND for _ in range(rng.randrange(1, 12))]
        arrivals = sorted(
            (at + rng.randrange(90) * SECOND, at)
            for at in dict.fromkeys(occurrences)
            for _ in range(rng.randrange(1, 3))
        )
        for wall in house.walls:
            wall.script += [Temporary("down") if rng.random() < 0.5 else None for _ in range(rng.randrange(8))]
        for arrives, at in arrivals:
            house.until(arrives)
            house.deliver(replace(NOTICE, at=at))
        house.until(START + 24 * HOUR)
        assert [sum(times for _, times in said(wall)) for wall in house.walls] == [len(set(occurrences))] * 2, seed
        assert all(len(wall.told) <= 5 for wall in house.walls), seed
