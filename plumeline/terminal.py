"""The terminal of the ``plumeline`` command: its two streams, and the options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console as Terminal

out = Terminal()
err = Terminal(stderr=True)
FAULT = 1
"""Exit code where the input has faults; 2 is wrong usage."""
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]
Data = Annotated[Path, typer.Option("--data", help="Folder of the SQLite files.", envvar="PLUMELINE_DATA")]
RegistryFolder = Annotated[
    Path, typer.Option("--registry", help="Folder of the registry's CSV files.", envvar="PLUMELINE_REGISTRY")
]
