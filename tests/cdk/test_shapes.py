import json
from typing import Any

from cdk.alarms import CONDITIONS, TRADER
from cdk.constructs.messages import RECEIVES
from cdk.functions import FUNCTIONS
from shared.settings import StateSettings, retention
from tests.cdk.synthesis import Resource, Synthesised, several
from tests.house.source import ROOT

STATEFUL = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::SecretsManager::Secret")


def test_what_holds_state_outlives_its_stack(house: Synthesised) -> None:
    for kind in STATEFUL:
        for one in house.of(kind):
            assert one.whole["DeletionPolicy"] == "Retain", one.name
            assert one.whole["UpdateReplacePolicy"] == "Retain", one.name


def test_every_table_can_be_restored_and_cannot_be_deleted(house: Synthesised) -> None:
    for table in house.of("AWS::DynamoDB::Table"):
        assert table.properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert table.properties["DeletionProtectionEnabled"] is True
        assert table.properties["BillingMode"] == "PAY_PER_REQUEST"


def test_the_stacks_that_hold_state_and_money_cannot_be_deleted_by_mistake(house: Synthesised) -> None:
    manifest = json.loads((house.folder / "manifest.json").read_text())["artifacts"]
    for word in ("data", "trader"):
        assert manifest[f"house-{house.choice}-{word}"]["properties"]["terminationProtection"] is True


