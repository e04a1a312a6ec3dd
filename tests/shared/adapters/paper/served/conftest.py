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


def _opened(settings: VenueSettings) -> Iterator[Trading]:
    opened = Trading(settings)
    yield opened
    opened.close()
