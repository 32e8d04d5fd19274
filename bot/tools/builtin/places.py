"""Places that people name instead of a time zone, in the normal form of ``zones``: 'new_zealand', '东京'."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["PLACES", "WIDE_PLACES"]

_CITIES_AND_COUNTRIES: Final = {
    "Asia/Shanghai": (
        "china beijing shanghai shenzhen guangzhou hangzhou chengdu cn prc "
        "中国 北京 上海 深圳 广州 杭州 成都 武汉 南京 重庆"
    ),
    "Asia/Hong_Kong": "hongkong 香港",
    "Asia/Macau": "macao 澳门",
    "Asia/Taipei": "taiwan 台湾 台北 臺灣 臺北",
    "Asia/Urumqi": "xinjiang 新疆 乌鲁木齐",
    "Asia/Tokyo": "japan osaka kyoto jp jst 日本 东京 大阪 京都 東京",
    "Asia/Seoul": "korea south_korea busan kr kst 韩国 首尔 釜山",
    "Asia/Pyongyang": "north_korea 朝鲜 平壤",
    "Asia/Singapore": "sg 新加坡",
    "Asia/Kuala_Lumpur": "malaysia 马来西亚 吉隆坡",
    "Asia/Bangkok": "thailand 泰国 曼谷",
    "Asia/Ho_Chi_Minh": "vietnam hanoi saigon 越南 河内 胡志明",
    "Asia/Manila": "philippines 菲律宾 马尼拉",
    "Asia/Jakarta": "雅加达",
    "Asia/Makassar": "bali denpasar 巴厘岛",
    "Asia/Kolkata": (
        "india delhi new_delhi mumbai bombay bangalore bengaluru chennai hyderabad calcutta 印度 新德里 孟买"
    ),
    "Asia/Karachi": "pakistan lahore islamabad 巴基斯坦 卡拉奇",
    "Asia/Dhaka": "bangladesh 孟加拉国 达卡",
    "Asia/Kathmandu": "nepal 尼泊尔 加德满都",
    "Asia/Colombo": "sri_lanka 斯里兰卡",
    "Asia/Yangon": "myanmar burma 缅甸 仰光",
    "Asia/Dubai": "united_arab_emirates uae abu_dhabi 阿联酋 迪拜",
    "Asia/Riyadh": "saudi_arabia 沙特 沙特阿拉伯 利雅得",
    "Asia/Qatar": "doha 卡塔尔 多哈",
    "Asia/Tehran": "iran 伊朗 德黑兰",
    "Asia/Baghdad": "iraq 伊拉克 巴格达",
    "Asia/Jerusalem": "israel tel_aviv 以色列 耶路撒冷",
    "Asia/Tashkent": "uzbekistan 乌兹别克斯坦",
    "Asia/Almaty": "kazakhstan astana 哈萨克斯坦 阿拉木图",
    "Asia/Ulaanbaatar": "mongolia ulan_bator 蒙古 乌兰巴托",
    "Europe/London": "united_kingdom uk great_britain england scotland wales edinburgh manchester 英国 伦敦",
    "Europe/Dublin": "ireland 爱尔兰 都柏林",
    "Europe/Lisbon": "portugal 葡萄牙 里斯本",
    "Europe/Madrid": "spain barcelona 西班牙 马德里 巴塞罗那",
    "Europe/Paris": "france lyon 法国 巴黎",
    "Europe/Brussels": "belgium 比利时 布鲁塞尔",
    "Europe/Amsterdam": "netherlands holland rotterdam 荷兰 阿姆斯特丹",
    "Europe/Berlin": "germany munich frankfurt hamburg cologne 德国 柏林 慕尼黑 法兰克福",
    "Europe/Zurich": "switzerland geneva 瑞士 苏黎世 日内瓦",
    "Europe/Vienna": "austria 奥地利 维也纳",
    "Europe/Rome": "italy milan venice 意大利 罗马 米兰",
    "Europe/Prague": "czech_republic czechia 捷克 布拉格",
    "Europe/Warsaw": "poland krakow 波兰 华沙",
    "Europe/Budapest": "hungary 匈牙利 布达佩斯",
    "Europe/Copenhagen": "denmark 丹麦 哥本哈根",
    "Europe/Oslo": "norway 挪威 奥斯陆",
    "Europe/Stockholm": "sweden 瑞典 斯德哥尔摩",
    "Europe/Helsinki": "finland 芬兰 赫尔辛基",
    "Europe/Athens": "greece 希腊 雅典",
    "Europe/Bucharest": "romania 罗马尼亚",
    "Europe/Sofia": "bulgaria 保加利亚",
    "Europe/Kyiv": "ukraine kiev 乌克兰 基辅",
    "Europe/Moscow": "saint_petersburg st_petersburg 莫斯科 圣彼得堡",
    "Europe/Istanbul": "turkey turkiye ankara 土耳其 伊斯坦布尔",
    "Africa/Cairo": "egypt 埃及 开罗",
    "Africa/Lagos": "nigeria 尼日利亚 拉各斯",
    "Africa/Nairobi": "kenya 肯尼亚 内罗毕",
    "Africa/Johannesburg": "south_africa cape_town 南非 约翰内斯堡 开普敦",
    "Africa/Casablanca": "morocco 摩洛哥",
    "Africa/Addis_Ababa": "ethiopia 埃塞俄比亚",
    "America/New_York": (
        "nyc boston washington washington_dc philadelphia miami atlanta est edt et eastern 纽约 华盛顿 "
        "波士顿 迈阿密 美东"
    ),
    "America/Chicago": "houston dallas austin central 芝加哥 休斯顿 达拉斯",
    "America/Denver": "mst mdt mountain 丹佛",
    "America/Phoenix": "arizona 凤凰城",
    "America/Los_Angeles": (
        "la california san_francisco silicon_valley san_diego seattle las_vegas pst pdt pt "
        "pacific 洛杉矶 旧金山 西雅图 硅谷 美西"
    ),
    "America/Anchorage": "alaska 阿拉斯加",
    "Pacific/Honolulu": "hawaii 夏威夷 檀香山",
    "America/Toronto": "ottawa montreal 多伦多 渥太华 蒙特利尔",
    "America/Vancouver": "温哥华",
    "America/Edmonton": "calgary 卡尔加里",
    "America/Mexico_City": "墨西哥城",
    "America/Sao_Paulo": "rio_de_janeiro brasilia 圣保罗 里约热内卢",
    "America/Argentina/Buenos_Aires": "argentina 阿根廷 布宜诺斯艾利斯",
    "America/Santiago": "chile 智利 圣地亚哥",
    "America/Lima": "peru 秘鲁 利马",
    "America/Bogota": "colombia 哥伦比亚 波哥大",
    "America/Caracas": "venezuela 委内瑞拉",
    "America/Havana": "cuba 古巴 哈瓦那",
    "Australia/Sydney": "canberra 悉尼 堪培拉",
    "Australia/Melbourne": "墨尔本",
    "Australia/Brisbane": "布里斯班",
    "Australia/Perth": "珀斯",
    "Australia/Adelaide": "阿德莱德",
    "Pacific/Auckland": "new_zealand wellington nz 新西兰 奥克兰 惠灵顿",
}

PLACES: Final[Mapping[str, str]] = {
    place: zone for zone, places in _CITIES_AND_COUNTRIES.items() for place in places.split()
}
"""A place's IANA zone."""

