"""What is said of checks of a monitor, its drift and control charts: English | Chinese, as in ``alerts.wording``."""

CHECKS_ZH = """
zero | 零点检查
span | 量程检查
comparison | 比对监测
in tolerance | 合格
in tolerance again | 恢复合格
still to be calibrated | 仍需校准
the monitor needs calibration | 监测仪需要校准
its values do not count until a check is in tolerance | 检查合格之前其数据无效
adjusted, and {met:w} at {at:t} | 已调整，{at} {met}
{kind:w} check of {factor} at {at:t}: {a:w}; {b:w}; {what:w} | {at} {factor} {kind}：{a}；{b}；{what}
{kind:w} check of {factor} at {at:t}: {why:w}; {what:w} | {at} {factor} {kind}：{why}；{what}
the {kind:w} check of {factor} was due at {at:t}, and none is known: its values do not count until one is made | \
{factor} {kind}应不晚于 {at} 完成，至今没有记录：完成之前其数据无效
the rules of this source set no bound for such a check | 该监测点的规则未对此类检查规定界限
no control chart without s_ams in points.csv | points.csv 未登记 s_ams，不作控制图
{what:w}; {a:w} is allowed, out of control beyond {b:w} | {what}；允许 {a}，超过 {b} 为失控
{what:w}; {a:w} is allowed | {what}；允许 {a}
{what:w}; out of control beyond {b:w} | {what}；超过 {b} 为失控
drift of {a:d} % of full scale, {b:d} {u} | 漂移为满量程的 {a}%，即 {b} {u}
drift of {a:d} % of full scale | 漂移为满量程的 {a}%
drift of {a:d} {u}, {what:w}; the chart alarms above {b:d} | 漂移 {a} {u}，{what}；控制图在超过 {b} 时报警
drift of {a:d} {u}; the chart alarms beyond {b:d}, or twice in a row beyond {c:d} | \
漂移 {a} {u}；控制图在超过 {b}、或连续两次超过 {c} 时报警
drift of {a:d} {u}, sums {b:d} upwards and {c:d} downwards | 漂移 {a} {u}，累计值正向 {b}、负向 {c}
drift of {a:d} {u} | 漂移 {a} {u}
sums {b:d} upwards and {c:d} downwards | 累计值正向 {b}、负向 {c}
the chart alarms above {b:d} | 控制图在超过 {b} 时报警
the chart alarms beyond {b:d}, or twice in a row beyond {c:d} | 控制图在超过 {b}、或连续两次超过 {c} 时报警
{a:w} is allowed, out of control beyond {b:w} | 允许 {a}，超过 {b} 为失控
{a:w} is allowed | 允许 {a}
out of control beyond {b:w} | 超过 {b} 为失控
{a:d} % or {b:d} {u} | {a}% 或 {b} {u}
{a:d} % and {b:d} {u} | {a}% 且 {b} {u}
standard deviation | 标准偏差
no measurement | 没有测量值
no week with values | 没有有数值的周
mean difference {a:d}, at most {b:d} allowed | 平均差 {a}，允许不超过 {b}
weeks with more than {a:d} % outside | 超出比例大于 {a}% 的周数
highest share outside in a week | 单周最高超出比例
"""
