"""What the tests of this folder shorten is within the promised limits in production: silence 15 s, staleness 10 s."""

from fargate.compose import LIVE_DETECTION
from fargate.people import DEAF_AFTER_NS
from fargate.streams import Tempo
from shared.adapters.binance.dialect import BinanceDialect
from shared.adapters.chain.session import ChainDialect
from shared.adapters.coinbase.dialect import CoinbaseDialect
from shared.adapters.feeds.clock_watch import OFFSET_NS
from shared.adapters.polymarket.market_channel.answers import STALE_MS
from shared.domain.instants import HOUR, MILLISECOND, MINUTE, SECOND
from shared.engine.limits import Limits
from shared.engine.risk import ALWAYS_NEEDED
from shared.settings import FeedSettings

SILENCE_S = 15.0
TEMPO = Tempo()


def test_every_source_notices_silence_within_fifteen_seconds() -> None:
    dialects = (BinanceDialect.silence_s, CoinbaseDialect.silence_s, ChainDialect.silence_s)
    chosen = (FeedSettings().rtds_silence_s, TEMPO.market.silence_s, TEMPO.chain_silence_s, TEMPO.spot_silence_s)
    assert max(*dialects, *chosen, TEMPO.polling.down_after_s) <= SILENCE_S


def test_data_older_than_ten_seconds_is_refused() -> None:
    assert Limits().book_max_age_ns == 10 * SECOND
    assert TEMPO.patience.stale_s <= 10
    assert STALE_MS * MILLISECOND <= 10 * SECOND


def test_a_held_trade_is_handed_on_long_before_it_is_stale() -> None:
    assert TEMPO.patience.hold_s * SECOND <= LIVE_DETECTION.max_age_ns // 10


def test_nobody_enters_without_a_readable_switch_a_clock_right_to_the_second_and_books_equal_to_the_venues() -> None:
    assert set(ALWAYS_NEEDED) == {"switch", "clock", "venue", "lease"}
    assert (DEAF_AFTER_NS, OFFSET_NS) == (10 * SECOND, SECOND)
    assert TEMPO.clock.every_s <= 10
    assert (TEMPO.clock.every_s * 10) % 10 != 0


def test_a_trade_told_an_hour_late_is_still_known() -> None:
    assert LIVE_DETECTION.window_ns >= HOUR + MINUTE
