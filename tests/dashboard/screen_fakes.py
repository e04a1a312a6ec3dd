"""Markets on screen as the queries answer them, by hand."""

from shared.domain.screens import Tab, Tabs, View


class FakeScreens:
    """Markets on screen, from a list and by slot."""

    def __init__(self) -> None:
        self.known: list[Tab] = []
        self.views: dict[int, View] = {}

    def tabs(self) -> Tabs:
        return Tabs(1, tuple(self.known))

    def view(self, slot: int) -> View | None:
        return self.views.get(slot)

    def show(self, tab: Tab, shown: View) -> None:
        self.known.append(tab)
        self.views[tab.slot] = shown
