import re

from msgspec.structs import replace

from dashboard.market_html import books, cards, levels, two_sided
from dashboard.market_words import Share
from shared.domain.screens import TokenScreen
from tests.dashboard.market_fakes import UP, view

NAMES = ("Up", "Down")


def words(html: str) -> str:
    """What a reader sees."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_both_outcomes_are_shown_side_by_side_with_what_a_share_costs() -> None:
    assert words(cards(view().screen, NAMES)) == "▲ Up 49¢ sell 47¢ · last 48¢ ▼ Down 53¢ sell 51¢ · last 52¢"


def test_where_nobody_sells_the_last_price_is_shown_and_said_to_be_that() -> None:
    shown = cards(replace(view().screen, tokens=(TokenScreen(480_000), TokenScreen())), NAMES)
    assert words(shown) == "▲ Up 48¢ sell – · last 48¢ ▼ Down – sell – · last –"
    assert "last traded at; nobody sells at the moment" in shown


def test_a_bar_has_both_sides_in_words_and_for_those_who_do_not_see_it() -> None:
    shown = two_sided(Share(30, "Up $3.00", "Down $7.00"), "Pressure", "Money.")
    assert words(shown) == "▲ Up $3.00 Down $7.00 ▼"
    assert 'aria-label="Pressure: Up $3.00, Down $7.00"' in shown
    assert "flex:30" in shown
    assert "flex:70" in shown


def test_a_book_goes_from_the_highest_offer_down_to_the_lowest_bid() -> None:
    up, down = books(view().screen, NAMES).split("</table>")[:2]
    assert words(up) == "Up Shares Price 600 50¢ 150 49¢ spread 2¢ 300 47¢ 900 46¢"
    assert words(down) == "Down Shares Price 300 53¢ spread 2¢ 150 51¢"


def test_the_bar_behind_a_size_is_its_part_of_the_largest() -> None:
    assert re.findall(r"--d:(\d+)%", books(view().screen, NAMES))[:4] == ["66", "16", "33", "100"]
    assert "150 shares offered at 49¢: $73" in books(view().screen, NAMES)


def test_a_side_without_orders_has_no_spread_and_no_book_at_all_is_a_dash() -> None:
    screen = replace(view().screen, tokens=(replace(UP, bids=()), TokenScreen()))
    assert words(books(screen, NAMES)) == "Up Shares Price 600 50¢ 150 49¢ no spread Down Shares Price –"


def test_names_of_outcomes_are_text_and_never_markup() -> None:
    names = ("<b>x</b>", '"y"')
    shown = cards(view().screen, names) + books(view().screen, names)
    assert "<b>x" not in shown
    assert "&lt;b&gt;x" in shown
    assert two_sided(Share(1, names[0], names[1]), "n", "e").count("&quot;y&quot;") == 2


def test_levels_are_pairs() -> None:
    assert levels((47, 300, 46, 900)) == [(47, 300), (46, 900)]
