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
queue.log writer (bytes) | log writer (bytes)
health.lag_ms | Lag, ms
health.tick_ms | Last sign of life of a gateway
health.started_ms | Started
health.connections | Connections
health.touches | Hours waiting to be made again
health.backfill waiting | Records of backfill waiting for live data
health.rows | Rows by table
health.events | Events
health.figures | Figures
health.figures published | Figures published since start
health.processed_seq | Record of the log worked off
health.readings | Readings taken in since start
health.records waiting | Records waiting
"""
"""Key | English text."""

ZH = """
pipeline.what | 平台自身的运行情况。
pipeline.store | 存储
pipeline.store.ok | 应答正常。
pipeline.store.away | 无应答（{detail}）。请先检查数据目录的磁盘和权限；实时告警照常。
pipeline.lag | 延迟
pipeline.tick | 网关最近心跳
pipeline.deliveries | 投递
pipeline.deliveries.none | 尚无
pipeline.sources | 监测点
pipeline.quarantine | 隔离区
pipeline.quarantine.n | 已隔离 {n} 条
pipeline.queues | 队列与上限
pipeline.queues.none | 没有队列上报长度。
pipeline.blind | 失明时段
pipeline.blind.none | 无：网关心跳连续。
pipeline.blind.unknown | 存储无应答期间无法得知。
pipeline.blind.span | {gateway}：{start} – {end}（{span}）
pipeline.failed | 已停止
pipeline.failed.do | 不再处理数据（{detail}）。请重新启动 Plumeline；其间收到的数据保存在日志中。
pipeline.numbers | 统计
queue.name | 队列
queue.length | 当前
queue.bound | 上限
queue.share | 占比
queue.full | 趋满
queue.free | 空闲
queue.log writer (bytes) | 日志写入（字节）
health.lag_ms | 延迟，ms
health.tick_ms | 网关最近心跳
health.started_ms | 启动时间
health.connections | 连接数
health.touches | 待重算的小时
health.backfill waiting | 等候实时数据先行的补传记录
health.rows | 各表行数
health.events | 事件数
health.figures | 统计值数
health.figures published | 启动以来发布的统计值
health.processed_seq | 已处理到的日志序号
health.readings | 启动以来接收的读数
health.records waiting | 待处理记录
"""
"""Key | Chinese text (zh-CN), in the terms of environmental and energy regulators."""
