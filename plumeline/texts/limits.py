"""Texts of the page Limits."""

EN = """
limits | Limits
limits.by_permit | Limits, by permit number
limits.find | permit, enterprise or outlet
limits.on | on which day
limits.what | What applies to an outlet on {day}. Several limits may hold at once; each is judged for itself, by its own period.
limits.none | No outlet with this permit number, name or code was registered on that day.
limits.unlimited | No limit is in force: figures are made and not judged.
limits.measured | Measured without a limit: {factors}
limits.rules | Rules by which figures are made: {pack} ({n})
limits.source | The source and its figures
limits.factor | Factor
limits.of | What is judged
limits.of.hour | hour, {stat}
limits.of.day | day, {stat}
limits.of.tenminute | ten minutes, {stat}
limits.of.halfhour | half-hour, {stat}
limits.of.year | year, by the rule pack, {stat}
limits.when | Only while
limits.since | Since
limits.basis | By which standard
limits.sure | How sure
limits.own | as the registry states it
limits.bound.upper | at most {limit}
limits.bound.lower | at least {limit}
limits.rule | Rule
limits.says | What it says
limits.standard | Standard and clause
rank.permit | permit
rank.local | local standard
rank.special | special limit
rank.national | national standard
rank.programme | programme
"""

ZH = """
limits | 限值
limits.by_permit | 按许可证编号查限值
limits.find | 许可证、企业或排放口
limits.on | 日期
limits.what | {day} 适用于排放口的全部规定。可同时适用多项限值，各按其自身时段分别判定。
limits.none | 该日没有排放口具有此许可证编号、名称或编码。
limits.unlimited | 没有生效的限值：只统计，不判定。
limits.measured | 有监测而无限值：{factors}
limits.rules | 统计值所依据的规则：{pack}（{n}）
limits.source | 监测点及其统计值
limits.factor | 因子
limits.of | 判定对象
limits.of.hour | 小时值，{stat}
limits.of.day | 日均值，{stat}
limits.of.tenminute | 十分钟值，{stat}
limits.of.halfhour | 半小时值，{stat}
limits.of.year | 年度，按规则集，{stat}
limits.when | 适用条件
limits.since | 起始日期
limits.basis | 依据
limits.sure | 核实情况
limits.own | 以登记信息为准
limits.bound.upper | 不高于 {limit}
limits.bound.lower | 不低于 {limit}
limits.rule | 规则
limits.says | 内容
limits.standard | 标准与条款
rank.permit | 排污许可证
rank.local | 地方标准
rank.special | 特别排放限值
rank.national | 国家标准
rank.programme | 专项要求
"""
