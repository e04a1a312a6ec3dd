import pytest

from shared.domain.decision import Reason
from shared.domain.errors import BadInput
from shared.domain.instants import DAY, HOUR
from shared.domain.money import ONE, Fraction
from shared.domain.tables import Pair, Voices
from shared.engine.consensus import Consent
from shared.engine.limits import Limits
from tests.shared.engine.crowds import EVEN, NO, NOON, YES, Crowd, table

TENTH = 100_000


def number(consent: Consent, name: str) -> int:
    return dict(consent.numbers)[name]


def voices(consent: Consent) -> tuple[int, int]:
    """How many are for and against."""
    return number(consent, "voices_for") // ONE, number(consent, "voices_against") // ONE


# ---------------------------------------------------------------------- who speaks


def test_a_whale_alone_is_followed_as_it_is() -> None:
    consent = Crowd().buys("a").judge()
    assert (consent.reason, consent.factor, consent.p_win) == (None, ONE, None)
    assert consent.numbers == (
        ("voices_for", ONE),
        ("voices_against", 0),
        ("overlap", 0),
        ("overlap_max", 300_000),
    )


def test_a_market_nobody_was_heard_in_objects_to_nothing() -> None:
    consent = Crowd().judge()
    assert (consent.reason, consent.factor, consent.p_win, voices(consent)) == (None, ONE, None, (0, 0))


def test_a_purchase_speaks_for_as_long_as_the_limit_says_and_no_longer() -> None:
    crowd = Crowd().buys("b", NO, ago=DAY).buys("a")
    assert voices(crowd.judge()) == (1, 1)
    assert voices(crowd.judge(after=1)) == (1, 0)


def test_what_was_sold_since_speaks_no_more() -> None:
    crowd = Crowd().buys("b", NO, 100, ago=HOUR).sells("b", NO, 99)
    assert voices(crowd.judge()) == (0, 1)
    assert voices(crowd.sells("b", NO, 1).judge()) == (0, 0)


def test_a_sale_of_what_was_bought_before_we_heard_is_no_voice_for_the_other_side() -> None:
    assert voices(Crowd().sells("b", NO).judge()) == (0, 0)
    assert voices(Crowd().sells("b", NO).buys("b", NO, 40).judge()) == (0, 0)


def test_who_holds_both_tokens_speaks_for_the_one_he_holds_more_of() -> None:
    crowd = Crowd().buys("b", YES, 60).buys("b", NO, 61)
    assert voices(crowd.judge()) == (0, 1)
    assert voices(crowd.buys("b", YES, 1).judge()) == (0, 0)
    assert voices(crowd.buys("b", YES, 1).judge()) == (1, 0)


def test_an_old_trade_that_is_told_late_is_forgotten_in_its_turn() -> None:
    crowd = Crowd().buys("b", YES, 10).buys("b", NO, 50, ago=DAY)
    assert voices(crowd.judge()) == (0, 1)
    assert voices(crowd.judge(after=1)) == (1, 0)


def test_what_is_said_in_one_market_is_not_heard_in_another() -> None:
    assert voices(Crowd().buys("b", "n:no", name="n").judge()) == (0, 0)


def test_a_group_is_one_voice_for_the_side_its_members_hold_more_of() -> None:
    crowd = Crowd(voices=table(0, groups={"a": "crew", "b": "crew", "c": "crew"}))
    crowd.buys("a", YES, 100).buys("b", NO, 60).buys("c", NO, 41)
    assert voices(crowd.judge()) == (0, 1)
    assert voices(crowd.buys("a", YES, 1).judge()) == (0, 0)
    assert voices(crowd.buys("a", YES, 1).judge()) == (1, 0)


# ---------------------------------------------------------------------- what we forget


def test_a_resolved_market_is_forgotten() -> None:
    crowd = Crowd().buys("b", NO)
    crowd.room.forget("m")
    assert voices(crowd.judge()) == (0, 0)
    crowd.room.forget("never heard of")


def quiet() -> Crowd:
    """Where ``m`` is of the generation before, and ``a`` and ``b`` still speak in it for one nanosecond."""
    crowd = Crowd().buys("c", NO).buys("a", ago=1 - DAY).buys("b", NO, ago=1 - DAY)
    crowd.buys("x", "n:no", ago=-DAY, name="n")
    assert (list(crowd.room._before), list(crowd.room._now)) == (["m"], ["n"])
    assert voices(crowd.judge(after=DAY + 1)) == (1, 1)
    return crowd


