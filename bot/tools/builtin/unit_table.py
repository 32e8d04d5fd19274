"""The units of measurement: what each measures, what people call it, and how it relates to the others.

Values are exact as their definitions are (SI Brochure; NIST SP 811, Appendix B; for the Chinese market units
the State Council's order of 1959: 1 斤 = 500 g, 3 尺 = 1 m, 1 里 = 500 m, 15 亩 = 1 hectare).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Final

from bot.tools.builtin.numbers import Number

__all__ = ["UNITS", "Unit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One unit. ``names`` has the plural first, then symbols and other names; case matters in symbols.

    A value x of it is ``x * factor + offset`` of the quantity's base unit; where ``inverse``, it is
    ``factor / x``.
    """

    quantity: str
    names: tuple[str, ...]
    factor: Number
    offset: Fraction = Fraction(0)
    inverse: bool = False

    @property
    def title(self) -> str:
        """What an answer calls it."""
        return self.names[0]


_RADIAN: Final = Decimal("57.2957795130823208767981548141051703324054724665643215491602")  # 180/π degrees
_MILLIRADIAN: Final = Decimal("0.0572957795130823208767981548141051703324054724665643215491602")
_INCH: Final = Fraction("0.0254")
_MILE: Final = Fraction("1609.344")
_POUND: Final = Fraction("0.45359237")
_GALLON: Final = 231 * _INCH**3 * 1000
_IMPERIAL_GALLON: Final = Fraction("4.54609")
_GRAVITY: Final = Fraction("9.80665")
_ATMOSPHERE: Final = Fraction(101325)
_HOUR: Final = Fraction(3600)
_FOOT: Final = 12 * _INCH

# Each row: how much of the base unit it is, then its names, parted by commas.
_Rows = Iterable[tuple[Number | int | str, str]]

