from collections.abc import Callable

import pytest

from tests.contracts.venue.face import VenueUnderTest
from tests.contracts.venue.paper import FAILING, SETTLING, PaperUnderTest

Makers = dict[str, Callable[[], VenueUnderTest]]
_VENUES: Makers = {"paper": PaperUnderTest}
_SETTLING: Makers = {"paper": lambda: PaperUnderTest(SETTLING)}
_FAILING: Makers = {"paper": lambda: PaperUnderTest(FAILING)}


@pytest.fixture(params=list(_VENUES))
def venue(request: pytest.FixtureRequest) -> VenueUnderTest:
    """Every venue there is, one after the other."""
    return _VENUES[request.param]()


@pytest.fixture(params=list(_SETTLING))
def settling(request: pytest.FixtureRequest) -> VenueUnderTest:
    """The same where executions settle on a chain, and all of them do."""
    return _SETTLING[request.param]()


@pytest.fixture(params=list(_FAILING))
def failing(request: pytest.FixtureRequest) -> VenueUnderTest:
    """The same where none of them does."""
    return _FAILING[request.param]()
