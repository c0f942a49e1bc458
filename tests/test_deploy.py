"""The scripts of deploy/: secrets are made once and closed, handed over by file, and Grafana's token can only read."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from tests.conftest import REPO
from tests.parts import Influx

DEPLOY = REPO / "deploy"
SCRIPT_S = 30


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script with nothing in its environment but PATH and what is given."""
    surroundings = {"PATH": os.environ["PATH"], **environment}
    return subprocess.run(
        [str(c) for c in command], env=surroundings, capture_output=True, text=True, timeout=SCRIPT_S, check=False
    )


def test_secrets_are_made_once(tmp_path: Path) -> None:
    """Each is a file of its own, long, different, in a folder closed to others; a second run changes none."""
    shutil.copy(DEPLOY / "make-secrets", tmp_path)
    assert run(tmp_path / "make-secrets").returncode == 0
    folder = tmp_path / "secrets"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    made = {p.name: p.read_text() for p in folder.iterdir()}
    assert set(made) == {
        "influx_token",
        "influx_password",
        "grafana_password",
        "console_password",
        "token_factory",
        "webhook_duty",
    }
    assert all(len(text) >= 44 and not text.endswith("\n") for text in made.values())
    assert len(set(made.values())) == len(made)
    assert made["webhook_duty"].startswith("whsec_")
    (folder / "influx_token").unlink()
    assert run(tmp_path / "make-secrets").returncode == 0
    again = {p.name: p.read_text() for p in folder.iterdir()}
    assert {name for name in made if again[name] != made[name]} == {"influx_token"}


def test_a_secret_is_handed_over_by_its_file(tmp_path: Path) -> None:
    """A service finds the secret under the plain name; the store's token stays in its file; the command's code is passed on."""
    secret = tmp_path / "secret"
    secret.write_text("two words $HOME `id`")
    shown = run(
        DEPLOY / "entrypoint",
        "sh",
        "-c",
        'echo "$PLUMELINE_PASSWORD|${PLUMELINE_INFLUX_TOKEN-none}"; exit 7',
        PLUMELINE_PASSWORD_FILE=str(secret),
        PLUMELINE_INFLUX_TOKEN_FILE=str(secret),
    )
    assert (shown.returncode, shown.stdout) == (7, "two words $HOME `id`|none\n")


def test_a_secret_that_is_missing_stops_the_start(tmp_path: Path) -> None:
    """Nothing starts with an empty secret; the message says which, and what to do."""
    refused = run(DEPLOY / "entrypoint", "true", PLUMELINE_PASSWORD_FILE=str(tmp_path / "none"))
    assert refused.returncode == 1
    assert "PLUMELINE_PASSWORD" in refused.stderr
    assert "deploy/make-secrets" in refused.stderr


class Replica:
    """One of several containers: it says its name and folder, and holds its place until it is killed."""

    def __init__(self, state: Path, slots: int) -> None:
        self.process = subprocess.Popen(
            [str(DEPLOY / "entrypoint"), "sh", "-c", 'echo "$PLUMELINE_INSTANCE $PLUMELINE_STATE"; exec sleep 60'],
            env={"PATH": os.environ["PATH"], "PLUMELINE_STATE": str(state), "PLUMELINE_SLOTS": str(slots)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.said = self.process.stdout.readline().split()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def test_replicas_find_their_places(tmp_path: Path) -> None:
    """Each has a name and a folder of its own; one that is killed is followed by one with the same; more than places are refused."""
    first, second = Replica(tmp_path, 2), Replica(tmp_path, 2)
    assert first.said == ["slot-0", f"{tmp_path}/slot-0"] and second.said == ["slot-1", f"{tmp_path}/slot-1"]
    third = Replica(tmp_path, 2)
    assert third.said == [] and third.process.wait(SCRIPT_S) == 1
    assert third.process.stderr is not None and "places" in third.process.stderr.read()
    first.kill()
    again = Replica(tmp_path, 2)
    assert again.said == first.said
    for replica in (second, again):
        replica.kill()
    named = run(DEPLOY / "entrypoint", "sh", "-c", "echo $PLUMELINE_INSTANCE", PLUMELINE_SLOTS="2", PLUMELINE_INSTANCE="mine")
    assert named.stdout == "mine\n", "a name that is given counts"


class Ready(BaseHTTPRequestHandler):
    """A service that is ready on one path and says so as it is told."""

    code = 200

    def do_GET(self) -> None:
        self.send_response(self.code if self.path == "/readyz" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def service() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Ready)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def test_the_health_check_asks_the_service(service: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container is healthy while its service says it is ready, and not when it says no or nothing."""
    assert run(sys.executable, DEPLOY / "healthy", PLUMELINE_METRICS_PORT=str(service)).returncode == 0
    monkeypatch.setattr(Ready, "code", 503)
    assert run(sys.executable, DEPLOY / "healthy", PLUMELINE_METRICS_PORT=str(service)).returncode == 1
    assert run(sys.executable, DEPLOY / "healthy", PLUMELINE_METRICS_PORT="1").returncode == 1


def test_the_readers_token_reads_and_cannot_write(influx: Influx, tmp_path: Path) -> None:
    """What Grafana is given can query a bucket and is refused a write; a second run gives the same token."""
    bucket, operator, target = influx.bucket("read"), tmp_path / "operator", tmp_path / "reader"
    operator.write_text(influx.token)
    names = {
        "PLUMELINE_INFLUX_URL": influx.url,
        "PLUMELINE_INFLUX_ORG": influx.org,
        "PLUMELINE_INFLUX_TOKEN_FILE": str(operator),
    }
    tokens = set()
    for _ in range(2):
        done = run(sys.executable, DEPLOY / "reader-token", target, **names)
        assert (done.returncode, done.stderr) == (0, "")
        tokens.add(target.read_text())
    (token,) = tokens
    assert token != influx.token
    headers = {"Authorization": f"Token {token}"}
    with httpx.Client(base_url=influx.url, headers=headers, timeout=SCRIPT_S, trust_env=False) as http:
        where = {"org": influx.org, "bucket": bucket}
        query = {"query": f'from(bucket: "{bucket}") |> range(start: -1h)', "type": "flux"}
        assert http.post("/api/v2/query", params={"org": influx.org}, json=query).status_code == httpx.codes.OK
        assert http.post("/api/v2/write", params=where, content="m f=1").status_code in (401, 403, 404)
        assert http.get("/api/v2/authorizations").json().get("authorizations", []) == []


def test_the_readers_token_says_why_there_is_none(tmp_path: Path) -> None:
    """Without an InfluxDB it ends with a sentence, and leaves no file behind."""
    operator = tmp_path / "operator"
    operator.write_text("x")
    done = run(
        sys.executable,
        DEPLOY / "reader-token",
        tmp_path / "reader",
        PLUMELINE_INFLUX_URL="http://127.0.0.1:1",
        PLUMELINE_INFLUX_ORG="plumeline",
        PLUMELINE_INFLUX_TOKEN_FILE=str(operator),
    )
    assert done.returncode == 1
    assert "no reader token" in done.stderr
    assert not (tmp_path / "reader").exists()
