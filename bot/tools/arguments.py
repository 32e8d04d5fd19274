"""A function's parameters as the model sees and fills them: a small JSON Schema out, checked values in."""

from __future__ import annotations

import inspect
import json
import reprlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic_core import ErrorDetails, to_json

from bot.errors import ToolRetry

__all__ = ["Arguments", "described", "parse_object"]

_CONFIG: Final = ConfigDict(extra="forbid", coerce_numbers_to_str=True)
_SCHEMA_MAPS: Final = ("properties", "$defs")
_DATA_KEYS: Final = ("default", "const", "enum", "examples")
_MOST_FAULTS: Final = 3
_EMPTY: Final[tuple[object, ...]] = (None, "", [], {}, ())
_NAMED_KINDS: Final = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """The parameters of one function. ``takes_hidden`` says that its first one is not the model's to fill."""

    schema: Mapping[str, Any]
    takes_hidden: bool
    names: tuple[str, ...]
    _model: type[BaseModel]
    _defaults: Mapping[str, Any]

    @classmethod
    def of(cls, function: Callable[..., Any], *, hidden: type) -> Arguments:
        """Read the signature. Raises TypeError for a parameter that the model could not fill by name."""
        hints = get_type_hints(function, include_extras=True)
        parameters = list(inspect.signature(function).parameters.values())
        takes_hidden = bool(parameters) and hints.get(parameters[0].name) is hidden
        if takes_hidden:
            del parameters[0]
        model = _model_of(parameters, hints)
        names = tuple(parameter.name for parameter in parameters)
        return cls(
            schema=_small(model.model_json_schema()),
            takes_hidden=takes_hidden,
            names=names,
            _model=model,
            _defaults={
                parameter.name: parameter.default for parameter in parameters if _has_default(parameter)
            },
        )

    def parse(self, text: str) -> dict[str, Any]:
        """The arguments that were given, by name. Raises ToolRetry with a sentence for the model."""
        try:
            filled = self._model.model_validate(parse_object(text))
        except ValidationError as exc:
            raise ToolRetry(self._sentence(exc.errors(include_url=False))) from exc
        given = filled.model_fields_set
        return {
            name: getattr(filled, _field(at)) for at, name in enumerate(self.names) if _field(at) in given
        }

    def describe(self, text: str) -> str:
        """What the call would be given, one argument a line, defaults too. Raises ToolRetry as ``parse``."""
        values = {**self._defaults, **self.parse(text)}
        return described({name: values[name] for name in self.names if name in values})

    def _sentence(self, faults: Iterable[ErrorDetails]) -> str:
        told = [self._fault(fault) for fault in faults]
        rest = [f"and {len(told) - _MOST_FAULTS} more faults"] if len(told) > _MOST_FAULTS else []
        return f"{'; '.join(told[:_MOST_FAULTS] + rest)}."

    def _fault(self, fault: ErrorDetails) -> str:
        where = ".".join(str(step) for step in fault["loc"])
        match fault["type"]:
            case "missing":
                return f"argument {where!r} is missing"
            case "extra_forbidden":
                return f"there is no argument {where!r} (there is: {', '.join(self.names) or 'none'})"
            case _:
                message = fault["msg"][:1].lower() + fault["msg"][1:]
                return f"argument {where!r}: {message}; it was {reprlib.repr(fault['input'])}"


def parse_object(text: str) -> dict[str, Any]:
    """The JSON object that a model wrote, which may be missing, or wrapped in a string. Raises ToolRetry."""
    value = _load(text)
    if isinstance(value, str):  # some models encode their arguments twice
        value = _load(value)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ToolRetry("The arguments must be one JSON object, with the arguments by name.")
    return value


def _load(text: str) -> Any:
    if not text.strip():
        return None
    try:
        return json.loads(text, strict=False, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as exc:
        raise ToolRetry(f"The arguments are not valid JSON ({exc}).") from exc


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON value")


def described(values: Mapping[str, Any]) -> str:
    """The values for a person to judge, one a line; empty ones are left out.

    Each value stays on its line: line breaks, and characters that show nothing or turn the direction of
    writing, are written as escapes, so that a value cannot pass for another argument.
    """
    return "\n".join(f"{name}: {_shown(value)}" for name, value in values.items() if value not in _EMPTY)


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else to_json(value).decode()
    return "".join(letter if letter.isprintable() else _escaped(letter) for letter in text)


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")


def _has_default(parameter: inspect.Parameter) -> bool:
    return parameter.default is not inspect.Parameter.empty


def _field(at: int) -> str:
    """A parameter's field in the model: its own name could hide a member of BaseModel, such as ``copy``."""
    return f"argument_{at}"


def _model_of(parameters: Iterable[inspect.Parameter], hints: Mapping[str, Any]) -> type[BaseModel]:
    fields: dict[str, Any] = {
        _field(at): _field_definition(parameter, hints) for at, parameter in enumerate(parameters)
    }
    return create_model("Arguments", __config__=_CONFIG, **fields)


def _field_definition(parameter: inspect.Parameter, hints: Mapping[str, Any]) -> tuple[Any, Any]:
    name = parameter.name
    if parameter.kind not in _NAMED_KINDS:
        raise TypeError(f"parameter {name!r}: the model fills parameters by name, one by one")
    if name not in hints:
        raise TypeError(f"parameter {name!r} needs a type hint")
    default = ... if parameter.default is inspect.Parameter.empty else parameter.default
    return _described(hints[name]), Field(default, alias=name)


def _described(hint: Any) -> Any:
    """``hint`` with a string inside ``Annotated`` turned into the description."""
    if get_origin(hint) is not Annotated:
        return hint
    inner, *notes = get_args(hint)
    for note in notes:
        inner = Annotated[inner, Field(description=note) if isinstance(note, str) else note]
    return inner


def _small(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without the titles pydantic makes from names and empty defaults: tokens that say nothing."""
    small = {key: _small_value(key, value) for key, value in schema.items() if not _says_nothing(key, value)}
    if small.get("type") == "object":
        small.setdefault("properties", {})
    return small


def _says_nothing(key: str, value: Any) -> bool:
    if key == "additionalProperties":
        return value is False  # whoever gives more is told so; saying it in every schema costs tokens
    # A text that is not given, a flag that is not set: as everybody would take it.
    return key == "title" or (key == "default" and (value in ("", None) or value is False))


def _small_value(key: str, value: Any) -> Any:
    if key in _DATA_KEYS:
        return value
    if key in _SCHEMA_MAPS:
        return {name: _small(inner) for name, inner in value.items()}
    if isinstance(value, dict):
        return _small(value)
    if isinstance(value, list):
        return [_small(item) if isinstance(item, dict) else item for item in value]
    return value