def test_a_resolved_market_of_the_generation_before_is_forgotten_too() -> None:
    crowd = quiet()
    crowd.room.forget("m")
    assert voices(crowd.judge(after=DAY + 1)) == (0, 0)


def test_a_new_watch_list_silences_who_is_not_on_it() -> None:
    crowd = Crowd().buys("a").buys("b", NO).buys("c", "n:no", name="n")
    crowd.room.follow(["a"])
    assert voices(crowd.judge()) == (1, 0)
    assert list(crowd.room._now) == ["m"]


def test_a_new_watch_list_is_heard_in_quiet_markets_too() -> None:
    crowd = quiet()
    crowd.room.follow(["a", "x"])
    assert voices(crowd.judge(after=DAY + 1)) == (1, 0)


def test_who_is_followed_again_starts_anew() -> None:
    crowd = Crowd().buys("b", NO)
    crowd.room.follow([])
    crowd.room.follow(["b"])
    assert voices(crowd.judge()) == (0, 0)
    assert voices(crowd.buys("b", NO).judge()) == (0, 1)


def test_a_market_where_nobody_trades_any_more_is_forgotten_within_two_windows() -> None:
    crowd = Crowd().buys("b", NO)
    for hours in range(1, 48):
        crowd.buys("c", "n:no", ago=-hours * HOUR, name="n")
        assert voices(crowd.judge(after=hours * HOUR)) == ((0, 1) if hours <= 24 else (0, 0))
        assert ("m" in crowd.room._before) is (hours >= 24)
    crowd.buys("c", "n:no", ago=-2 * DAY, name="n")
    assert (list(crowd.room._before), list(crowd.room._now)) == ([], ["n"])


@pytest.mark.parametrize(("silence", "kept"), [(2 * DAY - 1, ["m"]), (2 * DAY, [])])
def test_after_a_long_silence_everything_is_forgotten_at_once(silence: int, kept: list[str]) -> None:
    crowd = Crowd().buys("b", NO).buys("c", "n:no", ago=-silence, name="n")
    assert (list(crowd.room._before), list(crowd.room._now)) == (kept, ["n"])


def test_a_market_of_the_generation_before_is_heard_on() -> None:
    crowd = quiet().buys("d", NO, ago=-DAY)
    assert list(crowd.room._before) == []
    assert voices(crowd.judge(after=DAY + 1)) == (1, 2)


def test_a_wallet_without_a_trade_in_the_window_leaves_nothing_behind() -> None:
    crowd = Crowd().buys("b", NO)
    assert voices(crowd.judge(after=DAY + 1)) == (0, 0)
    assert crowd.room._now["m"].speakers == {}


def test_trades_of_a_market_that_is_never_judged_do_not_pile_up() -> None:
    crowd = Crowd(Limits(voice_ns=10))
    for ago in range(100, 0, -1):
        crowd.buys("b", NO, ago=ago)
    assert len(crowd.room._now["m"].speakers["b"].trades) == 11


# ---------------------------------------------------------------------- overlap


@pytest.mark.parametrize(("overlap", "reason"), [(300_000, None), (300_001, Reason.OVERLAP)])
def test_a_crowd_that_is_everywhere_together_is_not_copied(overlap: int, reason: Reason | None) -> None:
    consent = Crowd(voices=table(overlap, "a", "b")).buys("a").buys("b").judge()
    assert (consent.reason, consent.factor, consent.p_win) == (reason, ONE, None)
    assert (number(consent, "overlap"), number(consent, "overlap_max")) == (overlap, 300_000)


def test_overlap_is_the_mean_over_pairs_rounded_up_and_counts_both_sides() -> None:
    pairs = (Pair("a", "b", 600_000, 0), Pair("b", "c", 300_001, 0))
    consent = Crowd(voices=Voices(NOON, pairs)).buys("a").buys("b").buys("c", NO).judge()
    assert (consent.reason, number(consent, "overlap")) == (Reason.OVERLAP, 300_001)


