import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.journal.lines import LinesFile, framed, unframed
from shared.domain.errors import BadInput, Corrupt

LINES = [b'{"a":1}', b'"two \\u00e9"', b"[3]"]


def test_what_was_appended_is_read_again_in_order(tmp_path: Path) -> None:
    file = LinesFile(tmp_path / "deep" / "journal")
    file.append(LINES[:2])
    file.append([])
    file.append(LINES[2:])
    assert file.read() == LINES
    file.close()
    again = LinesFile(tmp_path / "deep" / "journal")
    assert again.read() == LINES
    again.append([b"4"])
    assert again.read() == [*LINES, b"4"]
    again.close()


@given(keep=st.integers(min_value=0), tail=st.binary(max_size=40))
def test_a_torn_end_is_cut_and_everything_before_it_stays(keep: int, tail: bytes) -> None:
    whole = b"".join(framed(line) for line in LINES)
    kept = whole[: keep % (len(whole) + 1)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        path.write_bytes(kept + tail)
        file = LinesFile(path)
        found = file.read()
        assert found == LINES[: len(found)]
        assert b"".join(framed(line) for line in found) == path.read_bytes()
        assert file.cut == len(kept) + len(tail) - path.stat().st_size
        assert len(found) >= sum(1 for n in range(1, 4) if len(b"".join(map(framed, LINES[:n]))) <= len(kept))
        file.append([b'"after"'])
        assert file.read() == [*found, b'"after"']
        file.close()


@given(data=st.binary(max_size=60), at=st.integers(min_value=0), flip=st.integers(1, 255))
def test_a_changed_byte_is_noticed(data: bytes, at: int, flip: int) -> None:
    line = bytearray(framed(b'{"hex":"' + data.hex().encode() + b'"}')[:-1])
    before = bytes(line)
    line[at % len(line)] ^= flip
    assert unframed(before) is not None
    assert unframed(bytes(line)) in (None, unframed(before))


def test_a_damaged_line_before_a_good_one_is_corrupt_and_nothing_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    content = framed(LINES[0]) + framed(LINES[1])[:-5] + b"\n" + framed(LINES[2])
    path.write_bytes(content)
    with pytest.raises(Corrupt, match="line 2 is damaged, but line 3 after it is not"):
        LinesFile(path)
    assert path.read_bytes() == content


def test_a_file_changed_while_in_use_is_corrupt(tmp_path: Path) -> None:
    file = LinesFile(tmp_path / "journal")
    file.append(LINES)
    content = file.path.read_bytes()
    file.path.write_bytes(content.replace(b'{"a":1}', b'{"a":2}'))
    with pytest.raises(Corrupt, match="line 1"):
        file.read()
    file.close()


def test_two_runs_cannot_share_a_file(tmp_path: Path) -> None:
    file = LinesFile(tmp_path / "journal")
    with pytest.raises(BadInput, match="in use by another run"):
        LinesFile(tmp_path / "journal")
    file.close()


def test_a_file_that_cannot_be_written_stops_everything(tmp_path: Path) -> None:
    file = LinesFile(tmp_path / "journal")
    file.close()
    with pytest.raises(Corrupt, match="cannot be written"):
        file.append(LINES)


def test_a_full_disk_stops_everything(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no device that is always full")
    file = LinesFile(tmp_path / "journal")
    file._file.close()
    with full.open("r+b", buffering=0) as device:
        file._file = device
        with pytest.raises(Corrupt, match="cannot be written"):
            file.append(LINES)
