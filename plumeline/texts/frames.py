"""Texts of the pages Quarantine and Frame."""

EN = """
quarantine.what | What could not be read, verbatim, with the reason. Nothing here was counted.
quarantine.every | all {n}
quarantine.none | Quarantine is empty: every frame was read.
quarantine.none.filtered | Nothing in quarantine is like that.
quarantine.of | Only {source}.
quarantine.same | All of this device
frame | Frame
frame.missing | This frame is not stored
frame.missing.why | Frames are kept for a bounded time; its readings outlive it. Or the address is wrong.
frame.verdict | Verdict
frame.detail | Detail
frame.source | Source
frame.no_source | no source could be read
frame.received | Received
frame.peer | From
frame.crc | CRC
frame.answered | Acknowledged
frame.ok | accepted
frame.open | Open the frame
frame.text | Text
frame.masked | The device's password (PW) is shown as stars; the stored frame holds it as it came.
frame.hex | Hex, {n} bytes
crc | {crc}
"""
"""Key | English text."""
