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
source.month | Hours with a value this month
source.month.of | {n} of {of} ({factor})
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
episode.line | {factor} from {start}, hours beyond: {n}, worst {worst} {unit} (limit {limit})
episode.line.day | {factor} from {start}, days beyond: {n}, worst {worst} {unit} (limit {limit})
revision.line | {factor} ({stat}) {period}: now {value}, since {time}
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
source.factor | Factor
source.quarter | {period}, so far
energy.title | Energy as the plan assesses it, {year} so far
energy.what | energy of the enterprise
energy.tce | t coal equivalent
energy.newest | newest day
energy.reported | reported
energy.feedstock | less feedstock
energy.new_renewables | less growth of renewable electricity over {year}
energy.assessed | assessed
energy.intensity | for the intensity
energy.days | Days with energy: {n}; not complete: {short}.
source.year.note | Made again each time a day is decided or revised; what can no longer be met says so.
source.hand | Concentrations from manual results, {period}
source.hand.from | From
source.hand.note | Of days whose mean is withheld. They stand beside it, are in no mean of the month, and are held against no limit.
source.month.note | Made again each time a day is decided or revised; provisional until the month is over and its last day decided.
source.quarter.note | Made again each time a day is decided or revised; provisional until the quarter is over. Substitutes change with the capture rate.
furnace | Furnace temperature, {day}
furnace.note | Each cell is five minutes, in rows of an hour. ▲ below {least} °C; – left out by a mark; pale: not known. \
More than {most} in normal operation are told.
furnace.days | Furnace by the day: cold slots, times outside the band
furnace.days.note | Judged once a day is over, anew where data or a mark come late.
furnace.slots | Slots of the day
furnace.none | No reading of a thermocouple of this day is stored.
furnace.slot | From
furnace.upper | Median, upper
furnace.middle | Median, middle
furnace.temperature | Furnace, °C
furnace.cold | too cold
furnace.left_out | left out by mark {mark} ({id})
nozzles | Nozzles, tank and vapour recovery by the day
nozzles.none | No day is judged yet; a day is once it is over.
nozzles.note | – normal, ● warning, ◆ alarm; % of a nozzle's refuellings out of band. Judged once a day is over, anew where some arrive late.
nozzles.nozzle | nozzle {name}
nozzles.refuellings | Refuellings of the day
nozzles.refuellings.none | No refuelling of this day is stored.
nozzles.fuel | Fuel, L
nozzles.vapour | Vapour, L
nozzles.ratio | Air-to-liquid ratio
zoom.before | Hour before
zoom.after | Hour after
zoom.none | No minute means are stored for this time; minutes are formed from real-time readings.
"""
"""Key | English text."""

ZH = """
source.on time | 正常
source.late | 迟到
source.silent | 中断
source.stopped | 停运
source.blind | 平台失明
source.never seen | 从未上报
source.unregistered | 未登记
source.unregistered.next | 其上报数据已保留。请在 sources.csv 中登记，或查明何人以此名称上报。
source.code | 监测点
source.permit | 排污许可证
source.kind | 类别
source.last | 最近读数
source.skew | 时钟偏差
source.month | 本月有值小时
source.month.of | {n}/{of}（{factor}）
source.factors | 监测因子
source.hours | {factor} — {stat}，逐小时
source.span.days | {n} 天
source.earlier | 更早
source.later | 更晚
source.latest | 最新
source.table | 同一内容的表格，逐小时附依据（{n}）
source.minutes | 分钟值
source.episodes | 超标时段
source.revisions | 近 31 天的修订
source.marks | 标记
source.events | 事件
source.empty | {start} 至 {end} 没有统计值
source.empty.why | 该时段没有收到数据，或该监测点没有监测因子登记在 points.csv 或 meters.csv 中。
source.empty.month | 查看一个月
source.missing | 没有此名称的监测点
source.missing.why | 登记信息和存储中均无此名称。名称与设备上报的标识一致，区分大小写。
sources.every | 全部 {n}
sources.find | 名称或编码
sources.find.go | 查找
sources.state | 状态
sources.place | 监测点
sources.code | 编码
sources.last | 最近读数
sources.since | 起始
sources.none | 没有登记监测点，也没有收到过任何数据。
sources.none.filtered | 目前没有符合条件的监测点。
episode.open | 进行中
episode.closed | 已结束
episode.withdrawn | 已撤回
episode.line | {factor} 自 {start} 起，超标小时数 {n}，最不利 {worst} {unit}（限值 {limit}）
episode.line.day | {factor} 自 {start} 起，超标天数 {n}，最不利 {worst} {unit}（限值 {limit}）
revision.line | {factor}（{stat}）{period}：现为 {value}，自 {time} 起
chart.limit | 限值 {limit}
chart.no_data | 数据缺失
chart.not_valid | 无效
chart.click | 点击查看依据
legend.bar | 小时均值
legend.provisional | 暂定
legend.over | ▲ 超标
legend.revised | 已修订
legend.gap | 无数值，注明原因
legend.limit | 限值
legend.flags | 色带：设备标记（空白 = N，正常）
zoom | {factor} — {stat}，逐分钟，{span}
source.factor | 监测因子
source.quarter | {period}（截至目前）
energy.title | 规划考核口径能源消费量，{year} 年截至目前
energy.what | 企业能源消费
energy.tce | 吨标准煤
energy.newest | 最近一日
energy.reported | 上报
energy.feedstock | 扣除原料用能
energy.new_renewables | 扣除可再生能源电力较 {year} 年增量
energy.assessed | 考核量
energy.intensity | 用于强度计算
energy.days | 有能源数据 {n} 日，其中不完整 {short} 日。
source.year.note | 每有一日判定或修订即重新计算；已无法满足的会注明。
source.hand | {period} 手工监测浓度
source.hand.from | 来源
source.hand.note | 用于日均值未给出的日：列于其旁，不计入月均值，也不与限值比较。
source.month.note | 每有一日判定或修订即重新计算；当月结束且末日判定前为暂定值。
source.quarter.note | 每有一日判定或修订即重新计算；季度结束前为暂定值。替代值随捕集率变化。
furnace | 炉膛温度，{day}
furnace.note | 每格五分钟，每行一小时。▲ 低于 {least} °C；– 因标记剔除；浅色为未知。正常运行时超过 {most} 个即告知。
furnace.days | 焚烧炉按日：低温时段、超出范围次数
furnace.days.note | 每日结束后评价，数据或标记迟到则重新评价。
furnace.slots | 当日各时段
furnace.none | 未保存当日的热电偶数据。
furnace.slot | 起
furnace.upper | 上部中位数
furnace.middle | 中部中位数
furnace.temperature | 炉膛，°C
furnace.cold | 偏低
furnace.left_out | 因标记剔除：{mark}（{id}）
nozzles | 加油枪、油罐与油气回收（按日）
nozzles.none | 尚无已评价的日；每日结束后评价。
nozzles.note | – 正常，● 预警，◆ 报警；% 为该枪超出范围的加油占比。每日结束后评价，有加油记录迟到则重新评价。
nozzles.nozzle | 加油枪 {name}
nozzles.refuellings | 当日加油
nozzles.refuellings.none | 未保存当日的加油记录。
nozzles.fuel | 加油量，L
nozzles.vapour | 回收油气量，L
nozzles.ratio | 气液比
zoom.before | 前一小时
zoom.after | 后一小时
zoom.none | 该时段没有存储分钟均值；分钟均值由实时数据形成。
"""
"""Key | Chinese text (zh-CN), in the terms of environmental and energy regulators."""
