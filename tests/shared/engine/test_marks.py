from hypothesis import given
from hypothesis import strategies as st

from shared.domain.money import ONE, value
from shared.engine.marks import Marks

STEPS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 10**9), st.integers(1, ONE - 1)), max_size=30)


@given(STEPS)
def test_the_total_is_the_sum_of_what_each_token_is_worth(steps: list[tuple[str, int, int]]) -> None:
    marks = Marks()
    held: dict[str, tuple[int, int]] = {}
    for token, size, price in steps:
        before, last = held.get(token, (0, price))
        if size % 3 == 0 and token in held:
            marks.price(token, price)
            held[token] = (before, price)
        else:
            marks.resize(token, size - before, price)
            held[token] = (size, last)
        held = {name: pair for name, pair in held.items() if pair[0]}
        assert {name: (entry[0], entry[1]) for name, entry in marks.held.items()} == held
        assert marks.total == sum(value(*pair) for pair in held.values())
