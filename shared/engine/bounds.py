"""What each limit means, its unit and between what it may lie: one row per field of ``Limits``.

Validation, the command line and whatever lets people change a limit all read this table, so they cannot disagree.
"""

from enum import Enum

from msgspec import Struct

from shared.domain.instants import format_span
from shared.domain.money import ONE, format_micro, format_percent, format_usd


class Unit(Enum):
    """What the integer of a limit counts."""

    USD = "usd"
    """Micro-dollars."""
    SHARE = "share"
    """Millionths of something else."""
    FACTOR = "factor"
    """Millionths that size is multiplied by."""
    PRICE = "price"
    """Micro-dollars per share of the $1 payoff."""
    COUNT = "count"
    SPAN = "span"
    """Nanoseconds."""
    FLAG = "flag"


class Bound(Struct, frozen=True):
    """One field of ``Limits``; of a tuple, each of its values. ``high`` None: no bound above."""

    name: str
    unit: Unit
    meaning: str
    low: int = 0
    high: int | None = None

    def broken_by(self, value: int) -> str:
        """What is wrong with a value, as the end of a sentence that begins with the name; empty if nothing is."""
        if value >= self.low and (self.high is None or value <= self.high):
            return ""
        if self.high is not None:
            return f"must lie between {self._plain(self.low)} and {self._plain(self.high)}, not {self._plain(value)}"
        rule = "must be positive" if self.low else "must not be negative"
        return f"{rule}, not {self._plain(value)}"

    def _plain(self, value: int) -> str:
        return str(value) if self.unit in (Unit.COUNT, Unit.SPAN, Unit.FLAG) else format_micro(value)

    def shown(self, value: int | tuple[int, ...]) -> str:
        """A value as people read it: dollars, percent, a factor, a count, a duration, yes or no."""
        if isinstance(value, tuple):
            return ", ".join(self.shown(one) for one in value)
        match self.unit:
            case Unit.USD | Unit.PRICE:
                return format_usd(value)
            case Unit.SHARE:
                return format_percent(value)
            case Unit.FACTOR:
                return f"x{format_micro(value)}"
            case Unit.SPAN:
                return format_span(value)
            case Unit.FLAG:
                return "yes" if value else "no"
        return str(value)


def _usd(name: str, meaning: str) -> Bound:
    return Bound(name, Unit.USD, meaning)


def _share(name: str, meaning: str, high: int = ONE) -> Bound:
    return Bound(name, Unit.SHARE, meaning, 0, high)


def _factor(name: str, meaning: str, low: int = 0, high: int = ONE) -> Bound:
    return Bound(name, Unit.FACTOR, meaning, low, high)


def _price(name: str, meaning: str) -> Bound:
    return Bound(name, Unit.PRICE, meaning, 0, ONE)


def _count(name: str, meaning: str, low: int = 0) -> Bound:
    return Bound(name, Unit.COUNT, meaning, low)


def _span(name: str, meaning: str, low: int = 1) -> Bound:
    return Bound(name, Unit.SPAN, meaning, low)


def _flag(name: str, meaning: str) -> Bound:
    return Bound(name, Unit.FLAG, meaning, 0, 1)


_DOUBLE = 2 * ONE  # not money: twice, in millionths
_TENFOLD = 10 * ONE  # not money: ten times, in millionths
_HALF = ONE // 2  # not money: a half, in millionths

