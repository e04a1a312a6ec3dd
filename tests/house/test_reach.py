from tests.house.reach import names_of, reached, repeated_orders, submits
from tests.house.source import module_of, modules

VENUE = module_of("shared/adapters/v.py", "class V:\n    def submit(self, order, at): ...")
CALLER = module_of("fargate/c.py", "from shared.adapters.v import V\ndef f(venue): venue.submit(1, 2)")
REPEATS = module_of("functions/r/handler.py", "from aws_lambda_powertools.utilities.idempotency import idempotent")
BOTH = module_of("functions/b/handler.py", f"{REPEATS.text}\nfrom shared.adapters.helper import g")
HELPER = module_of("shared/adapters/helper.py", "def f():\n    from shared.adapters import v")
SENDS_BY_REPEATS = module_of("functions/s.py", "import functions.r.handler\ndef f(venue): venue.submit(1, 2)")


def test_no_idempotency_decorator_is_reachable_from_the_submission_of_an_order() -> None:
    findings = list(repeated_orders(modules()))
    assert not findings, "\n".join(findings)


def test_the_rule_sees_who_sends_orders() -> None:
    senders = [module.path for module in modules() if module.is_in("shared", "fargate") and submits(module)]
    assert "shared/adapters/paper/venue.py" in senders
    assert "fargate/at_venue.py" in senders
    assert "shared/research/driver.py" in senders


def test_a_decorator_that_reaches_a_venue_is_found_and_so_is_a_venue_that_reaches_one() -> None:
    assert len(list(repeated_orders([VENUE, HELPER, BOTH]))) == 1
    assert len(list(repeated_orders([SENDS_BY_REPEATS, REPEATS]))) == 1
    assert list(repeated_orders([VENUE, CALLER, REPEATS, HELPER])) == []


def test_imports_are_followed_through_functions_and_packages() -> None:
    known = names_of([VENUE, HELPER, BOTH])
    assert set(reached("functions.b.handler", known)) == {
        "functions.b.handler",
        "shared.adapters.helper",
        "shared.adapters.v",
    }
