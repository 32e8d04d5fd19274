"""What is wrong with a set of settings, in words an operator can act on, and never a secret among them."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import Any, Final, get_args

from dotenv.parser import parse_stream
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

__all__ = [
    "SettingInfo",
    "list_settings",
    "name_faults",
    "read_dotenv",
    "read_toml",
    "table_faults",
    "toml_faults",
    "value_faults",
]

PREFIX: Final = "PARLEY_"
OUR_FAMILIES: Final = (PREFIX, "TELEGRAM_", "SLACK_", "SILICONFLOW_")


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingInfo:
    """One setting as people meet it. ``path`` is where it stands in parley.toml, empty for those of .env."""

    name: str
    what: str
    default: str
    example: str
    secret: bool
    path: str


# --- the list -----------------------------------------------------------------------------------------


def list_settings(model: type[BaseModel]) -> tuple[SettingInfo, ...]:
    """Every setting of ``model``, sections last."""
    return tuple(_walk(model, ()))


def _walk(model: type[BaseModel], above: tuple[str, ...]) -> Iterator[SettingInfo]:
    for field_name, field in model.model_fields.items():
        if field.exclude:
            continue  # not one setting: a table of its own in parley.toml
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            yield from _walk(section, (*above, field_name))
        else:
            yield _describe(field, (*above, field_name))


def _describe(field: FieldInfo, path: tuple[str, ...]) -> SettingInfo:
    default = _as_text(field.default)
    return SettingInfo(
        name=field.alias or PREFIX + "__".join(path).upper(),
        what=field.description or "",
        default=default,
        example=str(field.examples[0]) if field.examples else default,
        secret=_is_secret(field.annotation),
        path="" if field.alias else ".".join(path),
    )


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _is_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(_is_secret(inner) for inner in get_args(annotation))


# --- the files ----------------------------------------------------------------------------------------


def read_dotenv(path: Path) -> tuple[dict[str, str], list[str]]:
    """The file's names and values, and a fault for each line that is none. Neither when there is no file."""
    try:
        with path.open(encoding="utf-8") as stream:
            bindings = list(parse_stream(stream))
    except (FileNotFoundError, IsADirectoryError):
        return {}, []
    except (OSError, UnicodeDecodeError) as exc:
        return {}, [f"{path} cannot be read: {exc}"]
    faults = [
        f"{path}, line {binding.original.line}: not NAME=value; for example TELEGRAM_BOT_TOKEN=123456789:AAE…"
        for binding in bindings
        if binding.error
    ]
    return {b.key: b.value or "" for b in bindings if b.key is not None}, faults


