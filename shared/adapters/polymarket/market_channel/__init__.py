"""The market channel of the order book venue: bytes to live books in integers, checked, and told as facts."""

from shared.adapters.polymarket.market_channel.checks import CheckSettings, Fetch
from shared.adapters.polymarket.market_channel.feed import MarketFeed, MarketFeedCounts, MarketFeedSettings

__all__ = ["CheckSettings", "Fetch", "MarketFeed", "MarketFeedCounts", "MarketFeedSettings"]
