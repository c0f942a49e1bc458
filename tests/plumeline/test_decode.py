"""``plumeline decode --json`` line by line, values as sent; junk files end in one sentence and exit code 1, no traceback."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from plumeline.cli import main
from tests.conftest import REPO, SHARED, require

SAMPLES = SHARED / "data" / "hj212_samples.jsonl"
STANDARD_FRAME = (
    b"##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&1C80\r\n"
)
"""The example of HJ 212-2017, annex A, with its CRC."""
KEYS = ["offset", "length", "status", "reason", "crc", "header", "fields", "factors"]


def crc16(segment: bytes) -> int:
    """HJ 212-2017 annex A, written down from its text: the high byte of the register takes part in each step."""
    register = 0xFFFF
    for byte in segment:
        register = (register >> 8) ^ byte
        for _ in range(8):
            odd = register & 1
            register >>= 1
            if odd:
                register ^= 0xA001
    return register


def framed(segment: str) -> bytes:
    data = segment.encode()
    return b"##%04d%s%04X\r\n" % (len(data), data, crc16(data))


def plumeline(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *args: str | Path) -> tuple[int, str, str]:
    """Run the command in this process; return exit code, standard output and standard error."""
    monkeypatch.setattr(sys, "argv", ["plumeline", *map(str, args)])
    capsys.readouterr()
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    else:
        code = 0
    out, err = capsys.readouterr()
    return code, out, err


def decoded(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, path: Path) -> list[dict[str, Any]]:
    code, out, err = plumeline(capsys, monkeypatch, "decode", path, "--json")
    assert (code, err) == (0, "")
    return [json.loads(line) for line in out.splitlines()]


def test_a_frame_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The standard's own frame: offset, length without line end, verdict, CRC, header and fields in the device's words."""
    path = tmp_path / "packets.txt"
    path.write_bytes(STANDARD_FRAME)
    (line,) = decoded(capsys, monkeypatch, path)
    assert [k for k in line if k in KEYS] == KEYS
    assert line["offset"] == 0
    assert line["length"] == len(STANDARD_FRAME) - 2
    assert (line["status"], line["reason"], line["crc"]) == ("ok", None, "ok")
    assert line["header"] == {
        "QN": "20160801085857223",
        "ST": "32",
        "CN": "1062",
        "PW": "100000",
        "MN": "010000A8900016F000169DC0",
        "Flag": "5",
    }
    assert line["fields"] == {"RtdInterval": "30"}
    assert line["factors"] == {}


