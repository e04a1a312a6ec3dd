import pytest

from shared.domain.instants import HOUR, MINUTE, SECOND
from shared.domain.money import Usd
from shared.domain.states import CHECKS, State, dollars_of, found_in, percent, share_of

NOW = 1_800_000_000 * SECOND
WON, LOST = 1_000_000, -1_000_000
REACHED: list[tuple[str, State, State]] = [
    (
        "feed_lost",
        State(NOW, standing=(("feed", NOW - MINUTE - 1),)),
        State(NOW, standing=(("feed", NOW - MINUTE),)),
    ),
    ("feed_lost", State(NOW, standing=(("job", NOW - HOUR),)), State(NOW, standing=(("drawdown_reduce", NOW - HOUR),))),
    (
        "store_lost",
        State(NOW, standing=(("store", NOW - MINUTE - 1),)),
        State(NOW, standing=(("store", NOW - MINUTE),)),
    ),
    ("bad_data", State(NOW, broken="trade 7 was CONFIRMED, now FAILED"), State(NOW)),
    ("drawdown", State(NOW, drawdown=150_001), State(NOW, drawdown=150_000)),
    (
        "win_rate_low",
        State(NOW, closed=(WON,) * 24 + (LOST,) * 26 + (WON,) * 50),
        State(NOW, closed=(WON,) * 25 + (LOST,) * 25),
    ),
    ("win_rate_low", State(NOW, closed=(0,) * 50), State(NOW, closed=(LOST,) * 49)),
    ("decisions_slow", State(NOW, decided_ns=SECOND + 1), State(NOW, decided_ns=SECOND)),
    ("no_trades", State(NOW, traded_at=NOW - 4 * HOUR - 1), State(NOW, traded_at=NOW - 4 * HOUR)),
    (
        "no_trades",
        State(NOW, traded_at=NOW - 5 * HOUR),
        State(NOW, trading=False, traded_at=NOW - 5 * HOUR),
    ),
    (
        "balance_low",
        State(NOW, cash=99_999_999, capital=Usd(1_000_000_000)),
        State(NOW, cash=100_000_000, capital=Usd(1_000_000_000)),
    ),
    ("uptime_low", State(NOW, uptime=998_999), State(NOW, uptime=999_000)),
]


@pytest.mark.parametrize(("name", "reached", "inside"), REACHED)
def test_a_condition_is_found_where_it_is_reached_and_not_just_inside(name: str, reached: State, inside: State) -> None:
    assert [one.name for one in found_in(reached)] == [name]
    assert found_in(inside) == []


def test_every_state_that_is_judged_is_reached_above() -> None:
    assert dict.fromkeys(name for name, _, _ in REACHED) == dict.fromkeys(name for name, _ in CHECKS)


def test_what_nobody_knows_is_no_alarm() -> None:
    assert found_in(State(NOW)) == []
    assert found_in(State(NOW, cash=0)) == []
    assert found_in(State(NOW, capital=Usd(1))) == []


def test_the_words_hold_the_numbers() -> None:
    state = State(
        NOW,
        cash=12_340_000,
        capital=Usd(1_000_000_000),
        drawdown=212_345,
        standing=(("feed", NOW - HOUR),),
        closed=(WON,) * 20 + (LOST,) * 30,
        decided_ns=2 * SECOND,
        traded_at=NOW - 5 * HOUR,
        uptime=990_000,
    )
    assert [one.text for one in found_in(state)] == [
        "entries cannot hear what they need, since 2027-01-15T07:00Z",
        "equity is 21.2% below its highest value, the most is 15.0%",
        "20 of the last 50 closed positions won, -$10.00 in all",
        "decisions take 2 s at the 95th percentile, the most is 1 s",
        "nothing was bought or sold since 2027-01-15T03:00Z",
        "$12.34 of free cash are left of a capital of $1,000.00",
        "a heartbeat was there for 99.00% of the last day, the least is 99.9%",
    ]


def test_amounts_and_shares_are_rounded_for_people() -> None:
    assert [dollars_of(amount) for amount in (1_234_500_000, -200_000, -4_999, 0)] == [
        "$1,234.50",
        "-$0.20",
        "$0.00",
        "$0.00",
    ]
    assert [dollars_of(amount, signed=True) for amount in (3_000_000, -3_000_000, 1)] == ["+$3.00", "-$3.00", "$0.00"]
    assert (percent(666_666), percent(5_000, 2)) == ("66.7%", "0.50%")
    assert (share_of(2, 3), share_of(1, 0)) == (666_666, None)
