"""The month's bill of what was synthesised: ``python -m cdk.cost [cdk.out]``, line by line, in dollars.

Amounts that a template says (processors, alarms, keys) are read from it; amounts that only a month says are in
cdk/prices.py with their reasons.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdk.prices import (
    BALANCER_UNITS,
    CALLS_OF,
    DATE,
    FREE,
    HOURS,
    MINUTES,
    PRICES,
    REGION,
    SECONDS_OF,
    SOURCE,
    USES,
    VISITORS,
)

RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
CRON = re.compile(r"cron\(\S+ (?P<hours>\S+) .*\)")


@dataclass(frozen=True)
class Resource:
    """One resource of a template, under the name it has there."""

    template: str
    name: str
    kind: str
    properties: Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """One line of the bill: ``amount`` units for ``dollars``; what is free of it is already taken off."""

    name: str
    amount: float
    dollars: float
    free: float = 0.0


def bill(resources: Sequence[Resource]) -> list[Line]:
    """The bill of a deployment's resources; ``ValueError`` for a schedule that cannot be counted."""
    lines = [line for line in _lines(resources) if line.amount > 0]
    return sorted(lines, key=lambda line: (-line.dollars, line.name))


def resources_of(folder: Path) -> list[Resource]:
    """Every resource of the templates in a folder; ``ValueError`` when there is no template."""
    templates = sorted(folder.glob("*.template.json"))
    if not templates:
        raise ValueError(f"there is no template in {folder}; run `make synth` first")
    return [
        Resource(template.name, name, one["Type"], one.get("Properties", {}))
        for template in templates
        for name, one in json.loads(template.read_text(encoding="utf-8"))["Resources"].items()
    ]


def table(lines: Sequence[Line]) -> str:
    """The bill as people read it."""
    total, free = sum(line.dollars for line in lines), sum(line.free for line in lines)
    rows = [f"A month of this deployment in {REGION}, at the list prices of {DATE}", ""]
    rows += [f"  {line.name:<36}{_amount(line.amount):>14}{line.dollars:>9.2f}" for line in lines]
    rows += ["", f"  {'total':<36}{'':>14}{total:>9.2f} dollars"]
    rows += [f"  {'(without what every account has free':<36}{'':>14}{total + free:>9.2f} dollars)"]
    rows += [f"  prices: {SOURCE}; amounts that no template says: cdk/prices.py"]
    return "\n".join(rows)


