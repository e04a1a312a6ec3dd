import pytest

from tests.contracts.venue.face import VenueUnderTest
from tests.contracts.venue.paper import PaperUnderTest


@pytest.fixture(params=["paper"])
def venue(request: pytest.FixtureRequest) -> VenueUnderTest:
    """Every venue there is, one after the other."""
    return {"paper": PaperUnderTest}[request.param]()
