"""What the boards' tests do with a real InfluxDB: buckets of their own, bodies in, annotated CSV out."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

BODY_LINES = 5_000
"""Lines of one write body."""


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
