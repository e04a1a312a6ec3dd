import re
from typing import Any

from cdk.functions import FUNCTIONS, GUARDED, STOPS, UNSIGNED
from tests.cdk.synthesis import Resource, Synthesised, several

UNSCOPABLE = {
    "ecr:GetAuthorizationToken",
    *(f"ssmmessages:{act}{kind}Channel" for act in ("Create", "Open") for kind in ("Control", "Data")),
}
"""The actions that know no resource; everything else names what it may touch."""
CHANGES = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "PartiQL")
ONLY_THE_TRADER = ("Orders", "Positions", "Ledger", "Journal")


def signers(house: Synthesised) -> list[Any]:
    statements = [one for key in house.of("AWS::KMS::Key") for one in key.properties["KeyPolicy"]["Statement"]]
    statements += [statement for _, statement in house.statements()]
    return [
        statement.get("Principal", "a role")
        for statement in statements
        if any(action in {"kms:Sign", "kms:*", "*"} for action in several(statement["Action"]))
        and statement["Effect"] == "Allow"
    ]


def test_one_principal_signs_the_live_traders_orders(live: Synthesised) -> None:
    (only,) = signers(live)
    assert str(only).count("Role") >= 1
    (statement,) = (
        one
        for one in live.named("AWS::KMS::Key", "SigningKey").properties["KeyPolicy"]["Statement"]
        if "kms:Sign" in several(one["Action"])
    )
    assert statement["Principal"] == {"AWS": {"Fn::GetAtt": [_trader(live).name, "Arn"]}}
    assert statement["Condition"]["StringEquals"] == {
        "kms:SigningAlgorithm": "ECDSA_SHA_256",
        "kms:MessageType": "DIGEST",
    }


def test_nobody_signs_on_paper(paper: Synthesised) -> None:
    assert paper.named("AWS::KMS::Key", "SigningKey").properties["KeySpec"] == "ECC_SECG_P256K1"
    assert not signers(paper)


def test_nobody_may_give_signing_away(house: Synthesised) -> None:
    for statement in house.named("AWS::KMS::Key", "SigningKey").properties["KeyPolicy"]["Statement"]:
        assert "kms:CreateGrant" not in several(statement["Action"])


def test_no_policy_allows_every_action(house: Synthesised) -> None:
    for policy, statement in house.statements():
        for action in several(statement["Action"]):
            assert "*" not in action, f"{policy.name}: {action}"


def test_only_actions_that_know_no_resource_have_all_of_them(house: Synthesised) -> None:
    seen = set()
    for policy, statement in house.statements():
        if "*" in several(statement["Resource"]):
            actions = set(several(statement["Action"]))
            assert actions <= UNSCOPABLE, f"{policy.name}: {actions}"
            seen |= actions
    assert "ecr:GetAuthorizationToken" in seen


def test_the_dashboard_only_reads_and_may_stop(house: Synthesised) -> None:
    reads = {"DescribeTable", "GetItem", "BatchGetItem", "Query"}
    allowed = {f"dynamodb:{one}" for one in reads} | UNSCOPABLE | {"execute-api:Invoke"}
    actions = set()
    for policy, statement in house.statements():
        if policy.stack == "dashboard":
            actions |= set(several(statement["Action"]))
    assert actions
    assert actions <= allowed


def test_the_dashboard_can_neither_resume_nor_loosen_anything(house: Synthesised) -> None:
    (asks,) = (
        one
        for policy, one in house.statements()
        if policy.stack == "dashboard" and "execute-api:Invoke" in several(one["Action"])
    )
    joined = [
        "".join(part for part in one["Fn::Join"][1] if isinstance(part, str)) for one in several(asks["Resource"])
    ]
    routes = {one.rpartition("/v1/")[2] for one in joined}
    assert routes == {"POST/api/kill", "POST/api/dead-letters"}
    assert routes < set(STOPS)
    assert not [one for one in GUARDED if one in str(asks)]


def test_the_trader_neither_changes_nor_deletes_postings(house: Synthesised) -> None:
    actions = set()
    for policy, statement in house.statements():
        if policy.stack == "trader" and _touches(statement, "Ledger", "Journal"):
            actions |= set(several(statement["Action"]))
    assert "dynamodb:PutItem" in actions
    assert not actions & {f"dynamodb:{one}" for one in CHANGES if one != "PutItem"}


def test_only_the_trader_writes_orders_positions_ledger_and_journal(house: Synthesised) -> None:
    writers = set()
    for policy, statement in house.statements():
        changes = {f"dynamodb:{one}" for one in CHANGES} & set(several(statement["Action"]))
        if changes and _touches(statement, *ONLY_THE_TRADER):
            writers.add(policy.stack)
    assert writers == {"trader"}


