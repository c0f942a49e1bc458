"""Every text of the boards: key, English, Chinese, by the project's table of words; a long one goes on in the next line."""

from __future__ import annotations

LANGUAGES = ("en", "zh")
_TEXTS = """
folder | Plumeline | Plumeline 中文
board.province | Province | 全省
board.enterprise | Enterprise | 企业
board.outlet | Outlet | 排放口
board.energy | Energy | 能源
board.voc | VOC and petrol stations | VOC与加油站
board.water | Water | 废水
board.quality | Data quality | 数据质量
board.alerts | Alerts | 报警
board.pipeline | Pipeline | 数据管道
question.province | Where is something wrong now, and who has fallen silent? | 现在哪里不正常，谁的数据中断了？
question.enterprise | How do its outlets stand against their limits, and what did it emit and use? | 该企业各排放口与限值相比如何，排放和用能多少？
question.outlet | One factor of one outlet against its limit: what was measured, what was withheld and why, what was revised?
| 一个排放口的一个监测因子与限值相比：测得多少，哪些未给出、为什么，哪些已修订？
question.energy | Which large users are on line, and how much of this year's budget is used? | 哪些重点用能单位在线，今年预算已用多少？
question.voc | Do VOC outlets keep their limits, and does vapour recovery at petrol stations work? | VOC排放口是否达标，加油站油气回收是否正常？
question.water | Do the outfalls keep their limits, hour by hour and as day means? | 废水排放口的小时值和日均值是否达标？
question.quality | How much of what should have come came, how much of it is valid, and why not the rest?
| 应到的数据到了多少，其中有效多少，其余为什么无效？
question.alerts | What happened, and what is still open? Who was told, and who answered, stands on the console.
| 发生了什么，哪些仍未结束？通知了谁、谁已确认，见控制台。
question.pipeline | Does the store keep up with what is sent? Queues and lag by partition are metrics, not kept in the store.
| 存储是否跟得上上报？队列和分区延迟属于运行指标，不在存储中。
var.city | City | 城市
var.county | County | 区县
var.enterprise | Enterprise | 企业
var.source | Outlet | 排放口
var.factor | Factor | 监测因子
var.budget_tce | Budget, tce a year | 年度预算，吨标准煤
var.large_tce | Large user from, tce a year | 重点用能单位起点，吨标准煤/年
link.console | Console | 控制台
link.source | Source on the console | 控制台：监测点
link.why | Why is nothing shown | 控制台：为什么没有数据
link.evidence | Evidence | 依据
link.alerts | Deliveries on the console | 控制台：通知记录
none | No data | 无数据
none.silence | Every source is on time | 全部监测点正常
none.worst | No limit is exceeded | 无超标
none.exceeding | No hour above a limit | 无超标小时
none.events | Nothing happened | 无事件
none.versions | Nothing was revised | 无修订
none.withheld | No hour was withheld | 无未给出的小时
none.station_days | No day of a petrol station is over yet | 尚无已结束的加油站评价日
none.trouble | No trouble was told | 无异常
panel.connections | Sources by state | 监测点按状态
panel.open | Above limit | 超标
panel.worst | Worst outlets now | 当前超标最重的排放口
panel.silence | Not on time | 不正常的监测点
panel.sources | Outlets and meters | 排放口与计量点
panel.by_city | Hours above limit by city | 超标小时数：按城市
panel.by_sector | Hours above limit by sector | 超标小时数：按行业
panel.by_kind | Hours above limit by kind of source | 超标小时数：按监测类型
panel.exceeding_hours | Figures above limit, hour by hour | 各小时超标数
panel.newest | Newest hour of each factor | 各监测因子的最近小时均值
panel.shares | Hour means as a share of their limit | 小时均值占限值的比例
panel.mass_day | Mass emitted, by day | 日排放量
panel.kgce_day | Comprehensive energy, by day | 日综合能源消费量
panel.tco2_day | CO₂ from energy, by day | 日能源二氧化碳
panel.hours | Hour means against the limit | 小时均值与限值
panel.verdicts | Verdict, and why a value was withheld | 判定，及未给出数值的原因
panel.minutes | Minute means, last 24 hours shown | 分钟均值（所示时间的最后24小时）
panel.flags | Valid minutes and device flags | 有效分钟与设备标记
panel.oxygen | Oxygen | 含氧量
panel.flow | Flow | 流量
panel.temperature | Temperature | 温度
panel.mass_hour | Mass by hour | 小时排放量
panel.hour_table | Hours, each with its evidence | 各小时及其依据
panel.versions | Versions of revised hours | 已修订小时的各版本
panel.events | What happened | 事件
panel.year | This year so far | 今年以来
panel.large | Large users | 重点用能单位
panel.budget | Coal equivalent this year against the budget | 今年累计标准煤与预算
panel.users | Energy users, this year | 各用能单位（今年）
panel.tce_day | Coal equivalent by day and enterprise | 日标准煤：按企业
panel.energy_hour | Coal equivalent by hour and meter | 小时标准煤：按计量点
panel.nmhc | NMHC at outlets, hour means | 排放口非甲烷总烃小时均值
panel.vapour | Petrol stations: NMHC in processed vapour | 加油站：处理后油气浓度
panel.tank_pressure | Petrol stations: tank pressure | 加油站：油罐压力
panel.air_to_liquid | Petrol stations: air-to-liquid ratio | 加油站：气液比
panel.station_days | Petrol stations: states by day | 加油站：每日状态
panel.cod | COD, hour means | 化学需氧量小时均值
panel.ammonia | Ammonia nitrogen, hour means | 氨氮小时均值
panel.ph | pH | pH值
panel.water_flow | Flow | 流量
panel.water_temperature | Water temperature, hour means | 水温小时均值
panel.water_days | COD and ammonia nitrogen, day means | 化学需氧量和氨氮日均值
panel.rates | Rates of the shown time | 所示时间的各项比率
panel.rates_outlet | Rates by outlet | 各排放口比率
panel.rates_quarter | Rates of the newest quarter, by outlet and factor | 最近季度各排放口、各监测因子的比率
panel.rates_day | Rates by day | 每日比率
panel.reasons | Why hours have no value | 小时均值未给出的原因
panel.revised | Hours that were revised | 已修订的小时
panel.by_event | Events by kind | 事件：按类型
panel.events_hour | Events by hour | 每小时事件
panel.episodes | Episodes of the shown time | 所示时间内的超标时段
panel.lag | Newest receipt | 最近收到
panel.reports | Reports by minute of their time | 每分钟监测记录
panel.minutes_stored | Sources with a minute figure | 有分钟值的监测点
panel.delay | Receipt behind the reading's time, 99th percentile | 接收滞后（99百分位）
panel.frames | Frames by verdict | 报文：按结果
panel.decided | Newest decided hour | 最近已判定的小时
panel.trouble | Trouble told by Plumeline | 平台自身的异常
about.connections | As of the end of the shown time. Silent and late are measured against each source's own cadence.
| 以所示时间的末尾为准；中断和迟到按各监测点自身的上报周期判断。
about.worst | Open episodes that began in the last 92 days, the furthest over their limit first; at most 25 are listed. The number above counts all.
| 近92天开始且未结束的超标时段，按超标倍数排序，最多列出25个；上方数字为全部。
about.newest | A dash stands for a withheld value; its reason is beside it. | “—”表示未给出数值，原因在旁。
about.shares | 100 % is the limit, for each factor its own. Withheld hours are gaps. | 100%即各因子自己的限值；未给出的小时为空档。
about.accounts | Only days that are complete over all members; a day that is short of members is a gap. | 仅显示全部成员完整的日；不完整的日为空档。
about.mass | Only days that are complete over all outlets. | 仅显示全部排放口完整的日。
about.hours | Each hour stands at its start. Withheld hours are gaps, never zero. Purple: the hour was revised. A click leads to the evidence.
| 每小时标在其起点。未给出的小时为空档，绝不画为零。紫色：已修订。点击可见依据。
about.verdicts | Grey is normal, red above the limit, blue not judged or withheld, with the reason. | 灰色正常，红色超标，蓝色未判定或未给出，附原因。
about.minutes | Valid minutes only; minutes are kept for a shorter time than hours. | 仅有效分钟；分钟值的保存时间短于小时值。
about.flags | Minutes of the chosen factor; flags are the first flag other than N that a report carries for any factor.
| 分钟为所选因子；标记为该条记录中任一因子的第一个非N标记。
about.versions | Every version of an hour after its first decision; the first stands in its evidence. | 小时首次判定之后的各个版本；首个版本见其依据。
about.year | Sum of this local year's days, as far as known; assessed: without feedstock and growth of renewables; “incomplete days” are short of members.
| 本地年度各日之和，每日按已知部分计；考核量扣除原料用能和可再生能源增量；“不完整日”为成员不全的企业日数。
about.large | By the mean of this year's complete days, times 365. | 按今年完整日的平均值乘以365。
about.budget | The budget is the variable at the head of the board; it is that of all that is chosen. | 预算为本页顶部的变量，对应所选全部范围。
about.users | A year's pace is the mean of the complete days, times 365. Meters on line are those on time.
| 年速率为完整日平均值乘以365；在线指正常上报的计量点。
about.rates | Of hour figures with a limit. Capture: valid hours of those in which the source ran. Effective transmission: transmission times validity.
| 按有限值的小时值计。捕集率：监测点运行小时中有有效值的比例。传输有效率：传输率乘以有效率。
about.rates_outlet | Counts are of hour figures with a limit: one for each factor. | 计数为有限值的小时值，每个因子各计一次。
about.rates_quarter | By the source's rules, over the operating hours of the quarter so far; made anew day by day, provisional until it is over.
| 由监测点适用的规则按本季度至今的运行小时计算；每日重新计算，季度结束前为暂定值。
about.station_days | A day is judged once it is over. A nozzle's lane bears the code of its fuel. Thin days wait in a pool: not judged.
| 每日结束后评价。加油枪以其加油量编码标示。加油次数过少的日并入次日，为未判定。
about.air_to_liquid | Means of the refuellings of an hour, small ones too; the day's state counts refuellings one by one.
| 该小时各次加油的平均值，含小量加油；日状态按逐次加油评价。
about.reasons | Numbers of covered minutes are left out, so that like reasons stand together. | 有效分钟数略去，以便同类原因归并。
about.water_days | Hours are weighted by the volume discharged; an hour without discharge does not count. Days are judged where the limit is a daily one.
| 各小时按排水量加权，无排放的小时不计；限值为日均限值时按日判定。
about.events_hour | An event stands at the hour in which it became known. | 事件记在其被获知的小时。
about.minutes_stored | Sources of which a figure of that minute is stored. | 存有该分钟统计值的监测点数。
about.delay | Backfill raises it: it is told by the readings' own time. | 补传会使其升高：按读数自身时间计。
about.lag | How far the newest receipt in the store lies behind the end of the shown time. | 存储中最近一次接收距所示时间末尾的间隔。
about.frames | What was not accepted lies in quarantine; the console shows it byte by byte. | 未被接受的报文在隔离区，可在控制台逐字节查看。
about.decided | The newest hour of which a figure is decided, by kind of source. | 各监测类型最近已判定的小时。
tile.open | open now | 当前未结束
tile.begun | begun in the shown time | 所示时间内开始
tile.tce | coal equivalent | 标准煤
tile.assessed | assessed by the plan | 规划考核量
tile.budget_left | left of the budget | 预算剩余
tile.used | of the budget used | 预算已用
tile.short | incomplete days | 不完整日
tile.large | large users | 重点用能单位
tile.users | users with an account | 有账户的单位
tile.received | newest receipt | 最近收到
tile.lag | behind | 落后
col.state | State | 状态
col.place | Outlet | 排放口
col.source | Source | 监测点
col.since | Since | 自
col.until | Until | 至
col.last | Newest reading | 最近监测
col.received | Received | 最近接收
col.skew | Clock skew | 时钟偏差
col.kind | Kind | 类型
col.episode | Episode | 超标时段
col.factor_name | Factor | 监测因子
col.stat | Basis | 口径
col.worst | Worst | 最大值
col.limit | Limit | 限值
col.over | Times over | 超标倍数
col.hours | Hours | 小时数
col.figure | Evidence | 依据
col.time | Time | 时间
col.value | Value | 数值
col.unit | Unit | 单位
col.verdict | Judged | 判定
col.n | Covered | 有效数
col.standing | Standing | 审定状态
col.reason | Reason | 原因
col.revision | Revision | 修订号
col.decided | Decided | 判定时间
col.event | Event | 事件
col.live | Live | 实时
col.company | Enterprise | 企业
col.enterprise | Code | 编号
col.tce | tce this year | 今年标准煤
col.tce_year | Pace | 年速率
col.days | Days | 天数
col.whole | Complete | 完整天数
col.on_line | Meters on line | 在线计量点
col.meters | Meters | 计量点
col.kgce | coal equivalent | 标准煤
col.captured | Capture rate | 捕集率
col.transmitted | Transmission rate | 传输率
col.valid | Validity rate | 有效率
col.effective | Effective transmission rate | 传输有效率
col.stopped | Stopped | 停运
col.missing | Not received | 未收到
col.invalid | Not valid | 无效
col.times | Times | 次数
col.reports | reports | 监测记录
col.sources | sources | 监测点
col.delay | 99th percentile | 99百分位
col.figures | Figures | 统计值
lane.verdict | Judged | 判定
lane.reason | Value | 数值
lane.minutes | Minutes | 分钟
lane.flags | Flags | 标记
state.on time | on time | 正常
state.late | late | 迟到
state.silent | silent | 中断
state.stopped | stopped | 停运
state.blind | blind | 平台失明
state.never seen | never seen | 从未上报
state.unregistered | not registered | 未登记
verdict.complies | complies | 达标
verdict.exceeds | above limit | 超标
verdict.not judged | not judged | 未判定
verdict.exempt | exempt | 豁免
standing.provisional | provisional | 暂定
standing.final | final | 审定
standing.revised | revised | 已修订
station.normal | normal | 正常
station.warning | warning | 预警
station.alarm | alarm | 报警
station.not refuelled | not refuelled | 未加油
station.not judged | not judged | 未判定
episode.open | open | 未结束
episode.closed | closed | 已结束
episode.withdrawn | withdrawn | 已撤销
quality.valid | valid | 有效
quality.not_valid | not valid | 无效
quality.no_data | no data | 无数据
stat.avg | measured | 实测
stat.avg_ref | at reference oxygen | 折算
stat.min | least minute | 最小分钟值
stat.max | greatest minute | 最大分钟值
stat.mass | mass | 排放量
stat.energy | energy | 用能
stat.kgce | coal equivalent | 标准煤
stat.feedstock | energy used as raw material | 原料用能
stat.new_renewables | new renewable electricity | 新增可再生能源电力
stat.tco2 | CO₂ | 二氧化碳
stat.nozzle | state of the nozzle | 加油枪状态
stat.nozzle_share | refuellings out of band | 超出范围的加油占比
stat.nozzle_row | warning days in a row | 连续预警日
stat.cold_slots | cold five-minute slots | 低温五分钟时段数
stat.outside | times outside its band | 超出范围次数
stat.zero_pressure | zero pressure | 零压状态
stat.valve | pressure/vacuum valve | 压力/真空阀状态
stat.pressure_share | pressure distribution | 压力分布状态
stat.back_pressure | back-pressure | 液阻状态
stat.processed | processed vapour | 处理后油气状态
stat.idle | processing unit standing still | 油气处理装置未运行
stat.leak | leak at a tight point | 密闭点泄漏
stat.minute | minute mean | 分钟均值
kind.flue_gas | flue gas | 废气
kind.voc | VOC | VOC
kind.vapour | petrol vapour | 油气
kind.water | water | 废水
kind.energy | energy | 能源
kind.account | account | 账户
sector.thermal_power | thermal power | 火电
sector.ceramics | ceramics | 陶瓷
sector.textile | textile | 纺织
sector.voc_general | VOC, general | 挥发性有机物（一般）
sector.municipal_wwtp | municipal sewage works | 城镇污水处理厂
sector.gas_station | petrol stations | 加油站
flag.N | normal | 正常
flag.F | stopped | 停运
flag.M | maintenance | 维护
flag.C | calibration | 校准
flag.S | set by hand | 人工设定
flag.D | fault | 故障
flag.T | out of range | 超量程
flag.B | link down | 通讯中断
event.exceedance.opened | began to exceed | 开始超标
event.exceedance.lengthened | another hour above the limit | 继续超标
event.exceedance.closed | ended to exceed | 超标结束
event.exceedance.withdrawn | exceedance withdrawn | 超标撤销
event.exceedance.expected | going to exceed | 预计超标
event.exceedance.expected_ended | warning ended | 预警结束
event.exceedance.retrospective | exceedance found looking back | 追溯发现超标
event.escalation.raised | reason to escalate | 出现升级事由
event.escalation.lapsed | reason to escalate taken away | 升级事由撤销
event.screening.finding | pattern worth a look | 数据特征值得关注
event.source.late | missed its cadence | 迟到
event.source.silent | fell silent | 中断
event.source.on_time | reports again | 恢复上报
event.source.stopped | declared stopped | 申报停运
event.source.blind | gateway's ticks missing | 平台失明
event.source.unregistered | not in the registry | 未登记
event.clock.in_doubt | clock in doubt | 时钟存疑
event.reading.conflict | two values for one reading | 同一读数有两个值
event.reading.above_range | above the measuring range | 超出测量量程
event.reading.disagrees | device's own mean differs | 设备均值不一致
event.meter.held | register reading held | 表计读数待定
event.tick.refused | gateway's clock jumped | 网关时钟跳变
event.input.quarantined | input set aside | 输入已隔离
event.mark.late | late mark | 补充标记
event.mark.conflict | marks contradict | 标记矛盾
event.mark.contradicted | stopped, yet running | 停运标记存疑
event.mark.quota | exempt time nearly used | 豁免将用尽
event.calibration.needed | monitor needs calibration | 监测仪需要校准
event.calibration.out_of_control | monitor out of control | 监测仪失控
event.calibration.renewal_due | new calibration (QAL2) due | 须重新校准（QAL2）
event.calibration.renewal_withdrawn | no new calibration due | 无须重新校准（QAL2）
event.calibration.overdue | calibration check overdue | 校准检查逾期
event.voc.methane_above_total | methane above total hydrocarbons | 甲烷高于总烃
event.furnace.cold | furnace too cold | 炉温偏低
event.furnace.withdrawn | furnace too cold, withdrawn | 炉温偏低（撤回）
event.suspension.reached | many days above limit | 当月超标天数超过阈值
event.suspension.withdrawn | many days above limit, withdrawn | 当月超标天数阈值（撤回）
event.process.warning | process value outside band | 运行参数超出范围
event.process.normal | process value back | 运行参数恢复
event.process.corrected | process values corrected | 运行参数更正
event.mark.allowance | marks of the monitor, much of the year | 监测设备标记时长较多
event.voc.removal | treatment removes too little | 处理效率不足
event.screening.finding | a pattern worth a look | 待核查的数据特征
event.compliance.failed | cannot be met any more | 已无法满足要求
event.compliance.withdrawn | can be met again | 又可满足要求
event.station.warning | vapour recovery, warning | 油气回收预警
event.weather.missed | reduction not reached | 减排未达要求
event.weather.corrected | reduction, corrected | 减排核查更正
event.station.alarm | vapour recovery, alarm | 油气回收报警
event.station.normal | vapour recovery, normal again | 油气回收恢复正常
event.touch.refused | could not be rebuilt | 无法重算
factor.a21026 | SO₂ | 二氧化硫
factor.a21002 | NOx | 氮氧化物
factor.a34013 | PM | 颗粒物
factor.a19001 | O₂ | 氧气含量
factor.a00000 | Flow | 烟气流量
factor.a01011 | Velocity | 烟气流速
factor.a01012 | Temperature | 烟气温度
factor.a01013 | Pressure | 烟气压力
factor.a01014 | Moisture | 烟气湿度
factor.a05001 | CO₂ | 二氧化碳
factor.a21001 | NH₃ | 氨
factor.a21005 | CO | 一氧化碳
factor.a21018 | Fluorides | 氟化物
factor.a21024 | HCl | 氯化氢
factor.a21028 | H₂S | 硫化氢
factor.a20058 | Hg | 汞
factor.a24087 | Hydrocarbons | 碳氢化合物
factor.a24088 | NMHC | 非甲烷总烃
factor.a25002 | Benzene | 苯
factor.a25003 | Toluene | 甲苯
factor.a25005 | Xylenes | 二甲苯
factor.i41020 | A/L ratio | 气液比
factor.i41028 | Tank pressure | 油罐压力
factor.i41031 | Processed vapour | 处理后油气
factor.i41032 | Vapour temperature | 油气温度
factor.w00000 | Flow | 污水流量
factor.w01001 | pH | pH值
factor.w01010 | Water temperature | 水温
factor.w01012 | SS | 悬浮物
factor.w01018 | COD | 化学需氧量
factor.w21001 | Total N | 总氮
factor.w21003 | NH₃-N | 氨氮
factor.w21011 | Total P | 总磷
factor.electricity | Electricity | 电力
factor.gas | Natural gas | 天然气
"""

CATALOGUE: dict[str, tuple[str, ...]] = {
    key: tuple(texts) for key, *texts in (line.split(" | ") for line in _TEXTS.replace("\n| ", " | ").strip().splitlines())
}
"""Texts by key, in the order of LANGUAGES."""
FACTORS = tuple(key.removeprefix("factor.") for key in CATALOGUE if key.startswith("factor."))
"""Codes of factors whose names the boards know; others are shown as their code."""


def t(key: str, language: str) -> str:
    """Return the text of a key in a language.

    Raises:
        KeyError: the catalogue has no such key.
    """
    return CATALOGUE[key][LANGUAGES.index(language)]
