from pathlib import Path

import pytest

from tests.recovery.__main__ import main
from tests.recovery.drill import run_drill
from tests.shared.research.recording import options, small


def test_five_lost_tables_come_back_from_the_archive_alone_item_by_item(tmp_path: Path) -> None:
    said: list[str] = []
    done = run_drill(tmp_path, options(tmp_path, small(40)), said.append)
    assert done.differences == []
    assert done.records > 200
    assert min(done.items.values()) > 0
    assert said


def test_the_drill_says_what_it_is() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
