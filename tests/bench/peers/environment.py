"""The peers' own environment, so that the project's does not grow: made once, at the versions of requirements.txt."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.bench.peers.catalogue import PEERS

REPO = Path(__file__).resolve().parents[3]
VENV = REPO / ".venv-peers"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
DRIVER = ("aiokafka", "polars", "rich", "typer")
"""What the driver itself needs there."""
_STATE = VENV / "missing.json"


class NoEnvironment(Exception):
    """The environment could not be made; without the driver's own needs nothing can be measured."""


def inside() -> bool:
    """Return whether this interpreter is that of the peers' environment."""
    return Path(sys.prefix).resolve() == VENV.resolve()


def missing() -> dict[str, str]:
    """Return what could not be installed, with the reason."""
    return dict(json.loads(_STATE.read_text())) if _STATE.exists() else {}


def ensure() -> None:
    """Make the environment if there is none, it is older than its requirements, or something was missing last time.

    Raises:
        NoEnvironment: what the driver itself needs could not be installed.
    """
    if _STATE.exists() and _STATE.stat().st_mtime > REQUIREMENTS.stat().st_mtime and not missing():
        return
    if not PYTHON.exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    lacking: dict[str, str] = {}
    if _install(["-r", str(REQUIREMENTS)]):
        if why := _install(_constrained(DRIVER)):
            raise NoEnvironment(why)
        needed = dict.fromkeys(name for peer in PEERS for name in peer.requirements)
        lacking = {name: why for name in needed if (why := _install(_constrained([name])))}
    _STATE.write_text(json.dumps(lacking))


def _constrained(names: Iterable[str]) -> list[str]:
    return ["-c", str(REQUIREMENTS), *names]


def _install(arguments: list[str]) -> str:
    """Install; return pip's reason if it could not."""
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(pip, stderr=subprocess.PIPE, text=True)
    errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()[-1:]
    return "" if done.returncode == 0 else " ".join(errors)[:300] or f"pip ended with {done.returncode}"
