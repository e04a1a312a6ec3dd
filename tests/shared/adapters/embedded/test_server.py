import os
import signal
import socket
import time
from pathlib import Path

import psutil
import pytest

from shared.adapters.durable.lease import acquire
from shared.adapters.dynamo.backend import DynamoBackend
from shared.adapters.dynamo.lease import read_lease
from shared.adapters.dynamo.tables import Tables
from shared.adapters.embedded.provision import BUCKET, PREFIX, provision
from shared.adapters.embedded.server import LOOPBACK, EmbeddedAws, free_port, port_is_busy
from shared.adapters.s3.client import kms_client, s3_client
from shared.domain.errors import BadInput, Temporary
from shared.settings import StateSettings


class Broken(EmbeddedAws):
    """Its server cannot start."""

    def _environment(self) -> dict[str, str]:
        return {**super()._environment(), "GATEWAY_PORT": "no-port"}


class Mute(EmbeddedAws):
    """Its server listens elsewhere."""

    def _environment(self) -> dict[str, str]:
        return {**super()._environment(), "GATEWAY_PORT": str(free_port())}


def test_tables_bucket_and_key_are_there_again_after_a_graceful_stop(tmp_path: Path) -> None:
    server = EmbeddedAws(tmp_path, free_port())
    with server:
        made = provision(server.endpoint)
        acquire(DynamoBackend("paper", made.tables), "first", 1)
        s3_client(server.endpoint).put_object(Bucket=BUCKET, Key="a/b", Body=b"kept")
    assert not port_is_busy(server.port)
    with EmbeddedAws(tmp_path, free_port()) as again:
        lease = read_lease(Tables(PREFIX, again.endpoint), "paper")
        assert lease is not None
        assert lease.epoch == 1
        assert s3_client(again.endpoint).get_object(Bucket=BUCKET, Key="a/b")["Body"].read() == b"kept"
        assert provision(again.endpoint).key_id == made.key_id


def test_the_bucket_keeps_what_the_settings_say(tmp_path: Path) -> None:
    with EmbeddedAws(tmp_path, free_port()) as server:
        provision(server.endpoint)
        state = StateSettings(tape_days=90)
        provision(server.endpoint, state=state)
        rules = s3_client(server.endpoint).get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    expired = {rule["Filter"]["Prefix"]: rule.get("Expiration", {}).get("Days") for rule in rules}
    assert expired == {"tape/": 90, "bronze/": None, "": None}
    assert {rule["Status"] for rule in rules} == {"Enabled"}


def test_the_signing_key_is_on_the_curve_of_the_venue(tmp_path: Path) -> None:
    with EmbeddedAws(tmp_path, free_port()) as server:
        key = provision(server.endpoint).key_id
        told = kms_client(server.endpoint).describe_key(KeyId=key)["KeyMetadata"]
        assert (told["KeySpec"], told["KeyUsage"]) == ("ECC_SECG_P256K1", "SIGN_VERIFY")


def test_nothing_it_starts_listens_on_anything_but_loopback(tmp_path: Path) -> None:
    with EmbeddedAws(tmp_path, free_port()) as server:
        provision(server.endpoint)
        process = psutil.Process(server.pid)
        listening = [
            found.laddr.ip
            for one in (process, *process.children(recursive=True))
            for found in one.net_connections("inet")
            if found.status == psutil.CONN_LISTEN or found.type == socket.SOCK_DGRAM
        ]
    assert listening == [LOOPBACK]


def test_a_busy_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind((LOOPBACK, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(BadInput, match=f"port {port} .* is in use by another program"):
            EmbeddedAws(tmp_path, port).start()


def test_a_folder_used_by_another_run_is_named(tmp_path: Path) -> None:
    with (
        EmbeddedAws(tmp_path, free_port()) as server,
        pytest.raises(BadInput, match="in use by another run"),
    ):
        EmbeddedAws(tmp_path, free_port()).start()
    assert not port_is_busy(server.port)


def test_a_server_that_dies_is_told_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(Temporary, match=r"ended with code 1: .*no-port"):
        Broken(tmp_path, free_port()).start()


def test_a_server_that_does_not_answer_in_time_is_stopped(tmp_path: Path) -> None:
    server = Mute(tmp_path, free_port())
    with pytest.raises(Temporary, match="did not answer on port"):
        server.start(deadline_s=1.0)
    with pytest.raises(Temporary, match="not running"):
        _ = server.pid


def test_a_server_that_ignores_the_request_to_stop_is_killed(tmp_path: Path) -> None:
    server = EmbeddedAws(tmp_path, free_port())
    server.start()
    os.kill(server.pid, signal.SIGSTOP)
    assert not server.stop(deadline_s=0.5)
    assert not port_is_busy(server.port)


def test_a_server_left_over_from_a_killed_run_is_stopped_first_and_its_state_saved(tmp_path: Path) -> None:
    orphaned = EmbeddedAws(tmp_path, free_port())
    orphaned.start()
    tables = Tables(PREFIX, orphaned.endpoint)
    tables.create()
    acquire(DynamoBackend("paper", tables), "killed run", 1)
    process = orphaned._process
    assert process is not None
    assert orphaned._owner is not None
    orphaned._owner.close()  # what the kernel does for a run that is killed
    with EmbeddedAws(tmp_path, free_port()) as server:
        assert process.wait(5) == 0
        lease = read_lease(Tables(PREFIX, server.endpoint), "paper")
        assert lease is not None
        assert lease.epoch == 1


def test_stopping_twice_or_before_the_start_is_harmless(tmp_path: Path) -> None:
    server = EmbeddedAws(tmp_path, free_port())
    assert server.stop()
    with server:
        began = time.monotonic()
    assert server.stop()
    assert time.monotonic() - began < 10