def test_members_of_one_group_do_not_overlap_with_each_other() -> None:
    groups = {"a": "crew", "b": "crew"}
    alone = Crowd(voices=table(900_000, "a", "b", groups=groups)).buys("a").buys("b").judge()
    assert (alone.reason, voices(alone), number(alone, "overlap")) == (None, (1, 0), 0)
    pairs = (Pair("a", "b", 900_000, 0), Pair("a", "c", 100_000, 0), Pair("b", "c", 300_000, 0))
    joined = Crowd(voices=Voices(NOON, pairs, groups)).buys("a").buys("b").buys("c").judge()
    assert (joined.reason, voices(joined), number(joined, "overlap")) == (None, (2, 0), 200_000)


def test_members_of_a_silent_group_do_not_overlap_with_anybody() -> None:
    voted = table(900_000, "a", "b", "c", groups={"b": "crew", "c": "crew"})
    crowd = Crowd(voices=Voices(NOON, (*voted.pairs, Pair("a", "d", 100_000, 0)), voted.groups))
    consent = crowd.buys("a").buys("b").buys("c", NO).buys("d").judge()
    assert (voices(consent), number(consent, "overlap")) == ((2, 0), 100_000)


def test_overlap_is_measured_anew_when_others_speak_or_the_table_is_replaced() -> None:
    crowd = Crowd(voices=table(250_000, "a", "b")).buys("a").buys("b")
    assert [number(crowd.judge(), "overlap") for _ in range(2)] == [250_000, 250_000]
    assert number(crowd.buys("c").judge(), "overlap") == 83_334
    crowd.room.publish(table(120_000, "a", "b", "c"))
    assert number(crowd.judge(), "overlap") == 120_000
    assert number(crowd.sells("c").judge(), "overlap") == 120_000


def test_overlap_is_measured_anew_when_one_voice_takes_the_place_of_another() -> None:
    crowd = Crowd(voices=Voices(NOON, (Pair("a", "b", 100_000, 0), Pair("a", "c", 250_000, 0)))).buys("a").buys("b")
    assert number(crowd.judge(), "overlap") == 100_000
    assert number(crowd.sells("b").buys("c").judge(), "overlap") == 250_000


def test_overlap_is_the_same_whoever_was_heard_first() -> None:
    assert Crowd(voices=table(310_000, "a", "b")).buys("b").buys("a").judge().reason is Reason.OVERLAP


def test_a_table_is_replaced_for_markets_of_the_generation_before_too() -> None:
    crowd = quiet()
    crowd.room.publish(table(310_000, "a", "b"))
    assert crowd.judge(after=DAY + 1).reason is Reason.OVERLAP


@pytest.mark.parametrize("overlap", [-1, ONE + 1])
def test_a_table_with_an_impossible_overlap_is_refused_and_the_old_one_stays(overlap: int) -> None:
    crowd = Crowd(voices=table(310_000, "a", "b")).buys("a").buys("b")
    with pytest.raises(BadInput, match=r"^overlap of a and b must lie between 0 and 1, not (-0.000001|1.000001)$"):
        crowd.room.publish(table(overlap, "a", "b"))
    assert crowd.judge().reason is Reason.OVERLAP
    crowd.room.publish(table(ONE, "a", "b"))
    assert number(crowd.judge(), "overlap") == ONE


def test_a_specialist_without_any_weight_is_refused() -> None:
    crowd = Crowd(voices=table(310_000, "a", "b")).buys("a").buys("b")
    with pytest.raises(BadInput, match=r"^specialists: a in sports must be positive, not 0$"):
        crowd.room.publish(Voices(NOON, specialists={"a": {"sports": 0}}))
    assert crowd.judge().reason is Reason.OVERLAP


# ---------------------------------------------------------------------- agreement


@pytest.mark.parametrize(("overlap", "factor"), [(199_999, 1_500_000), (200_000, ONE), (300_000, ONE)])
def test_three_independent_voices_that_agree_raise_the_size(overlap: int, factor: int) -> None:
    consent = Crowd(voices=table(overlap, "a", "b", "c")).buys("a").buys("b").buys("c").judge()
    assert (consent.reason, consent.factor) == (None, factor)
    assert (number(consent, "agree_min"), number(consent, "overlap_free")) == (3 * ONE, 200_000)