_LENGTH: Final[_Rows] = (
    ("1", "metres, m, meters, 米, 公尺"),
    ("1e3", "kilometres, km, kilometers, 公里, 千米"),
    ("0.1", "decimetres, dm, decimeters, 分米"),
    ("0.01", "centimetres, cm, centimeters, 厘米, 公分"),
    ("0.001", "millimetres, mm, millimeters, 毫米"),
    ("1e-6", "micrometres, µm, um, micrometers, microns, 微米"),
    ("1e-9", "nanometres, nm, nanometers, 纳米"),
    (_INCH, 'inches, in, inch, ", ″, 英寸, 吋'),
    (_FOOT, "feet, ft, foot, ', ′, 英尺, 呎"),
    (3 * _FOOT, "yards, yd, 码"),
    (_MILE, "miles, mi, 英里, 哩"),
    ("1852", "nautical miles, nmi, NM, 海里, 浬"),
    ("149597870700", "astronomical units, au, AU, 天文单位"),
    ("9460730472580800", "light-years, ly, light years, 光年"),
    (500, "Chinese li (里), 里, 市里, 华里, li"),
    (Fraction(10, 3), "Chinese zhang (丈), 丈, 市丈, zhang"),
    (Fraction(1, 3), "Chinese chi (尺), 尺, 市尺, chi"),
    (Fraction(1, 30), "Chinese cun (寸), 寸, 市寸, cun"),
)
_MASS: Final[_Rows] = (
    ("1", "kilograms, kg, kilogrammes, kilos, 公斤, 千克"),
    ("0.001", "grams, g, grammes, 克, 公克"),
    ("1e-6", "milligrams, mg, 毫克"),
    ("1e-9", "micrograms, µg, ug, mcg, 微克"),
    ("1e3", "tonnes, t, metric tons, tons, 吨, 公吨"),
    (_POUND, "pounds, lb, lbs, 磅"),
    (_POUND / 16, "ounces, oz, 盎司, 安士"),
    (_POUND * 14, "stones, st, stone, 英石"),
    (_POUND * 2000, "short tons, US tons, tons, 短吨, 美吨"),
    (_POUND * 2240, "long tons, imperial tons, tons, 长吨, 英吨"),
    ("31.1034768e-3", "troy ounces, oz t, ozt, 金衡盎司"),
    ("0.2e-3", "carats, ct, 克拉"),
    ("0.5", "Chinese jin (斤), 斤, 市斤, jin, catty"),
    ("0.05", "Chinese liang (两), 两, 市两, liang, 兩"),
    ("0.005", "Chinese qian (钱), 钱, 錢, qian"),
    (50, "Chinese dan (担), 担, 市担, 擔"),
    ("0.60478982", "Hong Kong catties (司马斤), 司马斤, 司馬斤, 港斤, Hong Kong catty"),
    ("0.6", "Taiwan catties (台斤), 台斤, 臺斤, Taiwan catty"),
)
_VOLUME: Final[_Rows] = (
    ("1", "litres, L, l, liters, 升, 公升"),
    ("0.001", "millilitres, mL, ml, milliliters, cc, 毫升"),
    ("0.01", "centilitres, cL, cl, centiliters, 厘升"),
    ("0.1", "decilitres, dL, dl, deciliters, 分升"),
    ("1e3", "cubic metres, m³, m3, m^3, cubic meters, 立方米, 立方"),
    ("0.001", "cubic centimetres, cm³, cm3, cm^3, cubic centimeters, 立方厘米"),
    (_INCH**3 * 1000, "cubic inches, in³, in3, in^3, cu in, cubic inch, 立方英寸"),
    (_FOOT**3 * 1000, "cubic feet, ft³, ft3, ft^3, cu ft, cubic foot, 立方英尺"),
    (_GALLON, "US gallons, gal, gallons, US gal, 加仑, 美制加仑"),
    (_GALLON / 4, "US quarts, qt, quarts, 夸脱"),
    (_GALLON / 8, "US pints, pt, pints, 品脱"),
    (_GALLON / 16, "US cups, cup, cups, 杯, 量杯"),
    (_GALLON / 128, "US fluid ounces, fl oz, floz, fl. oz, fluid ounces, oz, 盎司, 液盎司, 液量盎司"),
    (_GALLON / 256, "US tablespoons, tbsp, tbs, tablespoons, 汤匙, 大匙, 大勺"),
    (_GALLON / 768, "US teaspoons, tsp, teaspoons, 茶匙, 小匙, 小勺"),
    (_IMPERIAL_GALLON, "imperial gallons, imp gal, UK gallons, UK gal, 英制加仑"),
    (_IMPERIAL_GALLON / 8, "imperial pints, imp pt, UK pints, UK pt, 英制品脱"),
    (_IMPERIAL_GALLON / 160, "imperial fluid ounces, imp fl oz, UK fluid ounces, UK fl oz, 英制液盎司"),
    ("0.25", "metric cups, metric cup, 公制杯"),
    ("0.015", "metric tablespoons, metric tbsp, 公制汤匙"),
    ("0.005", "metric teaspoons, metric tsp, 公制茶匙"),
    (42 * _GALLON, "oil barrels, bbl, barrels, 桶"),
)
_AREA: Final[_Rows] = (
    ("1", "square metres, m², m2, m^2, sqm, sq m, square meters, 平方米, 平米, 平方"),
    ("1e6", "square kilometres, km², km2, km^2, sq km, square kilometers, 平方公里, 平方千米"),
    ("1e-4", "square centimetres, cm², cm2, cm^2, sq cm, square centimeters, 平方厘米"),
    ("1e4", "hectares, ha, 公顷"),
    ("100", "ares, 公亩"),
    (_MILE**2 / 640, "acres, ac, 英亩"),
    (_MILE**2, "square miles, mi², mi2, mi^2, sq mi, square mile, 平方英里"),
    (_FOOT**2, "square feet, ft², ft2, ft^2, sqft, sq ft, square foot, 平方英尺"),
    (_INCH**2, "square inches, in², in2, in^2, sq in, square inch, 平方英寸"),
    (9 * _FOOT**2, "square yards, yd², yd2, yd^2, sq yd, 平方码"),
    (Fraction(2000, 3), "Chinese mu (亩), 亩, 市亩, 畝, mu"),
    (Fraction(200000, 3), "Chinese qing (顷), 顷, 市顷, qing"),
    (Fraction(400, 121), "ping (坪), 坪, tsubo, pyeong, ping"),
)
_SPEED: Final[_Rows] = (
    ("1", "metres per second, m/s, mps, meters per second, 米每秒, 米/秒"),
    (
        1000 / _HOUR,
        "kilometres per hour, km/h, kmh, kph, kilometers per hour, 公里每小时, 公里/小时, 千米每小时, 时速",
    ),
    (_MILE / _HOUR, "miles per hour, mph, mi/h, 英里每小时, 英里/小时"),
    (_FOOT, "feet per second, ft/s, fps, foot per second, 英尺每秒"),
    (1852 / _HOUR, "knots, kn, kt, kts, 节"),
    (299792458, "speeds of light, speed of light, 光速"),
)
_TIME: Final[_Rows] = (
    ("1", "seconds, s, sec, secs, 秒, 秒钟"),
    ("1e-3", "milliseconds, ms, msec, 毫秒"),
    ("1e-6", "microseconds, µs, us, 微秒"),
    ("1e-9", "nanoseconds, ns, 纳秒"),
    (60, "minutes, min, mins, 分钟"),
    (_HOUR, "hours, h, hr, hrs, 小时, 钟头"),
    (86400, "days, d, 天, 日"),
    (604800, "weeks, wk, 周, 星期, 礼拜"),
    (900, "quarters of an hour, quarter of an hour, 刻钟, 刻"),
    (7200, "Chinese double hours (时辰), 时辰"),
    (2629800, "average months (1/12 of a year), months, mo, 个月, 月"),
    (31557600, "average years (365.25 days), years, yr, y, 年"),
)
_ENERGY: Final[_Rows] = (
    ("1", "joules, J, 焦耳, 焦"),
    ("1e3", "kilojoules, kJ, 千焦"),
    ("1e6", "megajoules, MJ, 兆焦"),
    ("1e9", "gigajoules, GJ, 吉焦"),
    ("4.184", "calories (thermochemical), cal, calories, small calories, 卡, 卡路里"),
    ("4184", "kilocalories, kcal, Cal, Calories, food calories, large calories, 大卡, 千卡"),
    (_HOUR, "watt-hours, Wh, watt hours, 瓦时"),
    (1000 * _HOUR, "kilowatt-hours, kWh, kilowatt hours, 千瓦时, 度电, 度"),
    (10**6 * _HOUR, "megawatt-hours, MWh, megawatt hours, 兆瓦时"),
    ("1.602176634e-19", "electronvolts, eV, electron volts, 电子伏, 电子伏特"),
    ("1055.05585262", "British thermal units, BTU, Btu, 英热单位"),
    (_POUND * _GRAVITY * _FOOT, "foot-pounds, ft-lb, ft lb, foot pounds, ft·lbf, 英尺磅"),
)
_PRESSURE: Final[_Rows] = (
    ("1", "pascals, Pa, 帕斯卡, 帕"),
    ("100", "hectopascals, hPa, 百帕"),
    ("1e3", "kilopascals, kPa, 千帕"),
    ("1e6", "megapascals, MPa, 兆帕"),
    ("1e5", "bars, bar, 巴"),
    ("100", "millibars, mbar, mb, 毫巴"),
    (_ATMOSPHERE, "standard atmospheres, atm, atmospheres, 标准大气压, 大气压"),
    (_ATMOSPHERE / 760, "torr, Torr, 托"),
    ("133.322387415", "millimetres of mercury, mmHg, mm Hg, millimeters of mercury, 毫米汞柱"),
    ("3386.388640341", "inches of mercury, inHg, in Hg, 英寸汞柱"),
    (_POUND * _GRAVITY / _INCH**2, "pounds per square inch, psi, lbf/in², 磅每平方英寸"),
    (_GRAVITY * 10**4, "kilograms-force per square centimetre, kgf/cm², kgf/cm2, 公斤力每平方厘米, 公斤压力"),
)
_POWER: Final[_Rows] = (
    ("1", "watts, W, 瓦特, 瓦"),
    ("1e-3", "milliwatts, mW, 毫瓦"),
    ("1e3", "kilowatts, kW, 千瓦"),
    ("1e6", "megawatts, MW, 兆瓦"),
    ("1e9", "gigawatts, GW, 吉瓦"),
    (75 * _GRAVITY, "metric horsepower, PS, ps, metric hp, 马力, 匹马力"),
    (550 * _POUND * _GRAVITY * _FOOT, "mechanical horsepower, hp, HP, bhp, horsepower, 英制马力"),
    (Fraction("1055.05585262") / _HOUR, "BTU per hour, BTU/h, Btu/h, 英热单位每小时"),
)
_ANGLE: Final[_Rows] = (
    ("1", "degrees (angle), °, deg, degrees, 度, 角度"),
    (Fraction(1, 60), "arcminutes, arcmin, minutes of arc, 角分"),
    (Fraction(1, 3600), "arcseconds, arcsec, seconds of arc, 角秒"),
    (Fraction(9, 10), "gradians, gon, grad, 百分度"),
    (360, "turns, rev, revolutions, 圈, 周角"),
    (_RADIAN, "radians, rad, 弧度"),
    (_MILLIRADIAN, "milliradians, mrad, 毫弧度"),
)
_FORCE: Final[_Rows] = (
    ("1", "newtons, N, 牛顿, 牛"),
    ("1e3", "kilonewtons, kN, 千牛"),
    (_GRAVITY, "kilograms-force, kgf, kilogram-force, 公斤力, 千克力"),
    (_POUND * _GRAVITY, "pounds-force, lbf, pound-force, 磅力"),
)
_FREQUENCY: Final[_Rows] = (
    ("1", "hertz, Hz, 赫兹, 赫"),
    ("1e3", "kilohertz, kHz, 千赫"),
    ("1e6", "megahertz, MHz, 兆赫"),
    ("1e9", "gigahertz, GHz, 吉赫"),
    (Fraction(1, 60), "revolutions per minute, rpm, RPM, 转每分钟, 转/分"),
)
_FUEL: Final[_Rows] = (
    ("1", "kilometres per litre, km/L, km/l, kmpl, kilometers per liter, 公里每升, 公里/升"),
    (_MILE / 1000 / _GALLON, "miles per US gallon, mpg, mpg US, miles per gallon, US mpg, 英里每加仑"),
    (_MILE / 1000 / _IMPERIAL_GALLON, "miles per imperial gallon, mpg UK, UK mpg, mpg imp, 英里每英制加仑"),
)
_BY_QUANTITY: Final[dict[str, _Rows]] = {
    "length": _LENGTH,
    "mass": _MASS,
    "volume": _VOLUME,
    "area": _AREA,
    "speed": _SPEED,
    "time": _TIME,
    "energy": _ENERGY,
    "pressure": _PRESSURE,
    "power": _POWER,
    "angle": _ANGLE,
    "force": _FORCE,
    "frequency": _FREQUENCY,
    "fuel economy": _FUEL,
}
_TEMPERATURES: Final = (
    (Fraction(1), Fraction(0), "kelvins, K, kelvin, 开尔文, 开"),
    (
        Fraction(1),
        Fraction("273.15"),
        "degrees Celsius, °C, ℃, C, celsius, centigrade, degree Celsius, 摄氏度, 摄氏, 度",
    ),
    (
        Fraction(5, 9),
        Fraction("459.67") * 5 / 9,
        "degrees Fahrenheit, °F, ℉, F, fahrenheit, degree Fahrenheit, 华氏度, 华氏",
    ),
    (Fraction(5, 9), Fraction(0), "degrees Rankine, °R, rankine, 兰氏度"),
)
_LITRES_PER_100_KM: Final = (
    "litres per 100 km, L/100km, L/100 km, liters per 100 km, 升每百公里, 升/百公里, 百公里油耗"
)
_DATA_KINDS: Final = (("data", "", ("",), ""), ("data rate", " per second", ("/s", "ps"), "每秒"))
_DATA_ELEMENTS: Final = (("bits", ("bit", "b"), 1, "比特"), ("bytes", ("B",), 8, "字节"))
_DATA_SIZES: Final = (
    ("", ("",), 1, ""),
    ("kilo", ("k", "K"), 10**3, "千"),
    ("mega", ("M",), 10**6, "兆"),
    ("giga", ("G",), 10**9, "吉"),
    ("tera", ("T",), 10**12, "太"),
    ("peta", ("P",), 10**15, "拍"),
    ("kibi", ("Ki",), 2**10, "二进制千"),
    ("mebi", ("Mi",), 2**20, "二进制兆"),
    ("gibi", ("Gi",), 2**30, "二进制吉"),
    ("tebi", ("Ti",), 2**40, "二进制太"),
    ("pebi", ("Pi",), 2**50, "二进制拍"),
)


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split(", "))