BOUNDS: tuple[Bound, ...] = (
    _usd("portfolio_usd", "all positions and open orders together"),
    _usd("market_usd", "in one market"),
    _usd("source_usd", "behind one whale (or model)"),
    _usd("strategy_usd", "in one strategy"),
    _usd("trade_min_usd", "smallest entry"),
    _usd("trade_max_usd", "largest entry"),
    _share("kelly", "of the full Kelly stake"),
    _share("position_of_equity", "of equity in one position"),
    _share("market_of_equity", "of equity in one market"),
    _share("source_of_equity", "of equity behind one whale"),
    _share("exposure_of_equity", "of equity in all positions and open orders (100%: no limit but cash)"),
    _count("positions_max", "open positions"),
    _count("topic_positions_max", "positions of one topic that move together"),
    _flag("topic_counts_all", "every position of a topic counts as moving together, figures or not"),
    _share("diversification_min", "diversification score below which nothing new is opened"),
    _share("diversification_target", "diversification score below which new positions are smaller"),
    _usd("daily_loss_usd", "loss of a day that halts entries until 00:00 UTC"),
    _share("daily_loss_of_equity", "the same of the day's first equity; the smaller one counts"),
    _usd("weekly_loss_usd", "loss of a week that halts entries until Monday 00:00 UTC ($0: no limit)"),
    _usd("source_daily_loss_usd", "a whale's loss of a day that ends copying it until 00:00 UTC"),
    _share("drawdown_halt", "below the highest equity: entries halt until a person has looked"),
    _share("drawdown_reduce", "below the highest equity: size is multiplied by drawdown_factor"),
    _factor("drawdown_factor", "size from drawdown_reduce on"),
    _share("drawdown_reduce_more", "a second, deeper step (0%: none)"),
    _factor("drawdown_factor_more", "size from drawdown_reduce_more on"),
    _count("losses_to_pause", "losing positions in a row that stop entries", 1),
    _flag("losses_need_person", "they stop until a person has looked, instead of for pause_ns"),
    _span("pause_ns", "how long losses in a row pause entries"),
    _count("api_errors_per_hour", "errors on the order path within an hour; more halt entries"),
    _count("failed_settlements_per_hour", "executions that failed to settle within an hour; more halt entries"),
    _share("spot_move", "move of BTC within spot_window_ns that halts entries"),
    _span("spot_window_ns", "how far apart the two prices of that move may be"),
    _usd("var_95_usd", "value at risk (95%, at resolution); more halts entries"),
    _usd("cvar_95_usd", "mean of the worst 5% of outcomes; more halts entries"),
    _share("stress_of_equity", "of equity that the worst stress scenario may cost; more halts entries"),
    _count("entries_per_minute", "entries within rate_window_ns"),
    _count("exits_per_minute", "exits within rate_window_ns, a budget of their own"),
    _span("rate_window_ns", "the window of both order rates"),
    _count("streak_wins", "wins in a row after which size grows", 1),
    _count("streak_losses", "losses in a row after which size shrinks", 1),
    _factor("streak_up", "size after streak_wins", ONE, _DOUBLE),
    _factor("streak_down", "size after streak_losses"),
    _factor("scale_min", "least factor of streaks"),
    _factor("scale_max", "largest factor of streaks", ONE, _DOUBLE),
    _span("scale_reset_ns", "a streak's factor is forgotten so long after its last change"),
    _count("recovery_days", "profitable days after a drawdown before size grows again (0: streaks rule instead)"),
    _share("recovery_per_week", "by how much it then grows a week, at most"),
    _share("confidence_min", "signals with less confidence are not copied"),
    _factor("confidence_factor", "size at no confidence at all, rising to x1 at full confidence"),
    _share("volatility_normal", "deviation of a price over ten minutes up to which size is not reduced"),
    _price("spread_reduce", "spread above which size is multiplied by spread_factor"),
    _factor("spread_factor", "size where the spread is wider than spread_reduce"),
    _share("repeats_max", "correlation of consecutive results above which size is multiplied by repeats_factor"),
    _factor("repeats_factor", "size where consecutive trades are one bet"),
    _share("overlap_max", "overlap of the whales in a market above which we stand aside"),
    _share("overlap_free", "overlap below which agreeing whales count as independent"),
    _count("agree_min", "independent whales that must agree for agree_factor", 1),
    _factor("agree_factor", "size where they agree; before the caps, never past them", ONE, _DOUBLE),
    _share("vote_margin", "by how much the winning side's share of the votes must exceed one half", _HALF),
    _price("uncertain_low", "a market counts as uncertain from this price on"),
    _price("uncertain_high", "and up to this one"),
    _span("voice_ns", "how long a whale's purchase speaks"),
    _span("entry_before_end_ns", "event markets: no entry later than so long before the end", 0),
    _span("exit_before_end_ns", "event markets: out so long before the end", 0),
    _usd("volume_24h_min_usd", "event markets: least volume of 24 hours"),
    _price("spread_max", "widest spread to enter at"),
    _span("book_max_age_ns", "age above which a book is unknown"),
    _share("price_band", "how far from the recent average a price may be (0%: not checked)"),
    _count("price_band_ticks", "or so many ticks, if that is more"),
    _span("price_average_ns", "over how long that average is taken"),
    _price("swing_max", "event markets: range of prices within price_average_ns above which the tape is anomalous"),
    _share("stop_loss", "below cost: sold (0%: off)"),
    _share("take_profit", "above cost: sold (0%: off)", _TENFOLD),
    _share("trailing_arm", "above cost: the trailing stop is armed", _TENFOLD),
    _share("trailing_stop", "below the highest price since entry: sold once armed (0%: off)"),
    _usd("loss_per_trade_usd", "what one trade may lose ($0: no limit)"),
    _flag("exits_updown", "crypto up/down positions are stopped too, instead of held to resolution"),
    _span("exit_step_ns", "how long each step of a forced exit may take"),
    _share("exit_slip", "how far below the best bid each step of a forced exit may sell"),
    _share("exit_slip_told", "a forced exit that sold so far below its trigger is reported"),
    _span("pending_ns", "a planned order that was not sent is given up after"),
    _span("order_life_ns", "what is left of an order is cancelled after"),
    _span("answer_timeout_ns", "an unanswered request is asked about after"),
    _span("phase_life_ns", "how long each phase of execution lasts"),
    _price("phase_step", "how much worse than the target each phase may be, per share"),
    _share("phase_cut", "how much of what is left each phase gives up"),
    _share("slippage_limit", "estimated slippage above which a limit order is not sent"),
    _share("slippage_market", "the same of an order that takes what is there"),
    _usd("twap_above_usd", "orders above this are worked in slices"),
    _count("twap_slices", "how many slices", 1),
    _span("twap_every_ns", "time between slices"),
    _count("retries", "new orders after proven rejections"),
    _span("retry_first_ns", "wait before the first of them; it doubles"),
)
