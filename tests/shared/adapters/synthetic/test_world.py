"""Streams: reproducible, and independent of each other."""

from datetime import UTC, datetime

import numpy as np

from shared.adapters.synthetic.world import BASE_TS, STREAMS, streams


def test_the_world_begins_at_the_documented_instant() -> None:
    assert datetime.fromtimestamp(BASE_TS, UTC) == datetime(2026, 6, 1, tzinfo=UTC)


def test_streams_repeat_with_the_seed_and_differ_from_each_other() -> None:
    first, again, other = ({name: rng.random(4).tolist() for name, rng in streams(seed).items()} for seed in (1, 1, 2))
    assert first == again
    assert len({tuple(numbers) for world in (first, other) for numbers in world.values()}) == 2 * len(STREAMS)


def test_drawing_from_one_stream_leaves_the_others_alone() -> None:
    touched, fresh = streams(3), streams(3)
    touched["prices"].random(1_000)
    assert np.array_equal(touched["wallets"].random(8), fresh["wallets"].random(8))
