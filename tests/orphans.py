"""Processes that tests start do not outlive them: a child that looks at who its parent is, and ends when that one is gone."""

from __future__ import annotations

import os
import sys
import threading
import time

LOOK_EACH_S = 0.5
ORPHANED = 86
"""Exit code of a child whose parent is gone."""


def end_with(parent: int) -> None:
    """End this process, whatever it does, soon after its parent ``parent`` did; called first, from the child itself."""

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_EACH_S)
        os._exit(ORPHANED)

    threading.Thread(target=look, name="parent gone", daemon=True).start()


def program(code: str) -> list[str]:
    """Return the command that runs Python ``code`` in a child of this process that ends with it; its folder must be the repository."""
    return [sys.executable, "-W", "ignore", "-c", f"from tests.orphans import end_with; end_with({os.getpid()}); {code}"]
