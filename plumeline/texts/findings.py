"""Texts of the page Findings."""

EN = """
tab.findings | Findings
findings.what | Patterns in the data that are worth a look, heaviest first. \
A pattern is no verdict: most have an ordinary cause, and none makes a value invalid.
findings.none | No pattern was found in the last {days} days.
findings.source.none | No pattern was found at this source in the last {days} days.
findings.weight | Weight, {days} days
findings.weight.one | Weight
findings.weight.of | weight {n}
findings.source | Source
findings.patterns | Patterns
findings.n | Findings
findings.since | Since
findings.newest | Newest
findings.all | All findings
findings.list | Findings of this source, newest first
findings.pattern | Pattern
findings.reason | What was seen
findings.where | Where
findings.day | Day
findings.rule | Rule
findings.basis | Basis
findings.confidence | Confidence
findings.figures | The day's hours
findings.figures.of | {hours} valid, from {low} to {high}, mean {mean} {unit}
findings.flags | The day's readings
findings.flags.of | {good} good, {suspect} suspect, {fail} fail, {not_evaluated} not evaluated, {missing} without a value
findings.limit | Limit
findings.limit.of | {limit} {unit}, {stat}
findings.peers | Among its peers
findings.peers.of | The day's hours moved by {own} % of their mean; the middle of {peers} sources of the same kind and sector by {middle} %. \
Rank {rank} of {of} from the least. {alike} of them showed this pattern in these days.
findings.peers.none | No other source of the same kind and sector has values of this day.
findings.next | What to do
findings.do | Compare with the operator's records of the day, with the load and with the other channels; ask on site before anything is concluded.
findings.rule.gone | The rule {rule} is no longer in pack {pack}.
"""

ZH = """
tab.findings | 筛查线索
findings.what | 值得一看的数据特征，权重大者在前。特征不是结论：多数有寻常原因，也不使任何数据无效。
findings.none | 最近 {days} 天未发现此类特征。
findings.source.none | 该监测点最近 {days} 天未发现此类特征。
findings.weight | {days} 天权重
findings.weight.one | 权重
findings.weight.of | 权重 {n}
findings.source | 监测点
findings.patterns | 特征
findings.n | 线索数
findings.since | 起始
findings.newest | 最近
findings.all | 全部线索
findings.list | 该监测点的线索，新者在前
findings.pattern | 特征
findings.reason | 所见情况
findings.where | 位置
findings.day | 日期
findings.rule | 规则
findings.basis | 依据
findings.confidence | 可信程度
findings.figures | 当日小时值
findings.figures.of | 有效 {hours} 个，{low} 至 {high}，均值 {mean} {unit}
findings.flags | 当日读数
findings.flags.of | 正常 {good} 个，可疑 {suspect} 个，不合格 {fail} 个，未检验 {not_evaluated} 个，无值 {missing} 个
findings.limit | 限值
findings.limit.of | {limit} {unit}，{stat}
findings.peers | 与同类比较
findings.peers.of | 当日小时值变化幅度为均值的 {own}%；同类型、同行业 {peers} 个监测点的中位为 {middle}%。\
由小到大列第 {rank} 位，共 {of} 位。其中 {alike} 个在此期间也有该特征。
findings.peers.none | 没有其他同类型、同行业的监测点有当日数据。
findings.next | 下一步
findings.do | 请对照运行记录、负荷和其他参数；下结论之前先到现场了解情况。
findings.rule.gone | 规则集 {pack} 中已没有规则 {rule}。
"""
"""Key | Chinese text (zh-CN), in the terms of environmental and energy regulators."""
