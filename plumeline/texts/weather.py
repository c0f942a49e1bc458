"""Texts of the page Weather."""

EN = """
weather | Pollution-weather warnings
weather.page | Pollution-weather warnings and what was reached
weather.what | What plans ask for while a warning holds, and what was reached against the same hours of normal days before it; final once it is over.
weather.none | No warning holds, is to come, or ended in the last 30 days. They are rows of weather.csv in the registry.
weather.in_force | Pollution-weather warning in force: {warnings}
weather.no_plan | No source of this area has a plan for this level.
weather.without | Sources of this area without a plan for this level: {n}
weather.source | Source
weather.grade | Grade
weather.asked | Asked for
weather.measure | Measure
weather.reached | Reached
weather.result | Result
weather.less | {pct} % less: {what}
weather.hours | from {hours} h of the day
weather.since | since {at}
weather.so_far | so far, up to the last closed day
weather.behind | Hours under the warning
weather.level.yellow | yellow
weather.level.orange | orange
weather.level.red | red
weather.kind.PM2.5 | PM2.5
weather.kind.O3 | ozone
weather.kind.dust | dust
weather.kind.other | other pollution
weather.issuer.province | issued by the province
weather.issuer.city | issued by the city
weather.issuer.county | issued by the county
weather.state.active | in force since {start}, planned to {end}
weather.state.planned | to come: {start} to {end}
weather.state.ended | over: {start} to {end}
weather.result.met | reached
weather.result.not met | not reached
weather.result.not judged | not judged
weather.result.exempt | exempt
weather.result.stricter | a stricter warning counts, or its hours are still to come
weather.result.waiting | judged when the first day is closed
"""

ZH = """
weather | 重污染天气预警
weather.page | 重污染天气预警与减排核查
weather.what | 预警期间减排方案的要求与实际减排（与此前正常日相同小时均值相比）；预警结束后定论。
weather.none | 没有生效、即将生效或近 30 日内结束的预警。预警登记于 weather.csv。
weather.in_force | 重污染天气预警生效：{warnings}
weather.no_plan | 该区域没有监测点登记此级别的减排方案。
weather.without | 该区域未登记此级别减排方案的监测点：{n}
weather.source | 监测点
weather.grade | 绩效等级
weather.asked | 要求
weather.measure | 措施
weather.reached | 实际
weather.result | 核查结果
weather.less | 减少 {pct}%：{what}
weather.hours | 每日 {hours} 时
weather.since | 自 {at}
weather.so_far | 截至最近已结算日
weather.behind | 预警期间各小时
weather.level.yellow | 黄色
weather.level.orange | 橙色
weather.level.red | 红色
weather.kind.PM2.5 | 细颗粒物
weather.kind.O3 | 臭氧
weather.kind.dust | 沙尘
weather.kind.other | 其他污染
weather.issuer.province | 省级发布
weather.issuer.city | 市级发布
weather.issuer.county | 县级发布
weather.state.active | 自 {start} 生效，计划至 {end}
weather.state.planned | 即将生效：{start} 至 {end}
weather.state.ended | 已结束：{start} 至 {end}
weather.result.met | 已达到
weather.result.not met | 未达到
weather.result.not judged | 未判定
weather.result.exempt | 豁免
weather.result.stricter | 以更严的预警为准，或尚未开始
weather.result.waiting | 首日结算后核查
"""