def runs_a_month(expression: str) -> float:
    """How often a schedule starts its function in a month; ``ValueError`` for one that this cannot read."""
    if match := RATE.fullmatch(expression):
        return MINUTES / (int(match[1]) * {"minute": 1, "hour": 60, "day": 1_440}[match[2]])
    if match := CRON.fullmatch(expression):
        first, _, step = match["hours"].partition("/")
        if first.isdecimal() and (step.isdecimal() or not step):
            return HOURS / 24 * (-(-(24 - int(first)) // int(step)) if step else 1)
    raise ValueError(f"schedule {expression!r}: must be rate(n unit) or cron(minute hour ...), hour as n or n/step")


def _lines(resources: Sequence[Resource]) -> Iterator[Line]:
    yield from _tasks(resources)
    yield from _functions(resources)
    for name, kind, unit in (
        ("CloudWatch alarm", "AWS::CloudWatch::Alarm", 1),
        ("CloudWatch page", "AWS::CloudWatch::Dashboard", 1),
        ("KMS key", "AWS::KMS::Key", 1),
        ("secret", "AWS::SecretsManager::Secret", 1),
        ("NAT gateway, hour", "AWS::EC2::NatGateway", HOURS),
        ("load balancer, hour", "AWS::ElasticLoadBalancingV2::LoadBalancer", HOURS),
    ):
        yield _line(name, unit * len(_of(resources, kind)))
    if balancers := _of(resources, "AWS::ElasticLoadBalancingV2::LoadBalancer"):
        yield _line("load balancer capacity unit, hour", BALANCER_UNITS.amount * HOURS * len(balancers))
        yield _line("public IPv4 address, hour", 2 * HOURS * len(balancers))  # one in each zone
    if _of(resources, "AWS::Cognito::UserPool"):
        yield _line("Cognito visitor", VISITORS.amount)
    if _of(resources, "AWS::DynamoDB::Table"):
        yield _line("DynamoDB recovery GB", USES["DynamoDB GB"].amount)
    for name, use in USES.items():
        yield _line(name, use.amount)


def _tasks(resources: Sequence[Resource]) -> Iterator[Line]:
    """Services that run; one whose count is 0 costs nothing."""
    definitions = {(one.template, one.name): one.properties for one in _of(resources, "AWS::ECS::TaskDefinition")}
    cores = memory = addresses = 0.0
    for service in _of(resources, "AWS::ECS::Service"):
        count = service.properties["DesiredCount"]
        task = definitions[service.template, service.properties["TaskDefinition"]["Ref"]]
        cores += count * int(task["Cpu"]) / 1_024
        memory += count * int(task["Memory"]) / 1_024
        network = service.properties["NetworkConfiguration"]["AwsvpcConfiguration"]
        addresses += count * (network["AssignPublicIp"] == "ENABLED")
    yield _line("Fargate ARM vCPU, hour", cores * HOURS)
    yield _line("Fargate ARM GB, hour", memory * HOURS)
    yield _line("public IPv4 address, hour", addresses * HOURS)


def _functions(resources: Sequence[Resource]) -> Iterator[Line]:
    """Runs by schedule or by the table of calls, as long as they last, in the memory they have."""
    schedules = {
        _function_name(one.properties["Name"]): runs_a_month(one.properties["ScheduleExpression"])
        for one in _of(resources, "AWS::Scheduler::Schedule")
    }
    calls = seconds = 0.0
    for one in _of(resources, "AWS::Lambda::Function"):
        name = _function_name(one.properties["FunctionName"])
        runs = schedules[name] if name in schedules else CALLS_OF[name].amount
        calls += runs
        seconds += runs * SECONDS_OF.get(name, 1.0) * one.properties["MemorySize"] / 1_024
    yield _line("Lambda ARM GB-second", seconds, FREE["Lambda GB-second"])
    yield _line("Lambda request", calls)
    yield _line("schedule call", sum(schedules.values()))
    if _of(resources, "AWS::ApiGateway::RestApi"):
        routed = ("kill_switch", "telegram_webhook", "control_api")
        asked = sum(CALLS_OF[name].amount for name in routed)
        yield _line("API request", asked)
        if any(one.properties.get("TracingEnabled") for one in _of(resources, "AWS::ApiGateway::Stage")):
            yield _line("X-Ray trace", asked)


def _line(name: str, amount: float, free: float | None = None) -> Line:
    allowance = FREE.get(name, 0) if free is None else free
    taken = min(amount, allowance)
    return Line(name, amount, (amount - taken) * PRICES[name], taken * PRICES[name])


def _of(resources: Sequence[Resource], kind: str) -> list[Resource]:
    return [one for one in resources if one.kind == kind]


def _function_name(name: str) -> str:
    return name.rpartition("-")[2]


def _amount(amount: float) -> str:
    return f"{amount:,.0f}" if amount >= 100 else f"{amount:,.1f}"


def main(words: Sequence[str], say: Callable[[str], object] = print) -> int:
    """Print the bill; 1 when it is above ``--most`` or cannot be made, which one sentence says."""
    parser = argparse.ArgumentParser(prog="python -m cdk.cost", description="The month's bill of what was synthesised.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path("cdk.out"), help="where the templates are")
    parser.add_argument("--most", type=float, default=None, help="exit with 1 when the bill is above so many dollars")
    asked = parser.parse_args(words)
    try:
        lines = bill(resources_of(asked.folder))
    except ValueError as error:
        print(f"cost: {error}", file=sys.stderr)
        return 1
    say(table(lines))
    total = sum(line.dollars for line in lines)
    if asked.most is not None and total > asked.most:
        print(f"cost: {total:.2f} dollars a month are above {asked.most:.2f}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
