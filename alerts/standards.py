"""The basis of a limit in a reader's language: its Chinese wording in the registry, else the title of the standard it begins with."""

from __future__ import annotations

import re
from functools import lru_cache

from ingest.registry import Limit

TITLES_ZH = """
GB 13223-2011 | 火电厂大气污染物排放标准
环发〔2015〕164号 | 全面实施燃煤电厂超低排放和节能改造工作方案
环大气〔2019〕35号 | 关于推进实施钢铁行业超低排放的意见
GB 28662-2012 | 钢铁烧结、球团工业大气污染物排放标准
GB 16171-2012 | 炼焦化学工业污染物排放标准
环大气〔2024〕5号 | 关于推进实施水泥、焦化行业超低排放的意见
GB 4915-2013 | 水泥工业大气污染物排放标准
GB 30485-2013 | 水泥窑协同处置固体废物污染控制标准
GB 26453-2022 | 玻璃工业大气污染物排放标准
GB 26453-2011 | 平板玻璃工业大气污染物排放标准
GB 25464-2010 | 陶瓷工业污染物排放标准
DB44/2160-2019 | 陶瓷工业大气污染物排放标准
GB 29620-2013 | 砖瓦工业大气污染物排放标准
GB 31574-2015 | 再生铜、铝、铅、锌工业污染物排放标准
GB 13271-2014 | 锅炉大气污染物排放标准
DB44/765-2019 | 锅炉大气污染物排放标准
GB 18485-2014 | 生活垃圾焚烧污染控制标准
GB 18484-2020 | 危险废物焚烧污染控制标准
DB44/2367-2022 | 固定污染源挥发性有机物综合排放标准
GB 37822-2019 | 挥发性有机物无组织排放控制标准
GB 16297-1996 | 大气污染物综合排放标准
DB44/27-2001 | 大气污染物排放限值
GB 41616-2022 | 印刷工业大气污染物排放标准
DB44/814-2010 | 家具制造行业挥发性有机化合物排放标准
DB44/815-2010 | 印刷行业挥发性有机化合物排放标准
DB44/816-2010 | 表面涂装（汽车制造业）挥发性有机化合物排放标准
DB44/817-2010 | 制鞋行业挥发性有机化合物排放标准
GB 37824-2019 | 涂料、油墨及胶粘剂工业大气污染物排放标准
GB 37823-2019 | 制药工业大气污染物排放标准
GB 31570-2015 | 石油炼制工业污染物排放标准
GB 31571-2015 | 石油化学工业污染物排放标准
GB 31572-2015 | 合成树脂工业污染物排放标准
GB 20950-2020 | 储油库大气污染物排放标准
GB 20952-2020 | 加油站大气污染物排放标准
GB 18918-2002 | 城镇污水处理厂污染物排放标准
DB44/26-2001 | 水污染物排放限值
DB44/2208-2019 | 农村生活污水处理排放标准
DB44/2050-2017 | 淡水河、石马河流域水污染物排放标准
GB 8978-1996 | 污水综合排放标准
GB 3544-2008 | 制浆造纸工业水污染物排放标准
GB 4287-2012 | 纺织染整工业水污染物排放标准
GB 21900-2008 | 电镀污染物排放标准
"""
"""Number of a standard behind the shipped limits | its title."""
WORDS_ZH = """
{number} amendment | {standard}修改单
{number} / MEE Order 10 | {standard}及生态环境部令第10号
local tightening of {number} | 严于{standard}的地方要求
2010/75/EU Annex VI Part 3 | 欧盟 2010/75/EU 指令附件六第 3 部分
"""
"""What the shipped limits say around a number | the same in Chinese."""


RULES_ZH = """
Guangdong plan for energy saving and emission reduction, 2021 to 2025 | 《广东省“十四五”节能减排实施方案》
none | 无
Permit technical specifications | 排污许可证申请与核发技术规范
Letter 2020 No. 21 on the trial of marks, questions and answers | 执法函〔2020〕21号（标记规则试行）问答
MEE Announcement 2019 No. 50 | 生态环境部公告2019年第50号
MEE Announcement 2022 No. 21 | 生态环境部公告2022年第21号
"""
"""What a rule rests on, where its name is English | Chinese."""


def standard_words(standard: str, language: str) -> str:
    """Return what a rule rests on in a language; a number such as HJ 75-2017 is the same in both.

    >>> standard_words("MEE Announcement 2022 No. 21", "zh"), standard_words("HJ 75-2017", "zh")
    ('生态环境部公告2022年第21号', 'HJ 75-2017')
    """
    return dict(_table(RULES_ZH)).get(standard, standard) if language == "zh" else standard


def own_basis(row: Limit, language: str) -> str:
    """Return the basis of a registry row in a language, "" where the row has none."""
    return (row.basis_zh if language == "zh" else "") or basis_words(row.basis, language)


def basis_words(basis: str, language: str) -> str:
    """Return a basis in a language: a known standard at its beginning with its title, what follows and all else as written.

    >>> basis_words("GB 13271-2014 new gas boilers", "zh")
    'GB 13271-2014《锅炉大气污染物排放标准》，new gas boilers'
    """
    if language != "zh":
        return basis
    known, titles = _known()
    found = known.match(basis)
    if found is None:
        return basis
    standard, rest = titles[_plain(found[0])], basis[found.end() :]
    if not rest.strip():
        return standard
    if "《" in rest:  # it names its title itself
        return basis
    return f"{standard}，{rest.strip()}" if rest[0].isspace() else standard + rest


@lru_cache(maxsize=1)
def _known() -> tuple[re.Pattern[str], dict[str, str]]:
    """Return what a basis may begin with, longest first, and what each is in Chinese."""
    titled = {number: f"{number}《{title}》" for number, title in _table(TITLES_ZH)}
    words = dict(titled)
    for pattern, becomes in _table(WORDS_ZH):
        words |= {pattern.format(number=n): becomes.format(standard=s) for n, s in titled.items()}
    forms = (r"\s*".join(re.escape(c) for c in _plain(text)) for text in sorted(words, key=len, reverse=True))
    written = "|".join(form.replace(r"\-", "[-—–]") for form in forms)
    return re.compile(f"(?:{written})(?![0-9])"), {_plain(text): words[text] for text in words}


def _table(lines: str) -> list[tuple[str, str]]:
    return [(key, text) for line in lines.strip().splitlines() for key, _, text in [line.partition(" | ")]]


def _plain(text: str) -> str:
    """Return a number as all ways of writing it have in common: without blanks, with plain hyphens."""
    return re.sub(r"[—–]", "-", re.sub(r"\s", "", text))
