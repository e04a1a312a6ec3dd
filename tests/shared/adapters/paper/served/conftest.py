from collections.abc import Iterator

import pytest

from shared.adapters.paper.orders import VenueSettings
from tests.shared.adapters.paper.served.trading import Trading


@pytest.fixture
def trading() -> Iterator[Trading]:
    """A trader and its venue, with a line between them."""
    yield from _opened(VenueSettings(books=True))


@pytest.fixture
def on_prints() -> Iterator[Trading]:
    """The same with a venue that fills from public prints."""
    yield from _opened(VenueSettings())


@pytest.fixture
def direct() -> Iterator[Trading]:
    """The same as the first without the line, on which the end of the venue is seen at once."""
    yield from _opened(VenueSettings(books=True), direct=True)


def _opened(settings: VenueSettings, *, direct: bool = False) -> Iterator[Trading]:
    opened = Trading(settings, direct=direct)
    yield opened
    opened.close()
