"""HTTP ingest: ``POST /v1/reports`` and ``POST /v1/marks``, an answer for every line, 200 only when it is durable.

A body is one JSON object, a JSON array, or NDJSON, plain or gzip. Each line is checked with the record's model and written
anew from the checked values, so that what the log holds has one key once, whatever the client sent: a line that repeats a
key cannot name one source to the gate and another to the engine. The gateway's clock stamps ``received``; what a client
says about its own receipt is not kept.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.requests import ClientDisconnect

from ingest.http_body import Refused, is_local, media_type, read_body, split
from ingest.log import Appends, Entry, LogFull, partition_of
from ingest.records import DECODER, FACTORS_MAX, TEXT_MAX, Kind, Mark, Text, iso
from ingest.registry import Name, Source
from ingest.waiting import topic_of

LINE_BYTES_MAX = 65_536
"""Bytes of one line."""
RECORD_BYTES_MAX = 900_000
"""Bytes of one log record; a partition's lines beyond it go into a further record of the same append."""
REQUESTS_MAX = 16
"""Requests worked on at a time; one more is answered 503 with Retry-After."""
SLICE_LINES = 500
"""Lines checked before other tasks get their turn: about ten milliseconds."""
LISTED_MAX = 1_000
"""Requests up to so many lines are answered line by line, greater ones with rejected lines only; no more are listed."""
UNKNOWN_SOURCES_MAX = 1_000
"""Sources outside the registry whose reports are taken; the engine reports them as findings."""
RETRY_AFTER_S = 1
"""What a full gateway asks its clients to wait."""
REASON_CHARS_MAX = 300
"""Characters of a reason in an answer."""
YEAR_MIN, YEAR_MAX = 2000, 2100
"""Years a report's or mark's time may lie in."""
TOKEN_PREFIX = "PLUMELINE_TOKEN_"
"""A token group's secret is the environment variable of this prefix and the group's name in capitals, ``-`` as ``_``."""

_NO_TOKEN = "send 'Authorization: Bearer <token>' with the token of the source's group"


class ReportIn(BaseModel):
    """A report line as a client sends it: as ``Report``, but the gateway's own fields may be missing.

    ``received`` is accepted and replaced by the gateway's clock. Types are strict: a number in quotes is no number.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    v: Literal[1] = 1
    source: Name
    time: AwareDatetime
    kind: Kind
    factors: Annotated[list[Text], Field(min_length=1, max_length=FACTORS_MAX)]
    stats: list[Text]
    values: list[Annotated[float, Field(allow_inf_nan=False)] | None]
    flags: list[Annotated[str, Field(max_length=TEXT_MAX)]]
    sent: AwareDatetime
    received: AwareDatetime | None = Field(None, exclude=True)
    protocol: Text = "http"
    frame: Text | None = None
    backfill: bool = False
    decoder: Annotated[int, Field(ge=1, le=DECODER)] = DECODER

    def fault(self) -> str | None:
        """Return what the types cannot say: lists of unequal length, a time out of range."""
        n = len(self.factors)
        for name in ("stats", "values", "flags"):
            if len(getattr(self, name)) != n:
                return f"{name} has {len(getattr(self, name))} entries, factors has {n}; they run in parallel"
        return year_fault("time", self.time) or year_fault("sent", self.sent)


@dataclass(slots=True)
class Answer:
    """What is told of a request's lines; ``forbidden`` counts those refused for want of a token."""

    accepted: int = 0
    duplicates: int = 0
    forbidden: int = 0
    lines: list[int] = field(default_factory=list)
    rejected: list[tuple[int, str]] = field(default_factory=list)

    def body(self, rejected_only: bool) -> dict[str, object]:
        """Return the answer's JSON: line by line up to ``LISTED_MAX`` lines, else the rejected ones only."""
        total = self.accepted + len(self.rejected)
        listed: list[dict[str, object]] = [
            {"line": n, "status": "rejected", "reason": reason} for n, reason in self.rejected[:LISTED_MAX]
        ]
        if not rejected_only and total <= LISTED_MAX:
            listed += [{"line": n, "status": "accepted"} for n in self.lines]
            listed.sort(key=lambda entry: int(str(entry["line"])))
        return {
            "accepted": self.accepted,
            "duplicates": self.duplicates,
            "rejected": len(self.rejected),
            "lines": listed,
        }

    @property
    def status(self) -> int:
        """200 if any line was filed, else 403 where only tokens were missing, else 422."""
        if self.accepted or not self.rejected:
            return 200
        return 403 if self.forbidden == len(self.rejected) else 422


