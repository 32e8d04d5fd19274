"""The buttons and menus in blocks: finding them by what a person sees, and what a press tells the app."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["Pressable", "input_values", "pressables"]

Wire = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressable:
    """Something to press: a button, one side of feedback buttons, or one option of a menu."""

    label: str
    action_id: str
    value: str
    action: Wire

    def answers_to(self, name: str) -> bool:
        """Whether a test means this one: by label, action_id, value, or ``action_id:label`` for an option."""
        return name in (self.label, self.action_id, self.value, f"{self.action_id}:{self.label}")


def pressables(blocks: list[Wire]) -> Iterator[Pressable]:
    """Everything that can be pressed, in the order it is seen."""
    for block in blocks:
        for element in _elements(block):
            yield from _pressables(element, str(block.get("block_id", "")))


def _elements(block: Wire) -> list[Wire]:
    match block.get("type"):
        case "actions" | "context_actions":
            return list(block["elements"])
        case "section" if "accessory" in block:
            return [block["accessory"]]
        case "input" if block.get("dispatch_action"):
            return [block["element"]]
        case "card":
            return list(block.get("actions", ()))
        case "container":
            return [element for child in block.get("blocks", ()) for element in _elements(child)]
        case "carousel":
            return [element for child in block["elements"] for element in _elements(child)]
        case _:
            return []


def _pressables(element: Wire, block_id: str) -> Iterator[Pressable]:
    kind = element["type"]
    base = {"type": kind, "action_id": element.get("action_id", ""), "block_id": block_id}
    match kind:
        case "button" | "icon_button":
            yield _button(element, base)
        case "feedback_buttons":
            yield _button(element["positive_button"], base)
            yield _button(element["negative_button"], base)
        case "static_select" | "overflow" | "radio_buttons":
            yield from (_option(option, base, {"selected_option": option}) for option in _options(element))
        case "multi_static_select" | "checkboxes":
            yield from (_option(option, base, {"selected_options": [option]}) for option in _options(element))
        case _:
            return


def _options(element: Wire) -> list[Wire]:
    groups = element.get("option_groups")
    return [option for group in groups for option in group["options"]] if groups else list(element["options"])


def _button(button: Wire, base: Wire) -> Pressable:
    action = {**base, "text": button["text"]}
    if "value" in button:
        action["value"] = button["value"]
    return Pressable(
        label=button["text"]["text"],
        action_id=base["action_id"],
        value=str(button.get("value", "")),
        action=action,
    )


def _option(option: Wire, base: Wire, selection: Wire) -> Pressable:
    return Pressable(
        label=option["text"]["text"],
        action_id=base["action_id"],
        value=str(option.get("value", "")),
        action={**base, **selection},
    )


def input_values(blocks: list[Wire], filled: dict[str, str]) -> Wire:
    """The ``state.values`` of a form, filled in by action_id; what is not filled in keeps its initial value.

    Raises AssertionError for a field the form does not have.
    """
    values: Wire = {}
    known = set()
    for block in blocks:
        if block.get("type") != "input":
            continue
        element = block["element"]
        action_id = element.get("action_id", "")
        known.add(action_id)
        values[block["block_id"]] = {action_id: _filled(element, filled.get(action_id))}
    assert filled.keys() <= known, f"the form has no field {sorted(filled.keys() - known)}"
    return values


def _filled(element: Wire, text: str | None) -> Wire:
    if element["type"] not in ("static_select", "radio_buttons"):
        return {"type": element["type"], "value": element.get("initial_value") if text is None else text}
    chosen = element.get("initial_option")
    if text is not None:
        chosen = next((o for o in _options(element) if text in (o["text"]["text"], o["value"])), None)
        assert chosen is not None, f"the menu has no option {text!r}"
    return {"type": element["type"], "selected_option": chosen}
