"""Which jobs are done decides what may trade: one source dying is a fallback, the last one is a stop."""

from shared.adapters.feeds.roles import BOOKS, SPOT, WHALES, Roles
from shared.domain.messages import FeedHealth, FeedNotice, NoticeKind


def up(feed: str) -> FeedHealth:
    return FeedHealth(feed, healthy=True, reason="data")


def down(feed: str, reason: str = "silent for 12 s") -> FeedHealth:
    return FeedHealth(feed, healthy=False, reason=reason)


def test_nothing_is_done_before_a_source_was_heard() -> None:
    roles = Roles(["rtds", "activity", "market"])
    assert [(health.feed, health.healthy) for health in roles.start()] == [(WHALES, False), (BOOKS, False)]
    assert roles.doing() == {}


def test_a_job_without_any_source_is_nobodys_concern() -> None:
    roles = Roles(["market"])
    assert [health.feed for health in roles.start()] == [BOOKS]
    assert roles.hear(up("binance")) == []


def test_the_first_healthy_source_takes_the_job() -> None:
    roles = Roles(["rtds", "activity"])
    assert roles.hear(up("activity")) == [
        FeedHealth(WHALES, healthy=True, reason="activity: data"),
        FeedHealth(BOOKS, healthy=True, reason="activity: data"),
    ]
    assert roles.hear(up("rtds")) == [FeedNotice(WHALES, NoticeKind.CONNECTED, "rtds is back")]
    assert roles.doing() == {WHALES: "rtds", BOOKS: "activity"}


def test_a_dead_stream_with_healthy_polling_is_a_fallback_and_trading_goes_on() -> None:
    roles = Roles(["rtds", "activity"])
    roles.hear(up("rtds"))
    assert [told.feed for told in roles.hear(up("activity"))] == [BOOKS]
    said = roles.hear(down("rtds"))
    assert said == [FeedNotice(WHALES, NoticeKind.FALLBACK, "rtds: silent for 12 s; activity goes on")]


def test_the_last_source_of_a_job_takes_it_with_it_and_says_why() -> None:
    roles = Roles(["rtds", "activity"])
    roles.hear(up("rtds"))
    roles.hear(down("activity", "HTTP 500"))
    assert roles.hear(down("rtds")) == [
        FeedHealth(WHALES, healthy=False, reason="rtds: silent for 12 s; activity: HTTP 500")
    ]
    assert roles.hear(up("activity"))[0] == FeedHealth(WHALES, healthy=True, reason="activity: data")


def test_a_dead_exchange_does_not_touch_the_other_jobs() -> None:
    roles = Roles(["rtds", "binance"])
    roles.hear(up("rtds"))
    roles.hear(up("binance"))
    assert roles.hear(down("binance")) == [FeedHealth(SPOT, healthy=False, reason="binance: silent for 12 s")]
    assert roles.doing() == {WHALES: "rtds"}
