"""Programs that real engines need: found on this machine, or fetched once into the user's cache folder.

What is missing is told with its remedy::

    PartError
    ├── PartMissing    a program is not installed here: install it, then try again
    └── PartFailed     a program is here but did not do its work: its last words stand in the message
"""

from __future__ import annotations

import fcntl
import lzma
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import structlog

KAFKA_VERSION = "4.3.1"
INFLUX_VERSION = "2.7.12"
LOG4J_VERSION = "2.25.4"
DEPENDENCY_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:2.8"
JAVA_MIN = 17
"""What a Kafka 4 broker needs."""
FETCH_S = 900
"""Seconds that fetching the broker (45 MB) may take."""
TOOL_S = 60
"""Seconds that any other tool may take."""
LAST_WORDS = 12
"""Lines of what a program said that an error shows."""


class PartError(Exception):
    """A part could not be had."""


class PartMissing(PartError):
    """A program is not installed here; the message says what to do."""


class PartFailed(PartError):
    """A program is here but did not do its work; the message ends with its last words."""


def require_java() -> str:
    """Return the path of a Java that can run the broker.

    Raises:
        PartMissing: there is none, or it is too old.
    """
    remedy = f"install Java {JAVA_MIN} or newer (Debian: apt-get install openjdk-{JAVA_MIN}-jre-headless)"
    java = shutil.which("java")
    if java is None:
        raise PartMissing(f"Kafka needs Java, and none is on PATH: {remedy}")
    version = re.search(r'version "(\d+)', run_tool([java, "-version"], Path.cwd(), "asking Java's version"))
    if version is None or int(version[1]) < JAVA_MIN:
        raise PartMissing(f"{java} is too old for Kafka {KAFKA_VERSION}: {remedy}")
    return java


def kafka_jars() -> Path:
    """Return the folder of the broker's jars, fetched by Maven where it is not in the cache; half a fetch is never seen.

    Raises:
        PartMissing: they must be fetched, and there is no Maven.
        PartFailed: Maven could not fetch them.
    """
    with cache() as folder:
        jars = folder / f"kafka_2.13-{KAFKA_VERSION}"
        if jars.is_dir():
            return jars
        maven = shutil.which("mvn")
        if maven is None:
            raise PartMissing("Kafka is fetched by Maven, and no mvn is on PATH: install it (Debian: apt-get install maven)")
        structlog.get_logger("plumeline.parts").info("fetching Kafka by Maven, once", version=KAFKA_VERSION, into=str(jars))
        with tempfile.TemporaryDirectory(dir=folder) as work:
            Path(work, "pom.xml").write_text(POM)
            command = [maven, "-B", "-q", f"{DEPENDENCY_PLUGIN}:copy-dependencies"]
            command += ["-DincludeScope=runtime", f"-DoutputDirectory={work}/jars"]
            run_tool(command, Path(work), f"fetching Kafka {KAFKA_VERSION} from Maven Central", FETCH_S)
            Path(work, "jars").rename(jars)
    return jars


POM = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>plumeline</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>{KAFKA_VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-slf4j-impl</artifactId>
      <version>{LOG4J_VERSION}</version>
    </dependency>
  </dependencies>
</project>
"""


def influxd() -> Path:
    """Return the server's binary: the one that PLUMELINE_INFLUXD names (packed as .xz or not), else the one on PATH.

    Raises:
        PartMissing: there is none.
    """
    named = os.environ.get("PLUMELINE_INFLUXD")
    if named and not Path(named).is_file():
        raise PartMissing(f"PLUMELINE_INFLUXD names {named}, which is no file; let it name an influxd {INFLUX_VERSION}")
    if named:
        return unpacked(Path(named)) if named.endswith(".xz") else Path(named).resolve()
    if found := shutil.which("influxd"):
        return Path(found)
    raise PartMissing(
        f"no influxd on PATH: install InfluxDB {INFLUX_VERSION} or let PLUMELINE_INFLUXD name its binary (an .xz will do)"
    )


def unpacked(packed: Path) -> Path:
    """Return the binary inside an .xz file, unpacked into the cache once for each state of the file."""
    state = packed.stat()
    with cache() as folder:
        binary = folder / f"{packed.stem}-{state.st_size}-{int(state.st_mtime)}"
        if not binary.exists():
            half = binary.with_suffix(".half")
            with lzma.open(packed) as source, half.open("wb") as target:
                shutil.copyfileobj(source, target)
            half.chmod(0o755)
            half.rename(binary)
    return binary


@contextmanager
def cache() -> Iterator[Path]:
    """Hold the cache folder for one process at a time, so that two first runs do not fetch the same thing twice."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "plumeline"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def run_tool(command: Sequence[str], cwd: Path, doing: str, within_s: float = TOOL_S) -> str:
    """Run a tool to its end and return what it said.

    Raises:
        PartFailed: it failed or took too long; the message says what was being done.
    """
    try:
        done = subprocess.run(
            command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=within_s, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise PartFailed(f"{doing} took over {within_s:.0f} s: {Path(command[0]).name} was ended") from error
    if done.returncode:
        raise PartFailed(f"{doing} failed; {Path(command[0]).name} ended with:\n{last_words(done.stdout)}")
    return done.stdout


def last_words(said: str) -> str:
    """Return the end of what a program said."""
    return "\n".join(said.splitlines()[-LAST_WORDS:])
