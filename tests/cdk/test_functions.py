from collections import Counter

import pytest

from cdk.constructs.tables import EXPIRY, TABLES
from cdk.functions import FUNCTIONS
from shared.adapters.dynamo.tables import Endpoint, Tables
from shared.settings import read_settings
from tests.cdk.synthesis import Synthesised
from tests.house.source import files

ROWS = {row.name: row for row in FUNCTIONS}


def test_every_function_that_exists_stands_in_the_table() -> None:
    written = {path.split("/")[1] for path in files() if path.startswith("functions/") and path.endswith("/handler.py")}
    assert written <= set(ROWS)


def test_every_row_is_called_by_something_and_stands_once() -> None:
    assert all((row.every is None) != (row.source is None) for row in FUNCTIONS)
    assert set(Counter(row.name for row in FUNCTIONS).values()) == {1}


def test_every_row_names_tables_that_exist() -> None:
    names = {table.name for table in TABLES}
    for row in FUNCTIONS:
        assert set(row.reads) <= names, row.name
        assert set(row.writes) <= names, row.name


def test_a_late_run_is_bounded_as_lambda_bounds_it() -> None:
    assert all(60 <= row.late_s <= 21_600 and 0 <= row.retries <= 2 for row in FUNCTIONS)


def test_the_stop_waits_less_than_the_gateway() -> None:
    assert all(row.timeout_s < 29 for row in FUNCTIONS if row.source == "api")


def test_the_environment_of_functions_is_one_they_understand(house: Synthesised) -> None:
    for one in house.of("AWS::Lambda::Function"):
        texts = one.properties["Environment"]["Variables"]
        settings = read_settings({name: text for name, text in texts.items() if isinstance(text, str)})
        assert settings.cloud.deployment == house.choice
        assert settings.state.table_prefix == f"house-{house.choice}-"
        assert {"LAKE_BUCKET", "AUDIT_BUCKET", "ALERTS_QUEUE_URL", "ALERTS_TOPIC", "KILL_HASHES"} <= set(texts)
        assert {"KILL_SECRET", "TELEGRAM_SECRET", "DISCORD_SECRET"} <= set(texts)


def test_a_schedule_tells_its_instant_where_a_run_that_is_repeated_must_be_the_same_one(house: Synthesised) -> None:
    told = {
        one.properties["Name"].rpartition("-")[2]: one.properties["Target"].get("Input")
        for one in house.of("AWS::Scheduler::Schedule")
    }
    dated = {row.name: f'{{"{row.dated}": "<aws.scheduler.scheduled-time>"}}' for row in FUNCTIONS if row.dated}
    assert {name: text for name, text in told.items() if text} == dated
    assert set(dated) == {"collect_quality", "rank_whales"}


def test_heavy_functions_run_the_image_and_light_ones_the_zip(house: Synthesised) -> None:
    for one in house.of("AWS::Lambda::Function"):
        row = ROWS[one.properties["FunctionName"].rpartition("-")[2]]
        handler = f"functions.{row.name}.handler.handler"
        if row.heavy:
            assert one.properties["ImageConfig"]["Command"] == [handler]
            assert one.properties["ImageConfig"]["EntryPoint"] == ["python", "-m", "awslambdaric"]
        else:
            assert one.properties["Handler"] == handler
        assert one.properties["Architectures"] == ["arm64"]


@pytest.fixture(scope="module")
def models() -> Tables:
    return Tables("house-", Endpoint("eu-west-1", "http://127.0.0.1:9", "id", "secret"))


def test_the_tables_of_the_cloud_are_the_tables_of_the_code(models: Tables) -> None:
    rows = {f"house-{row.name}": row for row in TABLES}
    assert set(rows) == {model.Meta.table_name for model in models.all()}
    for model in models.all():
        row = rows[model.Meta.table_name]
        assert (row.hash_key, row.range_key) == (model._hash_keyname, model._range_keyname), row.name
        assert list(model._indexes) == ([row.index.name] if row.index else []), row.name
        for index in model._indexes.values():
            keys = {key["AttributeName"] for key in index._get_schema()["key_schema"]}
            assert row.index
            assert keys == {row.index.hash_key, row.index.range_key}, row.name
        kind = model.get_attributes()[row.range_key].attr_type if row.range_key else "S"
        assert kind == ("N" if row.numbered else "S"), row.name


def test_decisions_end_by_the_attribute_the_code_writes(models: Tables) -> None:
    assert EXPIRY in models.decisions.get_attributes()