def test_functions_write_what_their_row_says(house: Synthesised) -> None:
    for row in FUNCTIONS:
        words = row.name.title().replace("_", "")
        written = [
            statement
            for policy, statement in house.statements()
            if policy.name.startswith(f"{words}Role") and "dynamodb:PutItem" in several(statement["Action"])
        ]
        tables = {word for one in written for word in _tables(one)}
        assert tables == {name.capitalize() for name in row.writes}, row.name


def test_every_function_has_a_role_of_its_own(house: Synthesised) -> None:
    roles = [str(one.properties["Role"]) for one in house.of("AWS::Lambda::Function")]
    assert len(set(roles)) == len(roles) == len(FUNCTIONS)


def test_only_the_rotation_writes_secrets_and_only_it_the_hashes(house: Synthesised) -> None:
    for policy, statement in house.statements():
        actions = set(several(statement["Action"]))
        if actions & {"secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage", "ssm:PutParameter"}:
            assert policy.name.startswith("RotateSecretsRole"), policy.name


def test_the_kill_switch_cannot_read_the_token(house: Synthesised) -> None:
    for policy, statement in house.statements():
        if policy.name.startswith("KillSwitchRole"):
            assert not [one for one in several(statement["Action"]) if one.startswith("secretsmanager:")]


def test_trading_more_needs_a_second_factor_from_everybody(house: Synthesised) -> None:
    (api,) = house.of("AWS::ApiGateway::RestApi")
    (refusal,) = (one for one in api.properties["Policy"]["Statement"] if one["Effect"] == "Deny")
    assert refusal["Principal"] == {"AWS": "*"}
    assert refusal["Condition"] == {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    assert refusal["Resource"] == [f"execute-api:/v1/{route}" for route in GUARDED]
    assert "POST/api/resume" in GUARDED


def test_the_api_lets_nobody_in_whom_no_policy_of_this_account_lets_in(house: Synthesised) -> None:
    (api,) = house.of("AWS::ApiGateway::RestApi")
    (open_doors,) = (one for one in api.properties["Policy"]["Statement"] if one["Effect"] == "Allow")
    assert several(open_doors["Resource"]) == ["execute-api:/v1/POST/kill/token", "execute-api:/v1/POST/telegram"]
    unsigned = [one for one in house.of("AWS::ApiGateway::Method") if one.properties["AuthorizationType"] == "NONE"]
    assert len(unsigned) == len(UNSIGNED)


def test_an_operator_needs_a_second_factor_and_a_stopper_none(house: Synthesised) -> None:
    (operate,) = house.named("AWS::IAM::ManagedPolicy", "Operator").properties["PolicyDocument"]["Statement"]
    (stop,) = house.named("AWS::IAM::ManagedPolicy", "Stopper").properties["PolicyDocument"]["Statement"]
    assert operate["Condition"] == {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    assert "Condition" not in stop
    assert "resume" not in str(stop)


def test_every_route_but_two_asks_who_it_is(house: Synthesised) -> None:
    open_to_all = [one for one in house.of("AWS::ApiGateway::Method") if one.properties["AuthorizationType"] == "NONE"]
    assert sorted(str(one.properties["RequestParameters"]) for one in open_to_all) == [
        "{'method.request.header.x-kill-token': True}",
        "{'method.request.header.x-telegram-bot-api-secret-token': True}",
    ]
    others = [one for one in house.of("AWS::ApiGateway::Method") if one not in open_to_all]
    assert {one.properties["AuthorizationType"] for one in others} == {"AWS_IAM"}


def test_a_service_acts_for_this_account_alone(house: Synthesised) -> None:
    (topic,) = house.of("AWS::SNS::TopicPolicy")
    for statement in topic.properties["PolicyDocument"]["Statement"]:
        if statement["Effect"] == "Allow" and statement["Principal"] != {"Service": "events.amazonaws.com"}:
            assert statement["Condition"]["StringEquals"]["aws:SourceAccount"] == {"Ref": "AWS::AccountId"}


def test_a_trader_that_wrote_postings_anew_would_be_seen() -> None:
    tables = {"Fn::ImportValue": "house-paper-data:ExportsOutputFnGetAttTablesLedger1ArnX"}
    assert _touches({"Resource": tables}, "Ledger")
    assert not _touches({"Resource": tables}, "Journal")


def _trader(house: Synthesised) -> Resource:
    (role,) = (one for one in house.of("AWS::IAM::Role") if one.stack == "trader" and one.name.startswith("Role"))
    return role


def _tables(statement: Any) -> set[str]:
    """The tables a statement names: they are exported by the data stack under their construct's name."""
    return set(re.findall(r"GetAttTables([A-Z][a-z]+?)[0-9A-F]{8}Arn", str(statement["Resource"])))


def _touches(statement: Any, *tables: str) -> bool:
    return any(f"Tables{name}" in str(statement["Resource"]) for name in tables)
