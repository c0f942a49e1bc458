"""``python -m dashboards``: write the boards and provisioning files."""

from __future__ import annotations

import argparse
from pathlib import Path

from dashboards.files import FOLDER, write
from dashboards.variables import CONSOLE


def main() -> None:
    """Write all files where they are committed, or elsewhere for a console at another address."""
    parser = argparse.ArgumentParser(prog="python -m dashboards", description=__doc__)
    parser.add_argument(
        "--console", default=CONSOLE, help="address of the console as a browser reaches it (default: %(default)s)"
    )
    parser.add_argument("--to", type=Path, default=FOLDER, help="folder to write to (default: %(default)s)")
    options = parser.parse_args()
    write(options.to, options.console.rstrip("/"))


if __name__ == "__main__":
    main()
