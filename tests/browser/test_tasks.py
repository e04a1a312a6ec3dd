"""What people come for, done as they do it: with a mouse, and the kill switch with the keyboard alone."""

import csv
from pathlib import Path

from tests.browser.driver import PHONE, Answer, Driver, Step, Window
from tests.browser.site import Site

KILL: Step = {"do": "tab", "kind": "button", "name": "Kill switch", "most": 30}
ENTER: Step = {"do": "press", "key": "Enter"}
SETTLE: Step = {"do": "settle"}
FIRST_ROW: Step = {
    "do": "click",
    "selector": '[data-testid="stDataFrame"] .dvn-scroller',
    "position": {"x": 20, "y": 55},
}


def into(name: str, text: str) -> list[Step]:
    """A field found with the tabulator, and text typed into it."""
    return [{"do": "tab", "kind": "input", "name": name, "most": 6}, {"do": "type", "value": text}]


def by_keyboard(driver: Driver, site: Site, word: str, reason: str, until: str) -> Answer:
    """The kill switch opened, confirmed and seen to work, without a mouse."""
    opened: list[Step] = [{"do": "open", "url": site.url}, SETTLE, KILL, ENTER]
    said: list[Step] = [
        {"do": "see", "text": f"Type {word} to confirm"},
        *into("Reason", reason),
        *into(f"Type {word}", word),
        ENTER,
    ]
    seen: list[Step] = [{"do": "see", "text": until}, {"do": "text", "selector": ".house-banner"}]
    return driver.ask("keyboard", Window(), *opened, *said, *seen)


def test_trading_is_stopped_and_resumed_with_the_keyboard_alone(driver: Driver, small: Site) -> None:
    assert "■ Trading stopped" in by_keyboard(driver, small, "STOP", "a drill", "a drill").sound()["text"]
    assert "▶ Trading" in by_keyboard(driver, small, "RESUME", "the drill is over", "▶ Trading").sound()["text"]


def test_a_slip_stops_nothing(driver: Driver, small: Site) -> None:
    window = Window(*PHONE)
    slips: list[Step] = [
        {"do": "open", "url": small.url},
        SETTLE,
        {"do": "click", "role": "button", "name": "Kill switch"},
        {"do": "fill", "label": "Type STOP to confirm", "value": "stop"},
        {"do": "click", "role": "button", "name": "Stop trading"},
        {"do": "see", "text": "Nothing was done: type STOP in capital letters to confirm."},
        {"do": "text", "selector": ".house-banner"},
    ]
    assert "▶ Trading" in driver.ask("slip", window, *slips, {"do": "close"}).sound()["text"]


def test_why_a_trade_was_not_copied_is_found_by_a_search_and_a_choice(driver: Driver, small: Site) -> None:
    steps: list[Step] = [
        {"do": "open", "url": f"{small.url}/decisions"},
        SETTLE,
        {"do": "fill", "label": "Search", "value": "no edge"},
        ENTER,
        {"do": "see", "text": "200 of the latest 200 decisions", "gone": True},
        FIRST_ROW,
        {"do": "see", "text": "Why? No edge left"},
        {"do": "see", "text": "After price and fee the expected profit is not positive."},
        {"do": "see", "text": "No order was made for it."},
        {"do": "address"},
    ]
    address = driver.ask("why", Window(), *steps).sound()["address"]
    again: list[Step] = [{"do": "open", "url": address}, {"do": "see", "text": "Why? No edge left"}, {"do": "close"}]
    driver.ask("why", Window(), *again).sound()


def test_a_limit_is_changed_with_a_reason_and_the_page_says_what_the_trader_made_of_it(
    driver: Driver, small: Site
) -> None:
    steps: list[Step] = [
        {"do": "open", "url": f"{small.url}/settings"},
        SETTLE,
        {"do": "click", "label": "Change limits"},
        {"do": "type", "value": "stop_loss"},
        ENTER,
        {"do": "see", "selector": ".st-key-limit_stop_loss input"},
        {"do": "press", "key": "Escape"},
        {"do": "fill", "selector": ".st-key-limit_stop_loss input", "value": "12%"},
        ENTER,
        {"do": "click", "role": "button", "name": "Review the change"},
        {"do": "see", "text": "Ask the trader"},
        {"do": "fill", "selector": ".st-key-change_reason input", "value": "a calmer week"},
        {"do": "click", "role": "button", "name": "Ask the trader"},
        {"do": "see", "text": "1 of all changed at run time"},
    ]
    driver.ask("limit", Window(), *steps, {"do": "close"}).sound()


def test_a_report_is_prepared_and_downloaded(driver: Driver, small: Site, tmp_path: Path) -> None:
    steps: list[Step] = [
        {"do": "open", "url": f"{small.url}/reports"},
        SETTLE,
        {"do": "click", "role": "button", "name": "Prepare"},
        {"do": "see", "selector": '[data-testid="stDownloadButton"] button'},
        {"do": "download", "selector": '[data-testid="stDownloadButton"] button', "path": str(tmp_path / "file")},
    ]
    name = driver.ask("report", Window(), *steps, {"do": "close"}).sound()["download"]
    with (tmp_path / "file").open(encoding="utf-8-sig", newline="") as file:
        head, *rows = csv.reader(file)
    assert name.endswith(".csv")
    assert rows
    assert {len(row) for row in rows} == {len(head)}
