"""Reads boards as Grafana does: their queries, with macros and variables filled in, and the CSV that comes back."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dashboards.files import FOLDER

VARIABLE = re.compile(r"\$\{(\w+)(?:\.[\w.]+)?(?::([\w:]+))?\}")
"""``${name}``, ``${name:format}`` and ``${__data.fields.name:format}``."""


@dataclass(frozen=True)
class Query:
    """A query of a board: of a panel, or of a variable where ``panel`` is None."""

    board: str
    where: str
    text: str
    panel: Mapping[str, Any] | None

    @property
    def id(self) -> str:
        """What the test's name shows."""
        return f"{self.board}/{self.where}"


def boards() -> dict[str, dict[str, Any]]:
    """Return the committed boards by language and name."""
    return {
        p.relative_to(FOLDER / "boards").with_suffix("").as_posix(): json.loads(p.read_text(encoding="utf-8"))
        for p in sorted((Path(FOLDER) / "boards").rglob("*.json"))
    }


def queries(name: str, board: Mapping[str, Any]) -> Iterator[Query]:
    """Yield every query of a board."""
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield Query(name, f"${variable['name']}", variable["query"], None)
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            yield Query(name, f"{panel['title']}/{target['refId']}", target["query"], panel)


def filled(text: str, start: datetime, stop: datetime, variables: Mapping[str, str]) -> str:
    """Fill in what Grafana fills in; a variable of the value ``.*`` is "All"."""

    def value(match: re.Match[str]) -> str:
        found, form = variables.get(match[1]), match[2]
        if found is None:
            return match[0]
        if form == "regex":
            return found if found == ".*" else re.sub(r"([\\^$*+?.()|\[\]{}/])", r"\\\1", found)
        if form == "doublequote":
            return json.dumps(found, ensure_ascii=False)
        assert form is None, match[0]
        return found

    text = VARIABLE.sub(value, text)
    for macro, filling in (
        ("v.timeRangeStart", _iso(start)),
        ("v.timeRangeStop", _iso(stop)),
        ("v.windowPeriod", "60s"),
        ("v.defaultBucket", '"plumeline"'),
        ("$__interval", "60s"),
    ):
        text = text.replace(macro, filling)
    return text


def _iso(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Table:
    """One schema of an answer: its columns with their types, whether each is of the group key, and its rows."""

    types: dict[str, str]
    keys: set[str]
    rows: list[dict[str, str]]


def tables(answer: str) -> list[Table]:
    """Return an answer of annotated CSV, a table a schema."""
    out: list[Table] = []
    head: list[list[str]] = []
    for row in csv.reader(io.StringIO(answer.replace("\r", ""))):
        if not row or row == [""]:
            continue
        if row[0].startswith("#"):
            if row[0] == "#datatype":
                head = []
            head.append(row)
        elif len(head) == 2:
            names, (kinds, groups) = row[1:], (h[1:] for h in head)
            head = []
            known = dict(zip(names, kinds, strict=True))
            out.append(Table(known, {n for n, g in zip(names, groups, strict=True) if g == "true"}, []))
        else:
            out[-1].rows.append(dict(zip(out[-1].types, row[1:], strict=True)))
    return [t for t in out if t.rows]
