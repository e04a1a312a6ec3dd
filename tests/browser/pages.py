"""Which pages there are, as the menu lists them: a new page is looked at from the day it is listed."""

from msgspec import Struct

from dashboard.menu import MENU


class Page(Struct, frozen=True):
    """A page: its title, and its path below the address of the dashboard."""

    title: str
    path: str

    @property
    def name(self) -> str:
        """What its files are called."""
        return self.title.lower().replace(" ", "-")


PAGES = [Page(one.title, one.path) for one in MENU]
