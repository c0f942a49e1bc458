"""Texts of the pages Sources and Source with their charts."""

EN = """
source.on time | on time
source.late | late
source.silent | silent
source.stopped | stopped
source.blind | blind
source.never seen | never seen
source.unregistered | not registered
source.unregistered.next | Its reports are kept. Adopt it with a row in sources.csv, or find out who sends under this name.
source.code | Source
source.permit | Permit
source.kind | Kind
source.last | Last reading
source.skew | Clock skew
source.month | Hours this month
source.month.of | {n} of {of} hours have a value ({factor})
source.factors | Factors
source.hours | {factor} — {stat}, hour by hour
source.span.days | {n} d
source.earlier | Earlier
source.later | Later
source.latest | Latest
source.table | The same as a table, each hour with its evidence ({n})
source.minutes | minutes
source.episodes | Episodes
source.revisions | Revisions of the last 31 days
source.marks | Marks
source.events | What happened
source.empty | No figures from {start} to {end}
source.empty.why | Either nothing was received in that time, or no factor of this source stands in points.csv or meters.csv.
source.empty.month | Look at a month
source.missing | No source of this name
source.missing.why | Neither the registry nor the store knows it. Names are as the device sends them, case and all.
sources.every | all {n}
sources.find | name or code
sources.find.go | Find
sources.state | State
sources.place | Source
sources.code | Code
sources.last | Last reading
sources.since | Since
sources.none | No source is registered, and none was heard of.
sources.none.filtered | No source is like that now.
episode.open | open
episode.closed | closed
episode.withdrawn | withdrawn
episode.line | {factor} from {start}, hours above: {n}, worst {worst} (limit {limit})
revision.line | {factor} {period}: now {value} {unit}, since {time}
chart.limit | limit {limit}
chart.no_data | no data
chart.not_valid | not valid
chart.click | Click for evidence
legend.bar | hour mean
legend.provisional | provisional
legend.over | ▲ above limit
legend.revised | revised
legend.gap | no value, with the reason
legend.limit | limit
legend.flags | strip: device flags (blank = N, normal)
zoom | {factor} — {stat}, minute by minute, {span}
zoom.before | Hour before
zoom.after | Hour after
zoom.none | No minute means are stored for this time; minutes are formed from real-time readings.
"""
"""Key | English text."""
