"""The console of a cluster, tested in a process of its own: NiceGUI keeps one app in a process, and other tests start theirs."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.conftest import REPO
from tests.parts import Influx


def test_the_console_of_a_cluster(influx: Influx) -> None:
    """The tests of ``cluster_console_alone`` pass."""
    env = os.environ | {
        "PLUMELINE_INFLUX_URL": influx.url,
        "PLUMELINE_INFLUX_TOKEN": influx.token,
        "PLUMELINE_INFLUX_ORG": influx.org,
    }
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/plumeline/cluster_console_alone.py"]
    ran = subprocess.run(words, cwd=REPO, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stdout[-3000:]
