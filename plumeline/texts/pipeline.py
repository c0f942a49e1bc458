"""Texts of the page Pipeline."""

EN = """
pipeline.what | What Plumeline knows of itself.
pipeline.store | Store
pipeline.store.ok | Answers.
pipeline.store.away | Does not answer ({detail}). Check the data folder's disk and rights first; live alarms go on.
pipeline.lag | Lag
pipeline.tick | Newest tick
pipeline.deliveries | Deliveries
pipeline.deliveries.none | none yet
pipeline.sources | Sources
pipeline.quarantine | Quarantine
pipeline.quarantine.n | Inputs set aside: {n}
pipeline.queues | Queues against their bounds
pipeline.queues.none | No queue has told its length.
pipeline.blind | Blind time
pipeline.blind.none | None: ticks came without a gap.
pipeline.blind.span | {start} – {end} ({span})
pipeline.numbers | Numbers
queue.name | Queue
queue.length | Holds
queue.bound | Bound
queue.share | Share
queue.full | filling up
queue.free | free
health.lag_ms | Lag, ms
health.tick_ms | Newest tick
health.started_ms | Started
health.connections | Connections
health.touches | Touches waiting
health.rows | Rows by table
health.events | Events
health.failed | Failed
health.figures published | Figures published since start
health.processed_seq | Record of the log worked off
health.readings | Readings taken in since start
health.records waiting | Records waiting
"""
"""Key | English text."""
