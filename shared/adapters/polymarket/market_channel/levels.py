"""A whole book's levels from the wire."""

from collections.abc import Sequence

from shared.adapters.polymarket.fields import show
from shared.adapters.polymarket.market_channel.messages import WireLevel
from shared.adapters.polymarket.market_channel.numbers import PRICES, SIZES
from shared.domain.errors import BadInput

_PRICES, _SIZES = PRICES.known, SIZES.known


def levels_of(side: str, levels: Sequence[WireLevel]) -> dict[int, int]:
    """Size by price, without empty levels; ``BadInput`` when one level is unusable or told twice."""
    try:
        found = {_PRICES[level.price]: _SIZES[level.size] for level in levels}
    except KeyError:  # a text not met before
        found = _read(side, levels)
    if len(found) != len(levels):
        raise BadInput(f"{side}: price {show(_twice(levels))} appears twice")
    return {price: size for price, size in found.items() if size} if 0 in found.values() else found


def _read(side: str, levels: Sequence[WireLevel]) -> dict[int, int]:
    try:
        return {PRICES(level.price): SIZES(level.size) for level in levels}
    except BadInput as error:
        raise BadInput(f"{side}: {error}") from None


def _twice(levels: Sequence[WireLevel]) -> str:
    """The price that a level before it had already."""
    prices = [PRICES(level.price) for level in levels]
    return next(level.price for place, level in enumerate(levels) if prices[place] in prices[:place])
