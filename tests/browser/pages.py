"""Which pages there are, as the entrance lists them: a new page is looked at from the day it is listed."""

import ast
from pathlib import Path

from msgspec import Struct

from tests.browser.driver import ROOT

ENTRANCE = ROOT / "dashboard" / "app.py"


class Page(Struct, frozen=True):
    """A page: its title, and its path below the address of the dashboard."""

    title: str
    path: str

    @property
    def name(self) -> str:
        """What its files are called."""
        return self.title.lower().replace(" ", "-")


def pages(text: str) -> list[Page]:
    """The pages that an entrance lists in ``PAGES``, in their order."""
    listed = next(
        node.value
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["PAGES"]
    )
    return [_page(call) for call in ast.walk(listed) if isinstance(call, ast.Call)]


def _page(call: ast.Call) -> Page:
    told = {word.arg: ast.literal_eval(word.value) for word in call.keywords}
    stem = Path(ast.literal_eval(call.args[0])).stem
    return Page(told["title"], "/" if told.get("default") else f"/{told.get('url_path', stem)}")


PAGES = pages(ENTRANCE.read_text(encoding="utf-8"))
