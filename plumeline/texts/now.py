"""Texts of the page Now, and words that it shares with the lists of sources."""

EN = """
totals | Totals
total.open | above limit
total.state.on time | sources on time
total.state.late | late
total.state.silent | silent
total.state.stopped | stopped
total.state.blind | blind
total.state.never seen | never seen
total.state.unregistered | not registered
total.waiting | deliveries waiting
total.dead | deliveries given up
total.lag | pipeline lag
now.open | Above limit
now.open.none | No limit is exceeded. {n} of {of} sources are on time.
now.limit | limit {limit} {stat}
now.over | {times} times over
now.spark | hour means, last {n} h
now.since | since {time}
now.hours | hours beyond: {n}
now.days | days beyond: {n}
now.fresh | hour {hour}, {state}, {ago}
now.no_figure | its hour is being rebuilt
now.evidence | Evidence
now.expected | Going to exceed
now.expected.chip | expected
now.expected.until | by {time}
now.expected.so_far | {value} so far, limit {limit}
now.expected.before | {value} in the hour before, limit {limit}
now.expected.range | above its measuring range, limit {limit}
now.expected.sure | {likely} of {of} earlier changes would end it above
now.expected.unsure | how sure: not known yet
now.late | Sources not on time
now.late.none | Every source is on time or declared stopped.
now.never | no reading yet
now.why | Why
now.alerts | Latest alerts
now.alerts.all | All alerts
now.empty | Nothing to watch yet
now.empty.what | No source is registered, and no device has sent anything.
now.empty.1 | Add the outlets or meters to sources.csv in the registry folder.
now.empty.2 | Point a device at the gateway's address; its identity (MN) is the source's name.
now.empty.3 | If it sends and nothing appears here, ask “Why is nothing shown”.
spark.none | no hour means yet
spark.label | Hour means of the last day, {n} with a value
cause.blind | Gateway: its own ticks are missing, so nothing can be said of the source.
cause.stopped | Declared stopped.
cause.never seen | Device: it has never reported. Check the address and identity (MN) it was given.
cause.unregistered | Registry: no row in sources.csv has this name.
cause.plumeline | Plumeline: it is behind; what was sent may not be counted yet.
cause.gateway | Gateway or network: no source reports at all.
cause.device | Device or its line: others report as usual.
cause.late | Device or its line.
cause.silent | Device or its line.
"""
"""Key | English text."""

ZH = """
totals | 总览
total.open | 超标
total.state.on time | 正常
total.state.late | 迟到
total.state.silent | 中断
total.state.stopped | 停运
total.state.blind | 平台失明
total.state.never seen | 从未上报
total.state.unregistered | 未登记
total.waiting | 待发告警
total.dead | 已放弃的投递
total.lag | 处理延迟
now.open | 超标
now.open.none | 无超标。{of} 个监测点中 {n} 个正常。
now.limit | 限值 {limit}，{stat}
now.over | 超标 {times} 倍
now.spark | 小时均值，近 {n} 小时
now.since | 自 {time} 起
now.hours | 超标小时数：{n}
now.days | 超标天数：{n}
now.fresh | {hour} {state}，{ago}
now.no_figure | 该小时正在重算
now.evidence | 依据
now.expected | 预计超标
now.expected.chip | 预警
now.expected.until | {time} 前
now.expected.so_far | 至今 {value}，限值 {limit}
now.expected.before | 前一小时 {value}，限值 {limit}
now.expected.range | 超出测量量程，限值 {limit}
now.expected.sure | 此前 {of} 次变化中有 {likely} 次会使其超标
now.expected.unsure | 把握程度尚不清楚
now.late | 未正常上报的监测点
now.late.none | 所有监测点均正常或已申报停运。
now.never | 尚无读数
now.why | 原因
now.alerts | 最新告警
now.alerts.all | 全部告警
now.empty | 尚无监测内容
now.empty.what | 没有登记监测点，也没有设备上报过数据。
now.empty.1 | 在登记目录的 sources.csv 中登记排放口或计量表。
now.empty.2 | 将设备指向网关地址；其标识（MN）即监测点名称。
now.empty.3 | 若已上报而此处仍无内容，请查看“为何无数据”。
spark.none | 尚无小时均值
spark.label | 近一日小时均值，{n} 个有值
cause.blind | 网关：其自身心跳缺失，无法判断监测点状态。
cause.stopped | 已申报停运。
cause.never seen | 设备：从未上报。请核对其上报地址和标识（MN）。
cause.unregistered | 登记：sources.csv 中没有此名称。
cause.plumeline | Plumeline：处理滞后，已上报的数据可能尚未计入。
cause.gateway | 网关或网络：所有监测点均无上报。
cause.device | 设备或其线路：其他监测点上报正常。
cause.late | 设备或其线路。
cause.silent | 设备或其线路。
"""
"""Key | Chinese text (zh-CN), in the terms of environmental and energy regulators."""