def test_what_may_change_later_is_streamed_with_what_it_was(house: Synthesised) -> None:
    streams = {_table(one): one.properties.get("StreamSpecification") for one in house.of("AWS::DynamoDB::Table")}
    both = {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert {name for name, stream in streams.items() if stream == both} == {"journal", "ledger", "orders"}


def test_no_money_is_kept_in_a_table_whose_items_end(house: Synthesised) -> None:
    ending = {_table(one) for one in house.of("AWS::DynamoDB::Table") if one.properties.get("TimeToLiveSpecification")}
    assert ending == {"decisions", "control"}


def test_every_bucket_is_versioned_private_and_encrypted(house: Synthesised) -> None:
    for bucket in house.of("AWS::S3::Bucket"):
        assert bucket.properties["VersioningConfiguration"] == {"Status": "Enabled"}
        assert set(bucket.properties["PublicAccessBlockConfiguration"].values()) == {True}
        assert bucket.properties["BucketEncryption"]


def test_the_lake_keeps_what_the_settings_say(house: Synthesised) -> None:
    rules = {
        one.get("Prefix"): one
        for one in house.named("AWS::S3::Bucket", "BucketsLake").properties["LifecycleConfiguration"]["Rules"]
    }
    for row in retention(StateSettings()):
        rule = rules[row.prefix]
        assert rule.get("ExpirationInDays") == row.days
        assert [move["TransitionInDays"] for move in rule.get("Transitions", [])] == (
            [row.hot_days] if row.hot_days else []
        )


def test_the_audit_trail_is_locked_as_hard_as_its_stage_allows(paper: Synthesised, live: Synthesised) -> None:
    for house, mode, days in ((paper, "GOVERNANCE", 30), (live, "COMPLIANCE", 2_555)):
        audit = house.named("AWS::S3::Bucket", "BucketsAudit").properties
        assert audit["ObjectLockEnabled"] is True
        assert audit["ObjectLockConfiguration"]["Rule"]["DefaultRetention"] == {"Mode": mode, "Days": days}


def test_every_queue_has_a_place_behind_it_or_is_one(house: Synthesised) -> None:
    queues = house.of("AWS::SQS::Queue")
    behind = {json.dumps(one.properties["RedrivePolicy"]["deadLetterTargetArn"]) for one in queues if _redrive(one)}
    for one in house.of("AWS::Lambda::Function"):
        behind.add(json.dumps(one.properties["DeadLetterConfig"]["TargetArn"]))
    for queue in queues:
        if not _redrive(queue):
            assert json.dumps({"Fn::GetAtt": [queue.name, "Arn"]}) in behind, queue.name


def test_a_message_is_tried_five_times_and_hidden_for_six_runs(house: Synthesised) -> None:
    alerts = house.named("AWS::SQS::Queue", "MessagesAlerts").properties
    assert alerts["RedrivePolicy"]["maxReceiveCount"] == RECEIVES == 5
    slowest = max(row.timeout_s for row in FUNCTIONS if row.source == "alerts")
    assert alerts["VisibilityTimeout"] >= 6 * slowest


def test_every_mapping_reports_which_items_failed(house: Synthesised) -> None:
    mappings = house.of("AWS::Lambda::EventSourceMapping")
    assert len(mappings) == 3
    for mapping in mappings:
        assert mapping.properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_a_stream_is_tried_in_halves_for_a_bounded_time(house: Synthesised) -> None:
    streams = [one for one in house.of("AWS::Lambda::EventSourceMapping") if "StartingPosition" in one.properties]
    assert len(streams) == 2
    for stream in streams:
        assert stream.properties["BisectBatchOnFunctionError"] is True
        assert 0 < stream.properties["MaximumRecordAgeInSeconds"] <= 43_200
        assert stream.properties["MaximumRetryAttempts"] > 0
        assert stream.properties["DestinationConfig"]["OnFailure"]["Destination"]


def test_every_schedule_is_bounded_and_says_where_lost_runs_go(house: Synthesised) -> None:
    schedules = house.of("AWS::Scheduler::Schedule")
    assert len(schedules) == sum(row.every is not None for row in FUNCTIONS)
    for schedule in schedules:
        target = schedule.properties["Target"]
        assert target["DeadLetterConfig"]["Arn"]
        assert 60 <= target["RetryPolicy"]["MaximumEventAgeInSeconds"] <= 3_600
        assert target["RetryPolicy"]["MaximumRetryAttempts"] <= 2


def test_every_function_ends_its_tries_and_keeps_its_logs_for_a_month(house: Synthesised) -> None:
    for one in house.of("AWS::Lambda::EventInvokeConfig"):
        assert one.properties["MaximumRetryAttempts"] <= 2
        assert one.properties["MaximumEventAgeInSeconds"] <= 3_600
    assert len(house.of("AWS::Lambda::EventInvokeConfig")) == len(FUNCTIONS)
    assert {one.properties["RetentionInDays"] for one in house.of("AWS::Logs::LogGroup")} == {30}
    for one in house.of("AWS::Lambda::Function"):
        assert one.properties["LoggingConfig"]["LogGroup"], one.name


def test_every_alarm_tells_somebody(house: Synthesised) -> None:
    for alarm in house.of("AWS::CloudWatch::Alarm"):
        assert alarm.properties["AlarmActions"], alarm.name
        assert "MessagesTopic" in str(alarm.properties["AlarmActions"])
        assert alarm.properties["AlarmDescription"].startswith("SEV"), alarm.name


def test_every_queue_of_the_dead_has_an_alarm_within_five_minutes(house: Synthesised) -> None:
    watched = [one for one in house.of("AWS::CloudWatch::Alarm") if "letters" in str(one.properties["AlarmName"])]
    assert len(watched) == 2
    for alarm in watched:
        assert alarm.properties["Threshold"] == 1
        assert alarm.properties["Period"] * alarm.properties["EvaluationPeriods"] <= 300


def test_silence_of_the_trader_is_an_alarm_where_there_is_one(paper: Synthesised, live: Synthesised) -> None:
    (silent,) = (one for one in _alarms(paper) if one["AlarmName"] == "house-paper-trader_silent")
    assert silent["TreatMissingData"] == "breaching"
    assert not [one for one in _alarms(live) if one["AlarmName"] == "house-live-trader_silent"]


def test_a_change_of_history_is_an_alarm(house: Synthesised) -> None:
    (changed,) = (one for one in _alarms(house) if one["AlarmName"].endswith("history_changed"))
    assert changed["Threshold"] == 1
    assert changed["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"


def test_every_function_has_an_alarm_on_its_errors(house: Synthesised) -> None:
    names = {one["AlarmName"] for one in _alarms(house)}
    assert {f"house-{house.choice}-{row.name}_errors" for row in FUNCTIONS} <= names


def test_every_metric_an_alarm_looks_at_is_written_by_whom_it_says() -> None:
    for condition in CONDITIONS:
        trader, function = "fargate/gauges.py", f"functions/{condition.service}/handler.py"
        path = ROOT / (trader if condition.service == TRADER else function)
        if path.is_file():  # a row may stand here before its function does
            assert f'"{condition.metric}"' in path.read_text(), f"{path.name} writes no {condition.metric}"


def test_the_bill_is_watched(house: Synthesised) -> None:
    (budget,) = house.of("AWS::Budgets::Budget")
    assert budget.properties["Budget"]["BudgetLimit"] == {"Amount": 40, "Unit": "USD"}
    for notice in budget.properties["NotificationsWithSubscribers"]:
        assert "MessagesTopic" in str(notice["Subscribers"])


def test_the_owner_is_told_by_mail(paper: Synthesised) -> None:
    (mail,) = paper.of("AWS::SNS::Subscription")
    assert mail.properties["Endpoint"] == "owner@example.com"


def test_the_kill_token_and_the_webhooks_secret_are_renewed_every_month(house: Synthesised) -> None:
    rotated = house.of("AWS::SecretsManager::RotationSchedule")
    assert len(rotated) == 2
    for one in rotated:
        assert one.properties["RotationRules"] == {"AutomaticallyAfterDays": 30}
        assert one.properties["RotateImmediatelyOnUpdate"] is True


def test_the_parameter_of_hashes_begins_with_one_that_no_token_has(house: Synthesised) -> None:
    parameter = house.named("AWS::SSM::Parameter", "SecretsKillHashes").properties
    assert json.loads(parameter["Value"]) == {"current": "0" * 64, "previous": None, "previous_until": 0}


def test_the_gateway_holds_requests_back_and_logs_them_without_headers(house: Synthesised) -> None:
    (stage,) = house.of("AWS::ApiGateway::Stage")
    settings = {one["ResourcePath"]: one for one in stage.properties["MethodSettings"]}
    assert settings["/*"]["ThrottlingRateLimit"] * 60 == 100
    assert settings["/*"]["DataTraceEnabled"] is False
    assert len(settings) == 4
    shape = stage.properties["AccessLogSetting"]["Format"]
    assert "$context.identity.sourceIp" in shape
    assert "header" not in shape.lower()


def test_the_gateway_traces_what_it_is_asked(house: Synthesised) -> None:
    (stage,) = house.of("AWS::ApiGateway::Stage")
    assert stage.properties["TracingEnabled"] is True


def test_two_stages_in_one_account_have_metrics_of_their_own(house: Synthesised) -> None:
    namespace = f"House/{house.choice}"
    for one in house.of("AWS::Lambda::Function"):
        assert one.properties["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"] == namespace
    setting = f"/house-{house.choice}-trader/POWERTOOLS_METRICS_NAMESPACE"
    (told,) = (one for one in house.of("AWS::SSM::Parameter") if one.properties["Name"] == setting)
    assert told.properties["Value"] == namespace
    looked_at = {str(one["Namespace"]) for one in _alarms(house) if "Namespace" in one}
    assert {one for one in looked_at if not one.startswith("AWS/")} == {namespace}


def test_the_api_says_where_telegram_finds_it_and_the_rotation_looks_there(house: Synthesised) -> None:
    (told,) = (one for one in house.of("AWS::SSM::Parameter") if one.properties["Name"].endswith("-webhook"))
    assert told.stack == "api"
    assert "/v1/telegram" in str(told.properties["Value"])
    (rotator,) = (
        one for one in house.of("AWS::Lambda::Function") if one.properties["FunctionName"].endswith("rotate_secrets")
    )
    name = rotator.properties["Environment"]["Variables"]["WEBHOOK_PARAMETER"]
    assert name == told.properties["Name"]
    reads = [
        str(statement["Resource"])
        for policy, statement in house.statements()
        if policy.name.startswith("RotateSecretsRole") and "ssm:GetParameter" in several(statement["Action"])
    ]
    assert [one for one in reads if f"parameter{name}" in one]


def test_the_load_balancer_may_write_its_logs_where_it_is_told_to(paper: Synthesised, live: Synthesised) -> None:
    (balancer,) = live.of("AWS::ElasticLoadBalancingV2::LoadBalancer")
    told = {one["Key"]: one["Value"] for one in balancer.properties["LoadBalancerAttributes"]}
    assert told["access_logs.s3.enabled"] == "true"
    (allowed,) = _of_balancers(live)
    assert allowed["Effect"] == "Allow"
    assert several(allowed["Action"]) == ["s3:PutObject"]
    assert f"/{told['access_logs.s3.prefix']}/AWSLogs/" in str(allowed["Resource"])
    assert not _of_balancers(paper), "where there is no load balancer nobody may"


def _of_balancers(house: Synthesised) -> list[Any]:
    policy = house.named("AWS::S3::BucketPolicy", "BucketsRecords")
    service = "logdelivery.elasticloadbalancing.amazonaws.com"
    return [one for one in policy.properties["PolicyDocument"]["Statement"] if service in str(one["Principal"])]


def _alarms(house: Synthesised) -> list[Any]:
    return [one.properties for one in house.of("AWS::CloudWatch::Alarm")]


def _table(one: Resource) -> str:
    return str(one.properties["TableName"]).rpartition("-")[2]


def _redrive(queue: Resource) -> bool:
    return "RedrivePolicy" in queue.properties