def test_two_voices_that_agree_raise_nothing() -> None:
    consent = Crowd(voices=table()).buys("a").buys("b").judge()
    assert (consent.factor, "agree_min" in dict(consent.numbers)) == (ONE, False)


def test_three_wallets_of_two_voices_raise_nothing() -> None:
    crowd = Crowd(voices=table(0, groups={"b": "crew", "c": "crew"}))
    assert crowd.buys("a").buys("b").buys("c").judge().factor == ONE


def test_agreement_that_nobody_measured_raises_nothing() -> None:
    crowd = Crowd().buys("a").buys("b").buys("c")
    assert crowd.judge().factor == ONE
    crowd.room.publish(table())
    assert crowd.judge().factor == 1_500_000


def test_one_voice_against_three_raises_nothing_even_when_they_win() -> None:
    crowd = Crowd(voices=table()).buys("a").buys("b").buys("c").buys("d", NO).knows(a=TENTH)
    consent = crowd.judge()
    assert (consent.reason, consent.factor) == (None, ONE)


# ---------------------------------------------------------------------- opposite sides


def test_one_against_one_is_a_conflict_however_good_the_one() -> None:
    consent = Crowd().buys("a").buys("b", NO).knows(a=TENTH, b=-TENTH).judge(price=EVEN)
    assert (consent.reason, consent.factor, consent.p_win, voices(consent)) == (Reason.CONFLICT, ONE, None, (1, 1))


def test_a_signal_that_its_own_wallet_contradicts_is_a_conflict() -> None:
    consent = Crowd().buys("a", YES, 100).buys("a", NO, 200).judge()
    assert (consent.reason, voices(consent)) == (Reason.CONFLICT, (0, 1))


def test_a_signal_nobody_stands_for_loses_the_vote() -> None:
    consent = Crowd().buys("b", NO).buys("c", NO).knows(b=TENTH).judge()
    assert (consent.reason, number(consent, "votes_for")) == (Reason.VOTE_LOST, 0)


@pytest.mark.parametrize(("edge", "reason"), [(150_000, None), (149_999, Reason.VOTE_LOST)])
def test_the_better_record_wins_the_vote_by_the_margin_or_we_stand_aside(edge: int, reason: Reason | None) -> None:
    crowd = Crowd().buys("a").buys("b", NO).buys("c", NO).knows(a=edge, b=60_000, c=40_000)
    consent = crowd.judge()
    assert (consent.reason, consent.factor, consent.p_win) == (reason, ONE, None)
    assert number(consent, "votes_for") == (600_000 if reason is None else 599_998)
    assert number(consent, "votes_min") == 600_000


def test_the_vote_is_not_by_heads_nor_by_size() -> None:
    crowd = Crowd().buys("a", YES, 1).buys("b", NO, 10_000).buys("c", NO, 10_000)
    assert crowd.knows(a=TENTH, b=-TENTH).judge().reason is None


def test_voices_without_any_record_decide_nothing() -> None:
    consent = Crowd().buys("a").buys("b").buys("c", NO).knows(b=-1).judge()
    assert (consent.reason, number(consent, "votes_for")) == (Reason.VOTE_LOST, 0)


def test_a_specialist_has_more_weight_in_his_category_only() -> None:
    expert = Voices(NOON, specialists={"a": {"sports": 1_500_000}})
    crowd = Crowd(voices=expert).buys("a").buys("b", NO).buys("c", NO).knows(a=TENTH, b=TENTH)
    assert number(crowd.judge(category="sports"), "votes_for") == 600_000
    assert number(crowd.judge(category="politics"), "votes_for") == 500_000
    assert crowd.judge(category="sports").reason is None
    assert crowd.judge(category="politics").reason is Reason.VOTE_LOST


def test_a_group_weighs_as_much_as_its_best_member_on_its_side() -> None:
    crowd = Crowd(voices=table(0, groups=dict.fromkeys("abc", "crew")))
    crowd.buys("a", YES, 100).buys("b", YES, 100).buys("c", NO, 50).buys("d", NO).buys("e", NO)
    crowd.knows(a=60_000, b=30_000, c=900_000, d=40_000)
    consent = crowd.judge()
    assert (voices(consent), number(consent, "votes_for"), consent.reason) == ((1, 2), 600_000, None)