class Gate:
    """Who may send for which source: a bearer token for each token group, none only from this machine."""

    def __init__(self, source_of: Callable[[str], Source | None], tokens: Mapping[str, str]) -> None:
        self._source_of = source_of
        self._tokens = {group: secret.encode() for group, secret in tokens.items() if secret}
        self._unknown: set[str] = set()

    def groups(self, authorization: str | None, local: bool) -> frozenset[str]:
        """Return the token groups that a request's token opens.

        Raises:
            Refused: 401 for a token of no group, or no token from another machine.
        """
        if authorization is None:
            if local:
                return frozenset()
            raise Refused(401, f"no token: {_NO_TOKEN}")
        scheme, _, token = authorization.partition(" ")
        sent = token.strip().encode("utf-8", "replace")
        opened = frozenset(g for g, secret in self._tokens.items() if hmac.compare_digest(secret, sent))
        if scheme.lower() != "bearer" or not opened:
            raise Refused(401, f"the token is of no source group: {_NO_TOKEN}")
        return opened

    def refusal(self, source: str, groups: frozenset[str], local: bool) -> str | None:
        """Return why a request may not report for a source, or None."""
        known = self._source_of(source)
        if known is None:
            return self._stranger(source)
        group = known.token_group
        if group in self._tokens:
            return None if group in groups else f"the token does not open source {source}: {_NO_TOKEN} ({group or 'none'})"
        if group:
            return f"source {source}: no token is set for group {group}; set {token_variable(group)} at the gateway"
        if local:
            return None
        return f"source {source} has no token_group, so it is taken from this machine only; set token_group in sources.csv"

    def _stranger(self, source: str) -> str | None:
        if source not in self._unknown:
            if len(self._unknown) >= UNKNOWN_SOURCES_MAX:
                return f"source {source} is not in the registry, and {UNKNOWN_SOURCES_MAX} unknown ones are kept already"
            self._unknown.add(source)
        return None


def token_variable(group: str) -> str:
    """Return the environment variable that holds a token group's secret."""
    return TOKEN_PREFIX + group.upper().replace("-", "_")


def tokens_from(environment: Mapping[str, str], groups: Iterable[str]) -> dict[str, str]:
    """Return the secrets of token groups that the environment sets, by group as the registry spells it."""
    return {group: environment[token_variable(group)] for group in groups if group and environment.get(token_variable(group))}


def router(
    log: Appends, clock: Callable[[], datetime], source_of: Callable[[str], Source | None], tokens: Mapping[str, str]
) -> APIRouter:
    """Return the ingest routes.

    Args:
        log: where lines are filed, on topics ``reports`` and ``marks``; a request is answered after ``append`` returns.
        clock: the gateway's clock, aware; its time becomes ``received``.
        source_of: the registry row that holds for a source now, None for one it does not know.
        tokens: secret by token group, as ``tokens_from`` reads them.
    """
    gate = Gate(source_of, tokens)
    slots = asyncio.Semaphore(REQUESTS_MAX)
    partition = partial(partition_of, partitions=log.partitions)
    routes = APIRouter()

    async def work(request: Request, topic: str) -> JSONResponse:
        if slots.locked():
            return _refusal(Refused(503, f"{REQUESTS_MAX} requests are being worked on; send again", RETRY_AFTER_S))
        async with slots:
            try:
                local = is_local(request)
                groups = gate.groups(request.headers.get("authorization"), local)
                media = media_type(request)
                lines = split(await read_body(request), media)
                answer, filed = await check(lines, topic, clock(), lambda source: gate.refusal(source, groups, local))
                entries = pack(filed, partition)
                if entries:
                    await log.append(entries)
            except Refused as refused:
                return _refusal(refused)
            except ClientDisconnect:
                return _refusal(Refused(400, "the connection ended before the body was complete; nothing was filed"))
            except LogFull:
                return _refusal(Refused(429, "the log is full for the moment; nothing was filed, send again", RETRY_AFTER_S))
            return JSONResponse(answer.body(request.query_params.get("lines") == "rejected"), answer.status)

    @routes.post("/v1/reports")
    async def reports(request: Request) -> JSONResponse:
        """File report lines."""
        return await work(request, "reports")

    @routes.post("/v1/marks")
    async def marks(request: Request) -> JSONResponse:
        """File marks: times in which a source or some of its factors were stopped or not fit for use."""
        return await work(request, "marks")

    return routes