def _plain_units() -> Iterator[Unit]:
    for quantity, rows in _BY_QUANTITY.items():
        for factor, names in rows:
            exact = factor if isinstance(factor, Decimal) else Fraction(factor)
            yield Unit(quantity=quantity, names=_names(names), factor=exact)


def _temperatures() -> Iterator[Unit]:
    for factor, offset, names in _TEMPERATURES:
        yield Unit(quantity="temperature", names=_names(names), factor=factor, offset=offset)


def _fuel_consumption() -> Iterator[Unit]:
    yield Unit(quantity="fuel economy", names=_names(_LITRES_PER_100_KM), factor=Fraction(100), inverse=True)


def _data_units() -> Iterator[Unit]:
    """Bits and bytes, plain and per second: 1 KB has 1000 bytes and 1 KiB has 1024 (IEC 80000-13)."""
    for (quantity, rate, endings, each), (word, letters, times, prefix) in product(_DATA_KINDS, _DATA_SIZES):
        for name, symbols, bits, hanzi in _DATA_ELEMENTS:
            short = ("".join(parts) for parts in product(letters, symbols, endings))
            names = (f"{word}{name}{rate}", *short, f"{prefix}{hanzi}{each}")
            yield Unit(quantity=quantity, names=names, factor=Fraction(bits * times))


UNITS: Final[tuple[Unit, ...]] = (*_plain_units(), *_temperatures(), *_fuel_consumption(), *_data_units())
