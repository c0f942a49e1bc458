"""Writing to InfluxDB 2: bodies of line protocol, each answer understood, nothing lost and nothing retried for ever."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import urllib3.exceptions
from influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException

from processors.store import StoreAway

BODY_LINES = 5_000
"""Lines of one body."""
ANSWER_MS = 20_000
"""How long the server may take for one body."""
_DROPPED = re.compile(r"dropped=(\d+)")


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the server is and who writes; ``token`` is a secret, ``prefix`` stands before the buckets' names."""

    url: str
    org: str
    token: str = field(repr=False)
    prefix: str = ""


class InfluxWriter:
    """Writes lines; used from one thread. ``refused`` holds (line, reason) of lines that the server takes never, until they are fetched."""

    def __init__(self, settings: Settings) -> None:
        self._client = InfluxDBClient(settings.url, settings.token, org=settings.org, timeout=ANSWER_MS)
        self._prefix = settings.prefix
        self._api = self._client.write_api(write_options=SYNCHRONOUS)
        self.refused: list[tuple[str, str]] = []
        self.counted: Counter[str] = Counter()

    def write(self, bucket: str, lines: list[str]) -> None:
        """Write lines; return when the server has all but the refused ones.

        Raises:
            StoreAway: the server does not answer, is overloaded or refuses the token; to be tried again.
        """
        for start in range(0, len(lines), BODY_LINES):
            self._body(bucket, lines[start : start + BODY_LINES])

    def _body(self, bucket: str, lines: list[str]) -> None:
        try:
            self._api.write(bucket=self._prefix + bucket, record="\n".join(lines).encode(), write_precision="ns")
            self.counted["lines"] += len(lines)
        except ApiException as error:
            self._answered(bucket, lines, error)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise StoreAway(f"the store does not answer: {type(error).__name__}: {error}") from error

    def _answered(self, bucket: str, lines: list[str], error: Any) -> None:
        """Follow the server's answer: 400 writes nothing, so the bad line is found by halving; 422 wrote all but what it counts."""
        told = str(error.body or error.reason or "")[:300]
        if error.status == 422:
            found = _DROPPED.search(told)
            dropped = int(found[1]) if found else 1
            self.counted["dropped"] += dropped
            self.counted["lines"] += len(lines) - dropped
            self.refused.append((lines[0], f"{dropped} of {len(lines)} points dropped: {told}"))
        elif error.status in (400, 413):
            if len(lines) == 1:
                self.counted["refused"] += 1
                self.refused.append((lines[0], told))
                return
            middle = len(lines) // 2
            self._body(bucket, lines[:middle])
            self._body(bucket, lines[middle:])
        else:
            raise StoreAway(f"the store answers {error.status}: {told}") from error

    def fetch_refused(self) -> list[tuple[str, str]]:
        """Return what was refused since the last call."""
        refused, self.refused = self.refused, []
        return refused

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
