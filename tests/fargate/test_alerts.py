import pytest

from fargate.alerts import KEPT, SAID_PER_MINUTE, TEXT_MAX, Alerts, shortened
from shared.domain.effects import Alert
from shared.domain.instants import MINUTE, SECOND

TOKEN = "50238747129102786403900269741601252781248477801186629978071034434358172934010102"


class Console:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.alerts = Alerts(self.lines.append)

    def hear(self, *alerts: Alert, now: int = MINUTE) -> None:
        self.alerts.hear(alerts, now, now)


@pytest.mark.parametrize(("severity", "said"), [(1, ["SEV1 a: b"]), (2, ["SEV2 a: b"]), (3, [])])
def test_what_halts_or_reduces_is_said_at_once_and_the_rest_is_kept(severity: int, said: list[str]) -> None:
    console = Console()
    console.hear(Alert(severity, "a", "b"))
    assert console.lines == said
    assert console.alerts.rows() == [{"at": MINUTE, "severity": severity, "name": "a", "text": "b", "times": 1}]


def test_the_same_alert_within_a_minute_is_counted_and_after_it_is_said_again() -> None:
    console = Console()
    for now in (MINUTE, 2 * MINUTE - 1, 2 * MINUTE):
        console.hear(Alert(2, "a", "b"), now=now)
    assert console.lines == ["SEV2 a: b"] * 2
    newest, oldest = console.alerts.rows()
    assert (newest["times"], newest["at"]) == (1, 2 * MINUTE)
    assert (oldest["times"], oldest["at"]) == (2, 2 * MINUTE - 1)


def test_another_name_or_text_is_another_alert() -> None:
    console = Console()
    console.hear(Alert(2, "a", "b"), Alert(2, "a", "c"), Alert(2, "b", "b"))
    assert len(console.lines) == 3


def test_a_flood_of_different_alerts_is_cut_off_and_counted() -> None:
    console = Console()
    console.hear(*(Alert(2, "a", str(n)) for n in range(SAID_PER_MINUTE)))
    assert len(console.lines) == SAID_PER_MINUTE
    console.hear(Alert(2, "a", "one more"), Alert(2, "a", "and another"))
    assert len(console.lines) == SAID_PER_MINUTE
    console.hear(Alert(2, "a", "later"), now=2 * MINUTE)
    assert console.lines[SAID_PER_MINUTE:] == ["2 more alerts within that minute were not shown", "SEV2 a: later"]


def test_what_halts_trading_is_said_even_in_a_flood() -> None:
    console = Console()
    console.hear(*(Alert(2, "a", str(n)) for n in range(SAID_PER_MINUTE + 1)), Alert(1, "trading_stopped", "drill"))
    assert console.lines[SAID_PER_MINUTE:] == ["SEV1 trading_stopped: drill"]


def test_only_the_last_ones_are_kept_the_newest_first() -> None:
    console = Console()
    console.hear(*(Alert(3, "a", str(n)) for n in range(KEPT + 5)))
    assert [row["text"] for row in console.alerts.rows()] == [str(n) for n in range(KEPT + 4, 4, -1)]


def test_token_ids_are_cut_and_texts_are_bounded() -> None:
    assert shortened(f"stop of {TOKEN}#whale/0xab1234567890123456789012345678901234567890") == (
        "stop of 502387…0102#whale/0xab1234567890123456789012345678901234567890"
    )
    assert shortened("x" * TEXT_MAX) == "x" * TEXT_MAX
    assert shortened("x" * (TEXT_MAX + 1)) == "x" * (TEXT_MAX - 1) + "…"


def test_without_a_console_nothing_is_said() -> None:
    alerts = Alerts()
    alerts.hear([Alert(1, "a", "b")], SECOND, SECOND)
    assert len(alerts.rows()) == 1


def test_each_alert_is_sent_once_a_minute_whatever_its_severity_and_however_many_are_said() -> None:
    alerts, sent = Alerts(), list[tuple[int, str, str, int]]()
    alerts.send = lambda *told: sent.append(told)
    alerts.hear([Alert(3, "changed", "a limit"), Alert(3, "changed", "a limit")], SECOND, 5)
    alerts.hear([Alert(2, "feed_down", str(n)) for n in range(SAID_PER_MINUTE + 1)], SECOND, 6)
    alerts.hear([Alert(3, "changed", "a limit")], SECOND, 5 + MINUTE)
    assert sent[0] == (3, "changed", "a limit", 5)
    assert sent[-1] == (3, "changed", "a limit", 5 + MINUTE)
    assert len(sent) == SAID_PER_MINUTE + 3
