"""A real InfluxDB 2 for tests: one named by the environment, else an ``influxd`` of our own started on a free port."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.conftest import require

BODY_LINES = 5_000
"""Lines of one write body."""
START_S = 30.0
"""Longest wait for a fresh influxd to be healthy."""


@dataclass(frozen=True)
class Influx:
    """A server with its token and organisation."""

    url: str
    token: str
    org: str

    @contextmanager
    def bucket(self, name: str) -> Iterator[str]:
        """Make a bucket without retention whose name begins so, yield its name, and remove it in the end."""
        wanted = f"{name}_{secrets.token_hex(6)}"
        with self._client() as client:
            org = client.get("/api/v2/orgs", params={"org": self.org}).raise_for_status().json()["orgs"][0]["id"]
            made = client.post("/api/v2/buckets", json={"orgID": org, "name": wanted, "retentionRules": []})
            made.raise_for_status()
            try:
                yield wanted
            finally:
                client.delete(f"/api/v2/buckets/{made.json()['id']}").raise_for_status()

    def write(self, bucket: str, lines: Iterable[str]) -> int:
        """Write line protocol in bodies of BODY_LINES; return how many lines."""
        todo, count = list(lines), 0
        with self._client() as client:
            for i in range(0, len(todo), BODY_LINES):
                body = "\n".join(todo[i : i + BODY_LINES]).encode()
                answer = client.post(
                    "/api/v2/write", params={"org": self.org, "bucket": bucket, "precision": "ns"}, content=body
                )
                assert answer.status_code == 204, answer.text[:500]
                count += body.count(b"\n") + 1
        return count

    def query(self, flux: str) -> str:
        """Return the answer to a Flux query as annotated CSV; an error of the server fails with its text."""
        with self._client() as client:
            answer = client.post(
                "/api/v2/query",
                params={"org": self.org},
                json={"query": flux, "dialect": {"annotations": ["datatype", "group"], "header": True}},
            )
        assert answer.status_code == 200, f"{answer.text[:800]}\n{flux}"
        return answer.text

    def _client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Token {self.token}"}, timeout=60, trust_env=False)


@contextmanager
def influx(folder: Path) -> Iterator[Influx]:
    """Yield the server that INFLUX_URL, INFLUX_TOKEN and INFLUX_ORG name, else one started in ``folder``."""
    url = os.environ.get("INFLUX_URL")
    if url:
        yield Influx(url, os.environ.get("INFLUX_TOKEN", ""), os.environ.get("INFLUX_ORG", ""))
        return
    binary = os.environ.get("PLUMELINE_INFLUXD") or shutil.which("influxd")
    require("influx", binary is not None, "no INFLUX_URL, and no influxd by PLUMELINE_INFLUXD or on PATH")
    assert binary is not None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [binary, "run", "--reporting-disabled", "--http-bind-address", f"127.0.0.1:{port}", "--log-level", "warn"]
    command += ["--bolt-path", str(folder / "influxd.bolt"), "--sqlite-path", str(folder / "influxd.sqlite")]
    command += ["--engine-path", str(folder / "engine")]
    with (folder / "influxd.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield _set_up(url, server)
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _set_up(url: str, server: subprocess.Popen[bytes]) -> Influx:
    token, org = secrets.token_hex(24), "plumeline"
    names = {"username": "admin", "password": secrets.token_hex(16), "org": org, "bucket": "first", "token": token}
    give_up = time.monotonic() + START_S
    with httpx.Client(base_url=url, timeout=10, trust_env=False) as client:
        while True:
            assert server.poll() is None, f"influxd ended with {server.returncode}"
            assert time.monotonic() < give_up, f"influxd is not healthy after {START_S:g} s"
            try:
                if client.get("/health").status_code == 200:
                    break
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        client.post("/api/v2/setup", json=names).raise_for_status()
    return Influx(url, token, org)
