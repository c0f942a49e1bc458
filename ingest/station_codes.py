"""station_codes.csv: what the codes of a city's petrol station protocol mean, so that points.csv need not repeat it for each station."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import Field

from ingest.csv_tables import Fault, Table
from ingest.registry import ROLE_UNITS, Enterprise, Name, Row, Source

CODES_FILE = "station_codes.csv"


class StationCode(Row):
    """A code of a city's protocol: the role and unit of the points that send it, and what they are called.

    ``role`` is one of ROLE_UNITS, or empty for what no rule uses, such as the console's own states (0 normal, 1 warning, 2 alarm).
    ``basis`` says where the meaning was read.
    """

    city: str
    code: Name
    role: Annotated[str, Field(pattern="^(" + "|".join(ROLE_UNITS) + ")?$")] = ""
    unit: Annotated[str, Field(min_length=1)]
    name: str = ""
    name_zh: str = ""
    basis: str = ""


def fill_points(
    codes: Table[StationCode], sources: Table[Source], enterprises: Table[Enterprise], faults: list[Fault]
) -> Callable[[dict[str, str]], dict[str, str]]:
    """Return what fills in the empty cells of a row of points.csv by its code and its enterprise's city.

    A nozzle's code bears its number (``i41020-03``), which goes behind the role's slash. Faults of the table are appended.
    """
    known: dict[tuple[str, str], StationCode] = {}
    for line, row in codes.rows:
        if (row.city, row.code) in known:
            faults.append(
                Fault(codes.file, line, "code", row.code, f"{row.city} has this code already", "remove one of the rows")
            )
        elif row.role and row.unit != ROLE_UNITS[row.role]:
            told = f"{row.role} is in {ROLE_UNITS[row.role]}"
            faults.append(Fault(codes.file, line, "unit", row.unit, told, "write that unit, and a multiplier in points.csv"))
        known.setdefault((row.city, row.code), row)
    city_of = {row.enterprise: row.city for _, row in enterprises.rows}
    of_source = {row.source: city_of.get(row.enterprise, "") for _, row in sources.rows if row.kind == "vapour"}

    def fill(cells: dict[str, str]) -> dict[str, str]:
        code, _, nozzle = cells.get("factor", "").partition("-")
        row = known.get((of_source.get(cells.get("source", ""), ""), code))
        if row is None:
            return cells
        role = f"{row.role}/{nozzle}" if row.role and nozzle else row.role
        of_row = {"unit": row.unit, "role": role, "name": row.name, "name_zh": row.name_zh}
        return {name: text for name, text in of_row.items() if text} | cells

    return fill