_SEVERAL_ZONES: Final = {
    "america usa us united_states united_states_of_america 美国": (
        "America/New_York",
        "America/Chicago",
        "America/Denver",
        "America/Los_Angeles",
    ),
    "canada 加拿大": ("America/Toronto", "America/Vancouver", "America/Edmonton", "America/Halifax"),
    "russia 俄罗斯": ("Europe/Moscow", "Asia/Yekaterinburg", "Asia/Novosibirsk", "Asia/Vladivostok"),
    "australia 澳大利亚 澳洲": (
        "Australia/Sydney",
        "Australia/Brisbane",
        "Australia/Adelaide",
        "Australia/Perth",
    ),
    "brazil 巴西": ("America/Sao_Paulo", "America/Manaus"),
    "mexico 墨西哥": ("America/Mexico_City", "America/Cancun", "America/Tijuana"),
    "indonesia 印度尼西亚 印尼": ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"),
    "cst": ("Asia/Shanghai (China)", "America/Chicago (US Central)"),
    "ist": ("Asia/Kolkata (India)", "Asia/Jerusalem (Israel)", "Europe/Dublin (Ireland)"),
}

WIDE_PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    place: zones for places, zones in _SEVERAL_ZONES.items() for place in places.split()
}
"""Places and abbreviations that stand for several zones, with the ones to choose from."""
