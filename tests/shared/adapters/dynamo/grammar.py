"""The part of DynamoDB's documented expression grammar that we may use, as a parser that raises ``ValueError``.

https: docs.aws.amazon.com, "Comparison operator and function reference" and "Update expressions". Conditions have
operands without arithmetic; only the right side of SET may add or subtract, once.
"""

import re

_TOKEN = re.compile(r"\s*(#\w+|:\w+|[A-Za-z_]\w*|<>|<=|>=|[=<>(),+\-.])")
_COMPARATORS = frozenset({"=", "<>", "<", "<=", ">", ">="})
_TESTS = {"attribute_exists": 1, "attribute_not_exists": 1, "attribute_type": 2, "begins_with": 2, "contains": 2}


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        at = 0
        while at < len(text.rstrip()):
            match = _TOKEN.match(text, at)
            if match is None:
                raise ValueError(f"unknown sign at {text[at:]!r}")
            self._tokens.append(match.group(1))
            at = match.end()
        self._tokens.append("")
        self._at = 0

    @property
    def next(self) -> str:
        return self._tokens[self._at]

    def take(self, *wanted: str) -> str:
        token = self.next
        if wanted and token not in wanted:
            raise ValueError(f"expected {' or '.join(wanted)}, found {token or 'the end'!r}")
        self._at += 1
        return token

    def path(self) -> None:
        while True:
            token = self.take()
            if not re.fullmatch(r"#?\w+", token) or token[0].isdigit():
                raise ValueError(f"expected a path, found {token!r}")
            if self.next != ".":
                return
            self.take(".")

    def operand(self) -> None:
        if self.next.startswith(":"):
            self.take()
        elif self.next == "size":
            self.take()
            self.take("(")
            self.path()
            self.take(")")
        else:
            self.path()

    def condition(self) -> None:
        self.term()
        while self.next in ("AND", "OR"):
            self.take()
            self.term()

    def term(self) -> None:
        if self.next == "NOT":
            self.take()
            self.term()
        elif self.next == "(":
            self.take()
            self.condition()
            self.take(")")
        elif self.next in _TESTS:
            self.test()
        else:
            self.comparison()

    def test(self) -> None:
        count = _TESTS[self.take()]
        self.take("(")
        self.path()
        for _ in range(count - 1):
            self.take(",")
            self.operand()
        self.take(")")

    def comparison(self) -> None:
        self.operand()
        if self.next == "BETWEEN":
            self.take()
            self.operand()
            self.take("AND")
            self.operand()
        elif self.next == "IN":
            self.take()
            self.take("(")
            self.operand()
            while self.next == ",":
                self.take()
                self.operand()
            self.take(")")
        else:
            self.take(*sorted(_COMPARATORS))
            self.operand()

    def update(self) -> None:
        while self.next:
            clause = self.take("SET", "REMOVE", "ADD", "DELETE")
            self.action(clause)
            while self.next == ",":
                self.take()
                self.action(clause)

    def action(self, clause: str) -> None:
        self.path()
        if clause == "SET":
            self.take("=")
            self.update_operand()
            if self.next in ("+", "-"):
                self.take()
                self.update_operand()
        elif clause in ("ADD", "DELETE"):
            value = self.take()
            if not value.startswith(":"):
                raise ValueError(f"expected a value, found {value!r}")

    def update_operand(self) -> None:
        if self.next in ("if_not_exists", "list_append"):
            self.take()
            self.take("(")
            self.update_operand()
            self.take(",")
            self.update_operand()
            self.take(")")
        elif self.next.startswith(":"):
            self.take()
        else:
            self.path()

    def end(self) -> None:
        if self.next:
            raise ValueError(f"unexpected {self.next!r}")


def check_condition(text: str) -> None:
    """A condition, filter or key condition."""
    parser = _Parser(text)
    parser.condition()
    parser.end()


def check_update(text: str) -> None:
    """An update expression."""
    parser = _Parser(text)
    parser.update()
    parser.end()
