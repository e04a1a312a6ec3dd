from collections.abc import Callable, Iterator

import pytest

from shared.adapters.paper.orders import VenueSettings
from tests.contracts.venue.face import VenueUnderTest
from tests.contracts.venue.paper import FAILING, SETTINGS, SETTLING, PaperUnderTest, ServedUnderTest

_VENUES: dict[str, Callable[[VenueSettings], VenueUnderTest]] = {
    "paper": PaperUnderTest,
    "served": ServedUnderTest,
    "served, dying": lambda settings: ServedUnderTest(settings, dies=True),
}


def _opened(name: str, settings: VenueSettings) -> Iterator[VenueUnderTest]:
    venue = _VENUES[name](settings)
    yield venue
    venue.close()


@pytest.fixture(params=list(_VENUES))
def venue(request: pytest.FixtureRequest) -> Iterator[VenueUnderTest]:
    """Every venue there is, one after the other."""
    yield from _opened(request.param, SETTINGS)


@pytest.fixture(params=list(_VENUES))
def settling(request: pytest.FixtureRequest) -> Iterator[VenueUnderTest]:
    """The same where executions settle on a chain, and all of them do."""
    yield from _opened(request.param, SETTLING)


@pytest.fixture(params=list(_VENUES))
def failing(request: pytest.FixtureRequest) -> Iterator[VenueUnderTest]:
    """The same where none of them does."""
    yield from _opened(request.param, FAILING)
