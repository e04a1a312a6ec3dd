"""`make screens`: how long a reader of a full account waits, as a table, with every page kept as a picture.

Exit code 1 when something takes longer than it may. The machine's other work counts as well: measure in a quiet hour.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.browser.driver import DESKTOP, PHONE, SCREENS, Driver, Window, missing
from tests.browser.figures import MEASURES, Figure
from tests.browser.pages import PAGES
from tests.browser.population import SIZES
from tests.browser.reads import Reads, reads
from tests.browser.site import Cloud, Site


def measure(site: Site, driver: Driver) -> list[Figure | Reads]:
    """Every figure, told as it comes."""
    found: list[Figure | Reads] = []
    for what in MEASURES:
        for figure in what(driver, site):
            print(figure.line(66), flush=True)
            found.append(figure)
    asked = reads(site)
    print(f"{asked.line(66)}\nread units a second by table: {asked.tables()}", flush=True)
    return [*found, asked]


def picture(site: Site, driver: Driver, size: str) -> None:
    """Every page through every window, under build/screens."""
    for width, height in (DESKTOP, PHONE):
        for theme in ("light", "dark"):
            window, session = Window(width, height, theme), f"picture-{width}-{theme}"
            for page in PAGES:
                path = str(SCREENS / f"{size}-{page.name}-{width}-{theme}.png")
                steps = ({"do": "open", "url": site.url + page.path}, {"do": "settle"})
                driver.ask(session, window, *steps, {"do": "screenshot", "path": path}).sound()


def main() -> int:
    """Fill, measure, print, keep the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=list(SIZES), default="large", help="how full the account is")
    parser.add_argument("--pictures", action="store_true", help="the pictures only")
    options = parser.parse_args()
    if lacking := missing():
        print(f"make screens: {lacking}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="screens-") as folder, Cloud(Path(folder)) as cloud:
        began, size = time.monotonic(), SIZES[options.size]
        with Site(cloud, options.size) as site, Driver() as driver:
            print(
                f"an account with {size.decisions:,} decisions, {size.orders:,} orders and {size.whales:,} whales, "
                f"written in {time.monotonic() - began:.0f} s"
            )
            figures = [] if options.pictures else measure(site, driver)
            picture(site, driver, options.size)
    print(f"every page as a picture in {SCREENS.relative_to(Path.cwd())}")
    return 1 if any(figure.missed for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