def read_toml(path: Path) -> tuple[dict[str, Any], list[str]]:
    """The file's content, and the fault that keeps it from being read. Neither when there is no file."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")), []
    except (FileNotFoundError, IsADirectoryError):
        return {}, []
    except tomllib.TOMLDecodeError as exc:
        return {}, [_toml_syntax(path, str(exc))]
    except (OSError, UnicodeDecodeError) as exc:
        return {}, [f"{path} cannot be read: {exc}"]


def _toml_syntax(path: Path, text: str) -> str:
    fault, _, place = text.rpartition(" (at ")
    line = f", {place.rstrip(')')}" if fault else ""
    return f'{path}{line}: {fault or text}; a line looks like access = "open" or [http]'


# --- names --------------------------------------------------------------------------------------------


def name_faults(
    dotenv: Mapping[str, str], known: Iterable[SettingInfo], *, tables: Sequence[str] = ()
) -> list[str]:
    """One line for each PARLEY_ variable, and each name of ours in .env, that is no setting.

    ``tables`` are those of parley.toml that no variable can stand for.
    """
    names = [setting.name for setting in known]
    ours = [name for name in os.environ if name.upper().startswith(PREFIX)]
    ours += [name for name in dotenv if name.upper().startswith(OUR_FAMILIES)]
    return [
        f"{name} is not a setting{_only_in_toml(name, tables) or _meant(name, names)}"
        for name in ours
        if name.upper() not in names
    ]


def _only_in_toml(name: str, tables: Iterable[str]) -> str:
    for table in tables:
        if re.fullmatch(f"{PREFIX}{table}(__.*)?", name, re.IGNORECASE):
            return f"; {table} stand in parley.toml, each under [{table}.NAME]"
    return ""


def toml_faults(
    toml: Mapping[str, Any], known: Iterable[SettingInfo], file_name: str, *, tables: Sequence[str] = ()
) -> list[str]:
    """One line for each key of parley.toml that is no setting. ``tables`` have a content of their own."""
    toml = {key: value for key, value in toml.items() if key not in tables}
    paths = {setting.path: setting for setting in known if setting.path}
    sections = {path.rpartition(".")[0] for path in paths if "." in path}
    elsewhere = {setting.name for setting in known if not setting.path}
    faults = []
    for path, value in _toml_paths(toml, sections):
        if path.upper() in elsewhere:
            faults.append(f"{path} does not belong in {file_name}: set {path.upper()} in .env")
        elif path in sections:
            faults.append(
                f"{path} in {file_name} is a section: write [{path}] and its keys below, not {value!r}"
            )
        elif path not in paths:
            named = [f"{table}.{path.partition('.')[2]}" for table in tables if "." in path]
            faults.append(f"{path} in {file_name} is not a setting{_meant(path, [*paths, *named])}")
    return faults


def _toml_paths(toml: Mapping[str, Any], sections: set[str], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in toml.items():
        path = f"{above}{key}"
        if isinstance(value, dict) and (path in sections or value) and not above:
            yield from _toml_paths(value, sections, f"{path}.")
        else:
            yield path, value


def _meant(name: str, names: list[str]) -> str:
    folded = {known.lower(): known for known in names}
    near = get_close_matches(name.lower(), folded, n=1, cutoff=0.6)
    return f"; did you mean {folded[near[0]]}?" if near else "; .env.example lists the settings there are"


# --- values -------------------------------------------------------------------------------------------


def value_faults(
    error: ValidationError, known: Iterable[SettingInfo], dotenv: Mapping[str, str]
) -> list[str]:
    """One line for each value that does not serve: the variable, the value, its fault and an example."""
    by_name = {setting.name: setting for setting in known}
    given = {name.upper() for names in (os.environ, dotenv) for name, value in names.items() if value}
    faults = []
    for detail in error.errors(include_url=False):
        setting = by_name.get(_name_of(detail["loc"], by_name))
        if setting is not None:
            faults.append(_value_fault(setting, detail, in_toml=setting.name not in given))
    return faults


def table_faults(
    error: ValidationError, table: str, keys: Iterable[str], file_name: str = "parley.toml"
) -> list[str]:
    """One line for each fault below ``[table.NAME]``, where each entry has these keys."""
    found = [detail for detail in error.errors(include_url=False) if detail["loc"][0] == table]
    return [_table_fault([str(part) for part in item["loc"]], item, list(keys), file_name) for item in found]


def _table_fault(place: list[str], detail: ErrorDetails, keys: list[str], file_name: str) -> str:
    path = ".".join(place[:3])
    if len(place) == 1:
        return f"{path} in {file_name} is a table: write [{path}.NAME] and its keys below"
    if place[2:] == ["[key]"]:
        return f"{place[0]} in {file_name}: {_shown(place[1])} {_fault(detail)}"
    if len(place) == 2:
        return f"{path} in {file_name} is a table: write [{path}] and its keys below"
    match detail["type"]:
        case "extra_forbidden":
            near = get_close_matches(place[2].lower(), keys, n=1, cutoff=0.6)
            meant = f"did you mean {near[0]}?" if near else f"the keys there are {', '.join(keys)}"
            return f"{path} in {file_name} is not a setting; {meant}"
        case "missing":
            return f"{path} is missing in {file_name}: [{'.'.join(place[:2])}] needs it"
        case "string_too_short" | "string_too_long":
            return f"{path} in {file_name} {_fault(detail)}"
        case _:
            return f"{path} in {file_name}: {_shown(detail['input'])} {_fault(detail)}"


def _name_of(location: tuple[int | str, ...], names: Mapping[str, object]) -> str:
    """The variable an error is about; a place inside a value belongs to the value."""
    words = [str(part) for part in location]
    for end in range(len(words), 0, -1):
        for name in (words[0], PREFIX + "__".join(words[:end]).upper(), words[0].upper()):
            if name in names:
                return name
    return ""


def _value_fault(setting: SettingInfo, detail: ErrorDetails, *, in_toml: bool) -> str:
    where = f" ({setting.path} in parley.toml)" if in_toml and setting.path else ""
    value = "the value" if setting.secret else _shown(detail["input"])
    example = f"; for example {setting.name}={setting.example}" if setting.example else ""
    return f"{setting.name}{where}: {value} {_fault(detail)}{example}"


def _shown(value: object) -> str:
    """The value, cut when it is long; of a URL's login only the name before a password is left."""
    text = re.sub(r"(://[^/@\s:]*):\S*@", r"\1:***@", repr(value))
    text = re.sub(r"://[^/@\s:]+@", "://***@", text)
    return text if len(text) <= 80 else f"{text[:77]}…"


def _fault(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    match detail["type"]:
        case "int_parsing" | "int_type" | "int_from_float" | "int_parsing_size":
            return "is not a whole number"
        case "float_parsing" | "float_type" | "finite_number":
            return "is not a number"
        case "greater_than_equal":
            return f"is less than {context['ge']:g}"
        case "less_than_equal":
            return (
                f"is more than {context['le']:g}"
                if context["le"] < 10**5
                else f"is more than {context['le']}"
            )
        case "greater_than":
            return f"is not more than {context['gt']:g}"
        case "enum" | "literal_error":
            return f"is not one of {_choices(str(context['expected']))}"
        case "string_type":
            return "is not text"
        case "string_too_short":
            return "is empty"
        case "string_too_long":
            return f"is {len(detail['input']):,} characters long; at most {context['max_length']:,} fit"
        case "tuple_type":
            return "is not a list"
        case "value_error":
            return str(context["error"])
        case _:
            return f"does not serve ({detail['msg']})"


def _choices(expected: str) -> str:
    return expected.replace("'", "").replace(" or ", ", ")