async def check(
    lines: Sequence[tuple[int, bytes]], topic: str, now: datetime, refusal: Callable[[str], str | None]
) -> tuple[Answer, dict[tuple[str, str], list[bytes]]]:
    """Check every line and return the answer with the lines to file, by topic and source, each line once.

    Every ``SLICE_LINES`` lines other tasks get their turn. ``refusal`` is asked once a source.
    """
    answer, filed, refusals = Answer(), dict[tuple[str, str], list[bytes]](), dict[str, str | None]()
    seen: set[bytes] = set()
    read = _read_report(now) if topic == "reports" else _read_mark
    for position, (number, line) in enumerate(lines):
        if position % SLICE_LINES == SLICE_LINES - 1:
            await asyncio.sleep(0)
        got = read(line)
        if isinstance(got, str):
            answer.rejected.append((number, got))
            continue
        source, out, lane = got
        if source not in refusals:
            refusals[source] = refusal(source)
        if (reason := refusals[source]) is not None:
            answer.rejected.append((number, reason))
            answer.forbidden += 1
            continue
        answer.accepted += 1
        answer.lines.append(number)
        if out in seen:
            answer.duplicates += 1
            continue
        seen.add(out)
        filed.setdefault((lane, source), []).append(out)
    return answer, filed


def _read_report(now: datetime) -> Callable[[bytes], tuple[str, bytes, str] | str]:
    stamp = b',"received":"' + iso(now).encode() + b'"}'
    reports = TypeAdapter(ReportIn)
    validate, dump = reports.validator.validate_json, reports.serializer.to_json

    def read(line: bytes) -> tuple[str, bytes, str] | str:
        if len(line) > LINE_BYTES_MAX:
            return f"the line is longer than {LINE_BYTES_MAX} bytes"
        try:
            report: ReportIn = validate(line)
        except ValidationError as error:
            return reason_of(error)
        if (fault := report.fault()) is not None:
            return fault
        return report.source, dump(report)[:-1] + stamp, topic_of(report.kind, report.time, now)

    return read


def _read_mark(line: bytes) -> tuple[str, bytes, str] | str:
    if len(line) > LINE_BYTES_MAX:
        return f"the line is longer than {LINE_BYTES_MAX} bytes"
    try:
        mark = Mark.model_validate_json(line)
    except ValidationError as error:
        return reason_of(error)
    fault = year_fault("start", mark.start) or year_fault("end", mark.end)
    return fault or (mark.source, mark.line(), "marks")


def year_fault(name: str, time: datetime) -> str | None:
    """Return a sentence about a time outside the years that are taken, or None."""
    if YEAR_MIN <= time.year <= YEAR_MAX:
        return None
    return f"{name}: the year {time.year} lies outside {YEAR_MIN} to {YEAR_MAX}; mend the device's clock"


_SENTENCES = {
    "timezone_aware": "the time has no offset; write 2026-07-01T00:00:30+08:00",
    "datetime_type": "a time is ISO 8601 text with an offset, such as 2026-07-01T00:00:30+08:00",
    "float_type": "a value is a number or null; numbers in quotes are not read",
    "finite_number": "NaN and Infinity are no values; send null",
    "extra_forbidden": "no such field",
    "missing": "the field is missing",
    "string_pattern_mismatch": "no blanks, slashes, commas, semicolons or quotes in a name",
}


def reason_of(error: ValidationError) -> str:
    """Return a validation error's first fault in one sentence, led by the field's path."""
    faults: list[Any] = error.errors(include_url=False, include_input=False)
    first, more = faults[0], len(faults) - 1
    where = ".".join(map(str, first["loc"]))
    sentence = _SENTENCES.get(first["type"], first["msg"].removeprefix("Value error, "))
    told: str = (f"{where}: " if where else "") + sentence
    rest = f" (and {more} more)" if more else ""
    return told[: REASON_CHARS_MAX - len(rest)] + rest


def pack(filed: Mapping[tuple[str, str], Sequence[bytes]], partition: Callable[[str], int]) -> list[Entry]:
    """Bundle lines by topic and source into one record a partition, or several where ``RECORD_BYTES_MAX`` asks for it."""
    by_partition: dict[tuple[str, int], list[bytes]] = {}
    for (topic, source), lines in filed.items():
        by_partition.setdefault((topic, partition(source)), []).extend(lines)
    entries = []
    for (topic, number), lines in sorted(by_partition.items()):
        bundle, size = list[bytes](), 0
        for line in lines:
            if bundle and size + len(line) + 1 > RECORD_BYTES_MAX:
                entries.append(Entry(topic, number, b"\n".join(bundle)))
                bundle, size = [], 0
            bundle.append(line)
            size += len(line) + 1
        entries.append(Entry(topic, number, b"\n".join(bundle)))
    return entries


def _refusal(refused: Refused) -> JSONResponse:
    headers = {}
    if refused.retry_after_s is not None:
        headers["Retry-After"] = str(refused.retry_after_s)
    if refused.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse({"error": refused.sentence}, refused.status, headers)
