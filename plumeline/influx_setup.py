"""The buckets that the store is kept in, made where they are missing.

What stops it is told with its remedy::

    SetupFailed
    ├── TokenRefused   the server does not know the token, or the token may not do this
    └── OrgMissing     the server has no such organisation, or the token does not see it

``StoreAway`` is raised where the server does not answer; that alone is worth trying again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from processors.influx import BUCKET, RAW_BUCKET
from processors.store import StoreAway

DAY_S = 86_400
FOR_EVER = 0
"""Days of a bucket that is kept for ever."""
KEEP_DAYS, TEN_YEARS = FOR_EVER, 3_653
"""Days that figures, states, episodes and events are kept; and what to say where ten years are enough.

A source never seen stands at 1970: a bucket with a bound refuses that line (422), and whoever lists sources does not see it.
"""
RAW_KEEP_DAYS = 400
"""Days that minutes, reports and frames are kept: a year, and the time to rebuild its last month."""
DAYS_MAX = 36_500
ANSWER_S = 10.0
TOLD_MAX = 300


class SetupFailed(Exception):
    """The buckets could not be made."""


class TokenRefused(SetupFailed):
    """The token is unknown, or has not the right."""


class OrgMissing(SetupFailed):
    """There is no such organisation."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket as it is now; ``made`` says whether it was missing, ``keep_days`` is what the server says (0: for ever)."""

    name: str
    keep_days: int
    made: bool


def make_buckets(
    url: str, token: str, org: str, prefix: str = "", *, keep_days: int = KEEP_DAYS, raw_keep_days: int = RAW_KEEP_DAYS
) -> tuple[Bucket, Bucket]:
    """Make both buckets where they are missing; one that is there stays as it is, its retention too.

    Args:
        url: the server's address.
        token: one that may read organisations and write buckets.
        org: the organisation's name.
        prefix: stands before the buckets' names.
        keep_days, raw_keep_days: how long a new bucket keeps its points; 0 is for ever.

    Raises:
        SetupFailed: as the module says.
        StoreAway: the server does not answer.
        ValueError: a number of days is none.
    """
    for days in (keep_days, raw_keep_days):
        if not FOR_EVER <= days <= DAYS_MAX:
            raise ValueError(f"{days} days: a bucket keeps 1 to {DAYS_MAX} days, or 0 for ever")
    headers = {"Authorization": f"Token {token}"}
    with httpx.Client(base_url=url, headers=headers, timeout=ANSWER_S, trust_env=False) as http:
        org_id = _org_id(http, org)
        figures = _bucket(http, org, org_id, prefix + BUCKET, keep_days)
        return figures, _bucket(http, org, org_id, prefix + RAW_BUCKET, raw_keep_days)


def _org_id(http: httpx.Client, org: str) -> str:
    answer = _ask(http, "GET", "/api/v2/orgs", f"looking for organisation {org}", params={"org": org})
    found = answer.json().get("orgs", []) if answer.status_code == httpx.codes.OK else []
    if not found:
        raise OrgMissing(f"no organisation {org} at {http.base_url}: name one that is there, and that the token belongs to")
    return str(found[0]["id"])


def _bucket(http: httpx.Client, org: str, org_id: str, name: str, keep_days: int) -> Bucket:
    there = _find(http, org, name)
    if there is not None:
        return there
    rules = [{"type": "expire", "everySeconds": keep_days * DAY_S}] if keep_days else []
    wanted = {"orgID": org_id, "name": name, "retentionRules": rules}
    answer = _ask(http, "POST", "/api/v2/buckets", f"making bucket {name}", json=wanted)
    if answer.status_code == httpx.codes.CREATED:
        return Bucket(name, keep_days, made=True)
    there = _find(http, org, name)  # another process may have been faster
    if there is None:
        raise SetupFailed(f"making bucket {name}: the server answers {answer.status_code}: {answer.text[:TOLD_MAX]}")
    return there


def _find(http: httpx.Client, org: str, name: str) -> Bucket | None:
    answer = _ask(http, "GET", "/api/v2/buckets", f"looking for bucket {name}", params={"org": org, "name": name})
    found = answer.json().get("buckets", []) if answer.status_code == httpx.codes.OK else []
    if not found:
        return None
    return Bucket(name, sum(rule["everySeconds"] for rule in found[0]["retentionRules"]) // DAY_S, made=False)


def _ask(http: httpx.Client, method: str, path: str, doing: str, **sent: Any) -> httpx.Response:
    try:
        answer = http.request(method, path, **sent)
    except httpx.HTTPError as error:
        raise StoreAway(f"{doing}: {http.base_url} does not answer: {error}") from error
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        raise TokenRefused(f"{doing}: {http.base_url} refuses the token; give one that it knows and that may do this")
    if answer.status_code == httpx.codes.FORBIDDEN:
        raise TokenRefused(f"{doing}: the token has not the right; give one that may read and write the organisation's buckets")
    if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise StoreAway(f"{doing}: {http.base_url} answers {answer.status_code}: {answer.text[:TOLD_MAX]}")
    return answer
