"""Texts of the pages Why is nothing shown."""

EN = """
why.what | For whoever set up a device: what arrived, what was made of it, what to change. Pick a source.
why.empty | No device has been heard of and none is registered. What cannot be read at all lands in Quarantine.
why.nameless | Your device is not listed? What was received without a readable name is in
why.last_bytes | Last bytes
why.source | Its figures
why.frames | Last frames ({n})
why.no_frames | No frame of this name is stored.
why.registered | Registry
why.registered.yes | Registered in sources.csv.
why.registered.no | No row in sources.csv holds on this day for “{source}”.
why.registered.do | Add the row; what was sent since is kept and will be counted.
why.bytes | Connection
why.bytes.none | Nothing was ever received under this name.
why.bytes.do | Check address and port in the device, and that the MN it sends is this name to the letter.
why.bytes.last | Last bytes {time} ({ago}) from {peer}, {protocol}.
why.verdict | Frames
why.verdict.none | No frame to look at.
why.verdict.ok | The last {n} frames were accepted.
why.verdict.bad | {n} of the last {of} frames were not accepted: {reasons}.
why.verdict.do | Open a frame below: the fault is marked at its byte.
why.crc | CRC
why.crc.ok | As HJ 212 defines it, or none in this protocol.
why.crc.bad | Seen: {names}.
why.crc.do | HJ 212's CRC is not Modbus: see HJ 212-2017, annex A. A known dialect can be allowed by crc_dialect in sources.csv.
why.answered | Acknowledged
why.answered.n | {n} of the last {of} frames were acknowledged.
why.answered.do | An acknowledgement is sent where the frame's Flag asks for one (bit A).
why.clock | Clock
why.clock.unknown | Not known: no report with a sending time yet.
why.clock.skew | Receipt minus sending: {skew} (median).
why.clock.do | Set the clock, or add a dated clock_offset_s in sources.csv; reports from the future are held until then.
why.fresh | Last reading
why.fresh.never | None yet; one each {cadence} is expected.
why.fresh.last | {time} ({ago}); one each {cadence} is expected.
why.fresh.do | Look at the device and its line; backfill sent later is counted.
why.marked | Marks
why.marked.none | No mark takes its readings out now.
why.marked.one | Marked “{type}” until {end} by {author}: its readings are not counted as valid.
why.marked.do | If that is wrong, ask whoever set the mark to reject it.
why.factors | Factors
why.factors.nothing | No reading in the hour around the last frame.
why.factors.missing | Sent but not in points.csv or meters.csv: {names}.
why.factors.do | Add a row for each with unit and range; what was sent is kept and will be counted.
why.factors.absent | Registered but not sent in the last hour: {names}.
why.factors.absent.do | Check the device's list of factors, or end the rows by valid_to.
why.factors.ok | All {n} factors sent are registered.
"""
"""Key | English text."""