# ---------------------------------------------------------------------- averages


@pytest.mark.parametrize(("price", "averaged"), [(349_999, False), (350_000, True), (650_000, True), (650_001, False)])
def test_a_belief_is_averaged_where_the_price_says_that_the_market_is_uncertain(price: int, averaged: bool) -> None:
    consent = Crowd().buys("a").buys("b").knows(a=TENTH, b=TENTH).judge(price=price)
    assert consent.p_win == (price + TENTH if averaged else None)
    assert ("p_average" in dict(consent.numbers)) is averaged


def test_the_numbers_of_an_average_are_the_price_the_band_and_the_belief() -> None:
    consent = Crowd().buys("a").buys("b").knows(a=TENTH, b=TENTH).judge(price=EVEN)
    assert consent.numbers[4:] == (
        ("price", EVEN),
        ("uncertain_low", 350_000),
        ("uncertain_high", 650_000),
        ("p_average", 600_000),
    )


def test_a_single_voice_keeps_its_own_belief() -> None:
    assert Crowd().buys("a").knows(a=TENTH).judge(price=EVEN).p_win is None


def test_a_voice_without_a_record_says_the_price_and_has_less_weight() -> None:
    consent = Crowd().buys("a").buys("b").knows(a=TENTH).judge(price=EVEN)
    claimed = (1 + TENTH**2 / EVEN**2) ** 10
    assert consent.p_win == int(1e6 * (0.6 * claimed + 0.5) / (claimed + 1)) == 559_681


def test_a_voice_against_lowers_the_belief_and_never_raises_it() -> None:
    crowd = Crowd().buys("a").buys("b").buys("c", NO).knows(a=TENTH, b=TENTH)
    good, none, poor = [number(crowd.knows(c=c).judge(price=EVEN), "p_average") for c in (50_000, 0, -TENTH)]
    assert good < none == poor < EVEN + TENTH


def test_a_voice_that_wins_against_two_is_averaged_with_them() -> None:
    crowd = Crowd().buys("a").buys("b", NO).buys("c", NO).knows(a=TENTH)
    consent = crowd.judge(price=EVEN)
    claimed = (1 + TENTH**2 / EVEN**2) ** 10
    assert (consent.reason, consent.p_win) == (None, int(1e6 * (0.6 * claimed + 1.0) / (claimed + 2)))


def test_a_poor_voice_for_the_token_lowers_the_belief_below_the_price() -> None:
    consent = Crowd().buys("a").buys("b").knows(a=-TENTH, b=-TENTH).judge(price=EVEN)
    assert (consent.reason, consent.p_win) == (None, EVEN - TENTH)


def test_beliefs_are_never_certain() -> None:
    crowd = Crowd().buys("a").buys("b")
    assert crowd.knows(a=ONE, b=ONE).judge(price=EVEN).p_win == ONE - 1
    assert crowd.knows(a=-ONE, b=-ONE).judge(price=EVEN).p_win == 1


def test_a_specialist_counts_more_in_the_average_but_claims_no_more() -> None:
    expert = Voices(NOON, specialists={"a": {"sports": 3_000_000}})
    crowd = Crowd(voices=expert).buys("a").buys("b").knows(a=TENTH, b=-TENTH)
    assert crowd.judge(price=EVEN).p_win == EVEN
    assert crowd.judge(price=EVEN, category="sports").p_win == EVEN + TENTH // 2


def test_agreement_raises_the_size_beside_an_averaged_belief() -> None:
    crowd = Crowd(voices=table()).buys("a").buys("b").buys("c").knows(a=TENTH, b=TENTH, c=TENTH)
    consent = crowd.judge(price=EVEN)
    assert (consent.factor, consent.p_win) == (1_500_000, Fraction(600_000))


def test_nobodys_record_is_asked_for_where_nothing_depends_on_it() -> None:
    def asked(wallet: str) -> int | None:
        raise AssertionError(wallet)

    assert Crowd().buys("a").buys("b").judge(edge=asked).reason is None
    assert Crowd().buys("a").buys("b", NO).judge(price=EVEN, edge=asked).reason is Reason.CONFLICT
