"""The ladder of escalation, read from the registry's folder: escalation.toml, its faults with line and field."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from pathlib import Path

from pydantic import ValidationError

from ingest.csv_tables import Fault
from ingest.registry import Escalation

ESCALATION_FILE = "escalation.toml"
"""May lie in the registry's folder."""


def read_escalation(path: Path, faults: list[Fault]) -> Escalation | None:
    """Read the ladder of escalation; without its file nothing is escalated. Faults are appended."""
    if not path.exists():
        return None
    try:
        text = path.read_text(encoding="utf-8")
        return Escalation.model_validate(tomllib.loads(text, parse_float=Decimal))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        faults.append(Fault(path.name, 0, "", "", f"no TOML: {error}", "mend the line it names"))
    except ValidationError as error:
        for fault in error.errors():
            where, value = fault["loc"], "" if isinstance(fault["input"], dict) else str(fault["input"])
            column = ".".join(str(part) for part in where if isinstance(part, str))
            remedy = "mend this field; registry/README.md lists them"
            faults.append(Fault(path.name, _line(text, where), column, value, fault["msg"], remedy))
    return None


def _line(text: str, where: tuple[int | str, ...]) -> int:
    """Return the line of a field: of its key where that is written, else of the head of its table, 0 for the whole file."""
    lines = text.splitlines()
    heads = [n for n, line in enumerate(lines) if where and re.match(rf"\s*\[\[?{re.escape(str(where[0]))}\]", line)]
    index = where[1] if len(where) > 1 and isinstance(where[1], int) else 0
    if index >= len(heads):
        return 0
    for n, line in enumerate(lines[heads[index] + 1 :], heads[index] + 1):
        if line.lstrip().startswith("["):
            break
        if isinstance(where[-1], str) and re.match(rf"\s*{re.escape(where[-1])}\s*=", line):
            return n + 1
    return heads[index] + 1
