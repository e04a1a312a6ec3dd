from hypothesis import assume, given
from hypothesis import strategies as st

from shared.domain.ids import fact_id, intent_id, order_key, salt_of

FACTS = st.lists(st.text(alphabet="ab:1|#/", max_size=4), max_size=4)


@given(st.text(alphabet="ab1:", max_size=3), FACTS, st.text(alphabet="ab1:", max_size=3), FACTS)
def test_different_facts_never_give_the_same_id_by_joining(
    kind: str, facts: list[str], other_kind: str, others: list[str]
) -> None:
    assume((kind, facts) != (other_kind, others))
    assert fact_id(kind, *facts) != fact_id(other_kind, *others)


def test_an_id_is_the_same_on_every_machine() -> None:
    assert fact_id("posting", "fill", 1) == fact_id("posting", "fill", 1) == "4a887eb10810a4c4b8543967a32d5ccf"


@given(st.permutations(["a", "b", "c", "d", "e", "f"]))
def test_every_part_of_an_intent_counts_and_so_does_its_place(parts: list[str]) -> None:
    same = parts == ["a", "b", "c", "d", "e", "f"]
    assert (intent_id(*parts) == intent_id("a", "b", "c", "d", "e", "f")) is same


def test_an_order_key_is_the_intent_and_its_leg() -> None:
    assert order_key("abc", 2) == "abc.2"


@given(st.text())
def test_a_salt_fits_a_json_number(key: str) -> None:
    assert 0 <= salt_of(key) < 2**53
    assert float(salt_of(key)) == salt_of(key)


def test_two_legs_have_different_salts() -> None:
    assert salt_of("intent.1") != salt_of("intent.2")
