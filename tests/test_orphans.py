"""No process that a test starts goes on when the test run was killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from tests.conftest import REPO
from tests.orphans import LOOK_EACH_S, ORPHANED, program

SPIN = "print('up', flush=True)\nwhile True: pass"
"""A child that works without end and never looks at its streams."""
PARENT = f"""
import subprocess, sys
from tests.orphans import program
child = subprocess.Popen(program({SPIN!r}), stdout=subprocess.PIPE, cwd=sys.argv[1])
child.stdout.readline()
print(child.pid, flush=True)
sys.stdin.read()
"""
PATIENCE_S = 20.0


def runs(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return bool(state) and not state.startswith("Z")


def test_a_child_ends_when_its_parent_was_killed() -> None:
    """SIGKILL of the parent, which can close nothing: the spinning child is gone soon after, and not before."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(REPO)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPO
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    time.sleep(2 * LOOK_EACH_S)
    assert runs(child)
    parent.kill()
    parent.wait()
    until = time.monotonic() + PATIENCE_S
    while runs(child) and time.monotonic() < until:
        time.sleep(0.1)
    assert not runs(child)


def test_a_child_whose_parent_is_gone_already_ends_too() -> None:
    """A parent that ends before the child looks for the first time is not taken for the one that adopted it."""
    command = program("import time; time.sleep(60)")
    command[-1] = command[-1].replace(f"end_with({os.getpid()})", "end_with(1)")
    assert subprocess.run(command, cwd=REPO, timeout=PATIENCE_S).returncode == ORPHANED