def test_values_are_as_sent(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Digits, padding and words of a value survive; a wrong CRC and a half frame are lines as well, with their reason."""
    head = "QN=20260701000031000;ST=31;CN=2011;PW=123456;MN=M1;Flag=5;CP=&&DataTime=20260701000030;"
    good = framed(head + "a21026-Rtd=031.20,a21026-Flag=N;a19001-Rtd=n/a,a19001-Flag=D&&")
    bad = framed(head + "a21026-Rtd=1.0,a21026-Flag=N&&").replace(b"Rtd=1.0", b"Rtd=9.0")
    half = good[:60]
    path = tmp_path / "packets.txt"
    path.write_bytes(b"noise\r\n" + good + bad + half)
    one, two, three = decoded(capsys, monkeypatch, path)
    assert one["factors"] == {"a21026": {"Rtd": "031.20", "Flag": "N"}, "a19001": {"Rtd": "n/a", "Flag": "D"}}
    assert one["fields"] == {"DataTime": "20260701000030"}
    assert (one["status"], one["offset"], one["length"]) == ("ok", 7, len(good) - 2)
    assert (two["status"], two["reason"], two["crc"]) == ("quarantined", "crc wrong", "wrong")
    assert two["offset"] == 7 + len(good)
    assert two["factors"]["a21026"]["Rtd"] == "9.0"
    assert (three["status"], three["reason"], three["crc"]) == ("quarantined", "truncated", "wrong")
    assert three["offset"] + three["length"] == path.stat().st_size
    assert (three["header"], three["factors"]) == ({}, {})


def test_captured_realtime_frames(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Real-time frames of many devices, glued together: each at its offset, each value the text a regular expression finds."""
    require("shared", SAMPLES.exists(), "the shared data has no hj212_samples.jsonl")
    rows = [json.loads(line) for line in SAMPLES.read_text(encoding="utf-8").splitlines()]
    taken = [
        raw
        for r in rows
        if r["crc_ok"] and r["length_ok"] and r["kind"] == "2011"
        for raw in [r["raw"].encode("utf-8")]
        if raw.endswith(b"\r\n") and raw.isascii() and b"DataTime=" in raw
    ]
    assert len(taken) >= 5
    path = tmp_path / "packets.txt"
    path.write_bytes(b"".join(taken))
    lines = decoded(capsys, monkeypatch, path)
    assert [line["offset"] for line in lines] == [sum(map(len, taken[:i])) for i in range(len(taken))]
    for raw, line in zip(taken, lines, strict=True):
        text = raw.decode()
        head, area = text.split("CP=&&", 1)
        assert (line["status"], line["crc"], line["length"]) == ("ok", "ok", len(raw) - 2)
        assert line["header"] == dict(re.findall(r"(QN|ST|CN|PW|MN|Flag|PNUM|PNO)=([^;]*)", head[6:]))
        label = re.search(r"DataTime=([0-9]+)", area)
        assert label is not None
        assert line["fields"]["DataTime"] == label[1]
        expected = re.findall(r"([0-9A-Za-z]+)-(Rtd|Flag|ZsRtd)=([^;,&]*)", area)
        got = {(code, name): value for code, values in line["factors"].items() for name, value in values.items()}
        assert {(c, n): v for c, n, v in expected}.items() <= got.items()


def test_check_prints_one_object(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """``check --json``: bytes and frames sum to the file, and a figure has exactly the keys that outside checks read."""
    head = "QN=202607010{m:03}31000;ST=31;CN=2011;PW=123456;MN=M1;Flag=4;CP=&&DataTime=202607010{m:03}00;"
    frames = [framed(head.format(m=m) + "a21026-Rtd=31.25,a21026-Flag=N&&") for m in range(57)]
    path = tmp_path / "packets.txt"
    path.write_bytes(b"".join(frames) + frames[0] + b"junk")
    code, out, err = plumeline(capsys, monkeypatch, "check", path, "--json")
    assert (code, err.strip()) == (0, "")
    found = json.loads(out)
    assert found["bytes"] == {"accepted": sum(map(len, frames)) + len(frames[0]), "quarantined": 0, "noise": 4}
    assert found["frames"] == {"accepted": 58, "quarantined": 0, "duplicates": 1}
    (hour,) = (f for f in found["figures"] if f["level"] == "hour")
    assert hour == {
        "source": "M1",
        "factor": "a21026",
        "stat": "avg",
        "level": "hour",
        "start": "2026-07-01T00:00:00+08:00",
        "value": 31.25,
        "ok": True,
        "reason": None,
        "n": 57,
    }
    assert (found["episodes"], found["gaps"]) == ([], [])


def test_several_files(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each file is checked for itself, one object a line; one that cannot be read is told and keeps no other from being read."""
    path, files = tmp_path / "packets.txt", junk(tmp_path)
    path.write_bytes(STANDARD_FRAME)
    code, out, err = plumeline(capsys, monkeypatch, "check", path, files["absent"], path, files["folder"], "--json")
    assert code == 1
    assert [json.loads(line)["bytes"]["accepted"] for line in out.splitlines()] == [len(STANDARD_FRAME)] * 2
    assert ["absent: no such file" in err, "folder: a folder" in err, "Traceback" in err] == [True, True, False]
    assert plumeline(capsys, monkeypatch, "check", path, path, "--json")[0] == 0


def test_a_devices_text_cannot_steer_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What a person reads of a frame holds no control character; the JSON keeps the text as sent."""
    path = tmp_path / "packets.txt"
    path.write_bytes(framed("ST=31;CN=2011;PW=1;MN=A;CP=&&DataTime=20260701000000;a1-Rtd=\x1b[2J7&&"))
    _code, out, _err = plumeline(capsys, monkeypatch, "decode", path)
    assert "a1 ·[2J7" in out and out.rstrip("\n").isprintable()
    assert decoded(capsys, monkeypatch, path)[0]["factors"] == {"a1": {"Rtd": "\x1b[2J7"}}


def test_check_accepts_the_dialect_that_the_registry_allows(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A device whose row allows CRC-16/MODBUS is read with it, as by the gateway; without the registry its frame is quarantined."""
    shutil.copytree(REPO / "registry", tmp_path / "registry")
    sources = tmp_path / "registry" / "sources.csv"
    head, first, *others = sources.read_text(encoding="utf-8").splitlines()
    row = dict(zip(head.split(","), first.split(","), strict=True)) | {"crc_dialect": "modbus"}
    sources.write_text("\n".join([head, ",".join(row.values()), *others, ""]), encoding="utf-8")
    frame = framed(
        f"QN=20260701000031000;ST=31;CN=2011;PW=1;MN={row['source']};Flag=4;CP=&&DataTime=20260701000030;a21026-Rtd=1&&"
    )
    register = 0xFFFF
    for byte in frame[6:-6]:  # CRC-16/MODBUS: the byte goes into the low half, and all 16 bits stay
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0xA001 if register & 1 else 0)
    path = tmp_path / "packets.txt"
    path.write_bytes(frame[:-6] + b"%04X\r\n" % register)
    for more, expected in ((["--registry", tmp_path / "registry"], (1, 0)), ([], (0, 1))):
        code, out, _err = plumeline(capsys, monkeypatch, "check", path, "--json", *more)
        found = json.loads(out)
        assert (code, (found["frames"]["accepted"], found["frames"]["quarantined"])) == (0, expected)


def junk(folder: Path) -> dict[str, Path]:
    """Files that nobody can read, by what is wrong with them."""
    packed = gzip.compress(STANDARD_FRAME * 200)
    effluent = (REPO / "feeds" / "effluent_hourly_cn.toml").read_text(encoding="utf-8")
    contents = {
        "empty": b"",
        "garbage": bytes(b for i in range(20) for b in range(256) if b != ord("#")),
        "garbage.gz": b"this was never compressed",
        "cut.gz": packed[: len(packed) // 2],
        "crooked.gz": packed[:20] + b"\xff" * 20 + packed[40:],
        "readings.csv": b"time_local,hourly_avg\n2026-07-01 00:00:00,1.5\n",
        "other.csv": b"a,b\n1,2\n",
        "cut.csv.gz": packed[:-30],
        "log.jsonl": b'{"arrival": 3}\n',
        "misspelt.toml": effluent.replace("cadence_s", "cadance_s").encode(),
        "broken.toml": b"title = = 1",
        "effluent.toml": effluent.encode(),
    }
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    (folder / "folder").mkdir()
    (folder / "device").symlink_to("/dev/null")
    return {name: folder / name for name in [*contents, "absent", "absent.toml", "folder", "device", "x" * 300]}


@pytest.mark.parametrize(
    ("name", "mapping", "words"),
    [
        ("absent", None, "no such file"),
        ("folder", None, "a folder"),
        ("device", None, "no regular file"),
        ("x" * 300, None, "name too long"),
        ("empty", None, "is empty"),
        ("garbage", None, "neither an HJ 212 frame nor a report line in 5,100 bytes"),
        ("garbage.gz", None, "cannot be read to its end"),
        ("cut.gz", None, "cannot be read to its end"),
        ("crooked.gz", None, "cannot be read to its end"),
        ("log.jsonl", None, "line 1: no entry of a server log"),
        ("readings.csv", None, "a CSV needs --mapping FILE"),
        ("readings.csv", "misspelt.toml", "cadance_s: no such key"),
        ("readings.csv", "broken.toml", "broken.toml"),
        ("readings.csv", "absent.toml", "cannot be read"),
        ("other.csv", "effluent.toml", "columns hourly_avg, time_local of the mapping are missing"),
        ("cut.csv.gz", "effluent.toml", "cut.csv.gz"),
        ("absent", "effluent.toml", "no such file"),
        ("empty", "effluent.toml", "is empty"),
    ],
)
def test_junk_ends_check_with_a_sentence(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    name: str,
    mapping: str | None,
    words: str,
) -> None:
    """``check`` of a file it cannot use: exit code 1 and what is wrong on standard error; of noise the bytes are counted."""
    files = junk(tmp_path)
    more: list[str | Path] = [] if mapping is None else ["--mapping", files[mapping]]
    code, out, err = plumeline(capsys, monkeypatch, "check", files[name], *more, "--json")
    assert code == 1
    if name in ("empty", "garbage"):
        found = json.loads(out)
        assert found["bytes"] == {"accepted": 0, "quarantined": 0, "noise": files[name].stat().st_size}
        assert (found["frames"], found["figures"]) == ({"accepted": 0, "quarantined": 0, "duplicates": 0}, [])
    else:
        assert out == ""
    assert words in err.replace("\n", " ")
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) <= 3


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("absent", "no such file"),
        ("folder", "a folder"),
        ("device", "no regular file"),
        ("x" * 300, "name too long"),
        ("log.jsonl", "line 1: no entry of a server log"),
    ],
)
def test_junk_ends_decode_with_a_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, words: str
) -> None:
    """``decode`` of a file it cannot use: exit code 1, nothing on standard output, and what is wrong on standard error."""
    code, out, err = plumeline(capsys, monkeypatch, "decode", junk(tmp_path)[name], "--json")
    assert (code, out) == (1, "")
    assert words in err
    assert "Traceback" not in err


@pytest.mark.parametrize("name", ["empty", "garbage", "garbage.gz", "cut.gz", "crooked.gz"])
def test_unreadable_bytes_end_decode_with_a_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """``decode`` of bytes in which there is no frame, or which cannot be unpacked: exit code 1 and the file's name."""
    code, _out, err = plumeline(capsys, monkeypatch, "decode", junk(tmp_path)[name], "--json")
    assert code == 1
    assert f"{name}: " in err
    assert "Traceback" not in err
