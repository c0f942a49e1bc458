"""Texts of the page Pipeline."""

EN = """
pipeline.what | What Plumeline knows of itself.
pipeline.store | Store
pipeline.store.ok | Answers.
pipeline.store.away | Does not answer ({detail}). Check the data folder's disk and rights first; live alarms go on.
pipeline.lag | Lag
pipeline.tick | Last sign of life of a gateway
pipeline.deliveries | Deliveries
pipeline.deliveries.none | none yet
pipeline.sources | Sources
pipeline.quarantine | Quarantine
pipeline.quarantine.n | Inputs set aside: {n}
pipeline.queues | Queues against their bounds
pipeline.queues.none | No queue has told its length.
pipeline.blind | Blind time
pipeline.blind.none | None: gateways gave a sign of life without a gap.
pipeline.blind.unknown | Not known while the store does not answer.
pipeline.blind.span | {gateway}: {start} – {end} ({span})
pipeline.failed | Stopped
pipeline.failed.do | Nothing is worked off any more ({detail}). Start Plumeline again; what arrives meanwhile is kept in the log.
pipeline.numbers | Numbers
queue.name | Queue
queue.length | Holds
queue.bound | Bound
queue.share | Share
queue.full | filling up
queue.free | free
health.lag_ms | Lag, ms
health.tick_ms | Last sign of life of a gateway
health.started_ms | Started
health.connections | Connections
health.touches | Touches waiting
health.rows | Rows by table
health.events | Events
health.figures published | Figures published since start
health.processed_seq | Record of the log worked off
health.readings | Readings taken in since start
health.records waiting | Records waiting
"""
"""Key | English text."""
