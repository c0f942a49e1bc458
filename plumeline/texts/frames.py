"""Texts of the pages Quarantine and Frame."""

EN = """
quarantine.what | What could not be read, verbatim, with the reason. Nothing here was counted.
quarantine.every | all {n}
quarantine.none | Quarantine is empty: every frame was read.
quarantine.none.filtered | Nothing in quarantine is like that.
quarantine.of | Only {source}.
quarantine.same | All of this device
again | Try again
again.do | Try again
again.would | Judged now, by the present registry and decoder, it would be read.
again.would_not | Judged now, it would be refused again: {reason}. Mend the cause first: the device, its row in sources.csv, or Plumeline.
again.filed | Filed: its readings are counted within moments, with the time at which they were received.
again.refused | Tried again and refused again; the reason stands below.
again.gone | Nothing to try: this frame is not in quarantine.
again.who | Not tried: say who you are.
again.full | Not tried: the log is full at the moment. Try again in a second.
again.away | Not tried: the store does not answer. Try again later.
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
