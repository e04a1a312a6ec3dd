import pytest

from dashboard.queries.screens import KEPT_NS, DynamoScreens
from shared.adapters.dynamo.readers import Readers
from shared.adapters.dynamo.views import Views
from shared.domain.screens import Screen, Tab, Tabs, View, Why, owner
from tests.contracts.embedded import Embedded
from tests.dashboard.fakes import NOW


class Account:
    """The screens of one account of the embedded server, and the views that fill them."""

    def __init__(self, embedded: Embedded) -> None:
        name = embedded.account()
        self.views = Views(name, embedded.tables)
        self.clock = NOW
        self.screens = DynamoScreens(Readers("test-", embedded.server.endpoint), name, lambda: self.clock)


@pytest.fixture
def tested(embedded: Embedded) -> Account:
    return Account(embedded)


def test_where_the_trader_has_written_nothing_there_are_no_tabs(tested: Account) -> None:
    assert tested.screens.tabs() == Tabs(0)
    assert tested.screens.view(1) is None


def test_screens_are_read_for_everybody_who_looks_at_the_same_time(tested: Account) -> None:
    tabs, shown = Tabs(NOW, (Tab(1, "m", Why.HELD),)), Screen(owner("m"), NOW, 10_000, 10)
    assert (tested.screens.tabs(), tested.screens.view(1)) == (Tabs(0), None)
    tested.views.put_screen("screens", tabs)
    tested.views.put_screen("screen#1", shown)
    assert (tested.screens.tabs(), tested.screens.view(1)) == (Tabs(0), None)
    tested.clock += 20 * KEPT_NS
    assert (tested.screens.tabs(), tested.screens.view(1)) == (tabs, View(shown))
    assert tested.screens.view(2) is None
