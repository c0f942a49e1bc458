"""``plumeline marks``: a CSV file of marks checked line by line, and sent to a server where one is named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import httpx
import typer

from ingest.files import NotReadable
from ingest.records import Mark
from ingest.registry_files import load_marks
from plumeline.terminal import FAULT, RegistryFolder, err, out
from processors.registry_check import load_registry

LINES_A_REQUEST = 500
"""Marks sent in one request, each answered by line."""
TIMEOUT_S = 60.0


def marks(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV file: id,source,factors,type,start,end,author,set_at,reason,evidence,state;"
            " of a check also check,reference,before,after,span,gas; of a manual result result_kg_h,method,result_mg_l."
        ),
    ],
    registry: RegistryFolder = Path("registry"),
    url: Annotated[str, typer.Option(help="Address of the server that takes them, as in http://127.0.0.1:8080.")] = "",
    token: Annotated[str, typer.Option(help="Token of the sources' group.", envvar="PLUMELINE_TOKEN")] = "",
) -> None:
    """Check a CSV file of marks, all faults at once with line, field and remedy; with --url, send it to a server."""
    found = load_marks(file, load_registry(registry))
    if not url:
        out.print(
            f"{file}: {len(found)} marks, no faults; nothing was sent: give --url, or put it into the registry's folder as marks.csv",
            soft_wrap=True,
        )
        return
    refused = 0
    for first in range(0, len(found), LINES_A_REQUEST):
        refused += _sent(found[first : first + LINES_A_REQUEST], url, token)
    out.print(f"{file}: {len(found) - refused} marks filed, {refused} refused", soft_wrap=True)
    if refused:
        raise typer.Exit(FAULT)


def _sent(some: Sequence[Mark], url: str, token: str) -> int:
    """Send marks, tell which were refused and why, and return how many."""
    body = b"\n".join(mark.line() for mark in some)
    headers = {"content-type": "application/x-ndjson"} | ({"authorization": f"Bearer {token}"} if token else {})
    try:
        answer = httpx.post(f"{url.rstrip('/')}/v1/marks", content=body, headers=headers, timeout=TIMEOUT_S, trust_env=False)
        told = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise NotReadable(
            f"{url}: no answer that can be read ({error}); look at the address, and whether the server runs"
        ) from None
    if "lines" not in told:
        raise NotReadable(f"{url}: {told.get('error', f'answered {answer.status_code}')}")
    rejected = [line for line in told["lines"] if line["status"] == "rejected"]
    for line in rejected:
        err.print(f"mark {some[line['line'] - 1].id}: {line['reason']}", highlight=False, markup=False)
    return len(rejected)
