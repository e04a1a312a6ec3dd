"""Synthetic days made once and read by many tests."""

import pytest

from shared.adapters.synthetic import generate
from tests.shared.adapters.synthetic.day import Day


@pytest.fixture(scope="session")
def house_day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    return Day(generate(7, 24.0, tmp_path_factory.mktemp("house")))


@pytest.fixture(scope="session")
def short_day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    return Day(generate(3, 1.5, tmp_path_factory.mktemp("short")))
