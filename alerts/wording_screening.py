"""What screening says of a pattern: English | Chinese, as in ``alerts.wording``."""

SCREENING_ZH = """
{n:d} times that day | 当日共 {n} 次
event {n:d} in {of:d} days | {of} 天内第 {n} 次
{n:d} of {of:d} valid hours just below the limit, none above | {of} 个有效小时中有 {n} 个略低于限值，无一超过
{n:d} hours just below the limit, {m:d} just above | 略低于限值 {n} 个小时，略高于限值 {m} 个小时
fell from {a:d} to {b:d} in {n:d} s at a limit of {limit:d} with load and oxygen steady | 限值 {limit} 处 {n} 秒内由 {a} 降至 {b}，而负荷与氧含量未变
unscheduled calibration or maintenance {n:d} min after a value of {a:d} at a limit of {limit:d} | \
限值 {limit}，数值达到 {a} 后 {n} 分钟开始未预先安排的校准或维护
{n:d} calibrations or maintenances on one day | 一天内校准或维护 {n} 次
{n:d} h of the month's {of:d} under calibration or maintenance | 当月 {of} 小时中有 {n} 小时处于校准或维护
capture rate of {n:d} % | 捕集率 {n}%
{n:d} gaps in the month began with the hour's mean so far above the limit | 本月有 {n} 次中断发生于该小时已测均值超过限值之时
the pollutant fell from {a:d} as air dilutes it | 污染物由 {a} 按空气稀释的幅度下降
declared stopped, yet running by {what:w} for {n:d} min | 申报停运，而{what}表明运行，持续 {n} 分钟
oxygen | 氧含量
flow | 流量
power | 用电
temperature | 温度
oxygen, flow | 氧含量、流量
oxygen, power | 氧含量、用电
flow, power | 流量、用电
oxygen, flow, power | 氧含量、流量、用电
oxygen at or above {a:d} % for {n:d} min while running | 运行期间氧含量不低于 {a}%，持续 {n} 分钟
velocity at or below {a:d} m/s for {n:d} min while running | 运行期间流速不高于 {a} m/s，持续 {n} 分钟
velocity above {a:d} m/s for {n:d} min while not running | 未运行期间流速高于 {a} m/s，持续 {n} 分钟
bypass open for {n:d} min while producing | 生产期间旁路开启 {n} 分钟
abatement below its running bound for {n:d} min while producing | 生产期间治理设施低于运行下限 {n} 分钟
moves exactly opposite to {other}; {why:w} | 与 {other} 完全反向变化；{why}
moves exactly opposite to {other} | 与 {other} 完全反向变化
{n:d} of the month's {of:d} operating hours valid | 当月 {of} 个运行小时中有效 {n} 个
rank correlation -{r:d} of {n:d} pairs | {n} 对数据的秩相关系数为 -{r}
rank correlation {r:d} of {n:d} pairs | {n} 对数据的秩相关系数为 {r}
{what:w} changed from {a} to {b} without a record of maintenance | {what}由 {a} 改为 {b}，无维护记录
range | 量程
slope | 斜率
intercept | 截距
velocity coefficient | 速度场系数
multiplier | 倍率
reference oxygen | 基准氧含量
reference gas volume | 基准排气量
methane {a:d} above total hydrocarbons {b:d} | 甲烷 {a} 高于总烃 {b}
ammonia nitrogen {a:d} above total nitrogen {b:d} | 氨氮 {a} 高于总氮 {b}
BOD {a:d} above COD {b:d} | 五日生化需氧量 {a} 高于化学需氧量 {b}
NO2 {a:d} above NOx {b:d} | 二氧化氮 {a} 高于氮氧化物 {b}
outlet {a:d} above inlet {b:d} | 出口 {a} 高于进口 {b}
moisture of {a:d} % | 湿度 {a}%
gas of {a:d} degC at {b:d} degC of air while running | 运行期间烟气 {a} ℃，环境 {b} ℃
received {a:d}, recomputed {b:d} | 收到 {a}，重新计算为 {b}
fell at {n:d}:00 on {m:d} days while the flow stayed | 有 {m} 天在 {n}:00 下降，而流量未变
{n:d} readings between {a:d} and {b:d} while running | 运行期间 {n} 个读数介于 {a} 与 {b} 之间
between {a:d} and {b:d}, {n:d} % of the measuring range | 介于 {a} 与 {b} 之间，为量程的 {n}%
{n:d} readings at the end of the measuring range, {a:d} | {n} 个读数位于量程上端 {a}
{n:d} hourly values equal those of {m:d} days before | {n} 个小时值与 {m} 天前相同
{n:d} of {of:d} readings at or below {a:d} times the detection limit | {of} 个读数中有 {n} 个不高于检出限的 {a} 倍
{n:d} values, all from {a:d} to {b:d} and evenly spread: chi-square {x:d} in {bins:d} bins | \
{n} 个数值均在 {a} 至 {b} 之间且均匀分布：{bins} 组卡方值 {x}
"""
