"""What the quality tests of series say of what they flagged: English | Chinese, as in ``alerts.wording``."""

SERIES_ZH = """
{of:d} readings, {n:d} suspect, {m:d} fail | 读数 {of} 个，其中可疑 {n} 个、不合格 {m} 个
worst at {at:t}: {a:d} | 最差在 {at}：{a}
worst at {at:t} | 最差在 {at}
worst from {at:t} to {until:t}: {a:d} to {b:d} | 最差自 {at} 至 {until}：{a} 至 {b}
worst from {at:t} to {until:t}: {a:d} | 最差自 {at} 至 {until}：{a}
worst from {at:t} to {until:t} | 最差自 {at} 至 {until}
suspect outside {a:d} to {b:d}, fail outside {c:d} to {d:d} | 超出 {a} 至 {b} 为可疑，超出 {c} 至 {d} 为不合格
suspect more than {n:d} beyond percentile {a:d} or {b:d} of the day | 超出当日第 {a} 或第 {b} 百分位数 {n} 以上为可疑
outside what is usual at that time of year or day, by {n:d} spans of the rule pack | 按规则集的 {n} 个时段，超出该时段的常见范围
suspect more than {a:d} from the mean of its two neighbours, fail more than {b:d} | 与前后两值的平均相差超过 {a} 为可疑，超过 {b} 为不合格
suspect where it steps by more than {a:d} and back, fail by more than {b:d} | 变化超过 {a} 又返回为可疑，超过 {b} 为不合格
suspect where it changes by more than {a:d} a second, fail by more than {b:d} | 每秒变化超过 {a} 为可疑，超过 {b} 为不合格
suspect where it changes by more than {a:d} a second | 每秒变化超过 {a} 为可疑
suspect where it moves by less than {x:d} within {a:d} s, fail within {b:d} s | {a} 秒内变化小于 {x} 为可疑，{b} 秒内为不合格
suspect where its standard deviation over {n:d} s is below {a:d}, fail below {b:d} | {n} 秒内标准偏差小于 {a} 为可疑，小于 {b} 为不合格
suspect where its range over {n:d} s is below {a:d}, fail below {b:d} | {n} 秒内极差小于 {a} 为可疑，小于 {b} 为不合格
fail more than {n:d} h after the reading before | 距前一读数超过 {n} 小时为不合格
fail where received more than {n:d} h after its time | 接收时间晚于数据时间 {n} 小时以上为不合格
suspect where {n:d} readings in a row move by at most {x:d} | 连续 {n} 个读数变化不超过 {x} 为可疑
suspect where the variance of {n:d} readings in a row is below {x:d} | 连续 {n} 个读数的方差小于 {x} 为可疑
suspect where the mean of {n:d} readings is more than {x:d} from that of the {m:d} before | {n} 个读数的均值与此前 {m} 个的均值相差超过 {x} 为可疑
suspect where less than {n:d} s of readings lie between two gaps of at least {m:d} s | 两段不短于 {m} 秒的中断之间，读数持续不足 {n} 秒为可疑
"""
