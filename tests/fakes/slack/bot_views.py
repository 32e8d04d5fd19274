"""Home tabs and modals the app shows, and the check of blocks without showing them."""

from __future__ import annotations

from typing import Any

from .accounts import Person, Wire
from .blocks import Surface, accept_blocks, complaints
from .call import Call
from .errors import refused
from .state import View
from .world import World

__all__ = ["METHODS", "accept_view"]


def accept_view(view: Wire | None, surface: Surface) -> Wire:
    """A view as Slack stores it. Raises ApiError (``invalid_arguments``)."""
    if view is None or view.get("type") != surface:
        raise refused(
            "invalid_arguments", f"[ERROR] must be a view of type {surface} [json-pointer:/view/type]"
        )
    blocks = view.get("blocks")
    if not isinstance(blocks, list):
        raise refused("invalid_arguments", "[ERROR] missing required field: blocks [json-pointer:/view]")
    title = str((view.get("title") or {}).get("text", ""))
    if surface == "modal" and not 0 < len(title) <= 24:
        raise refused(
            "invalid_arguments", "[ERROR] must be 1 to 24 characters [json-pointer:/view/title/text]"
        )
    return {**view, "blocks": accept_blocks(blocks, surface=surface, error="invalid_arguments")}


def publish(world: World, call: Call) -> Wire:
    """views.publish: the home tab of one person; a hash that is not the newest is refused."""
    person = world.people.get(call.text("user_id"))
    if person is None:
        raise refused("user_not_found")
    shown = world.homes.get(person.id)
    if call.text("hash") and shown is not None and shown.hash != call.text("hash"):
        raise refused("hash_conflict")
    view = accept_view(call.table("view"), "home")
    home = View(id=shown.id if shown else world.new_id("V"), person=person, view=view, hash=world.new_ts())
    world.homes[person.id] = home
    return {"view": _wire(world, home)}


def open_view(world: World, call: Call) -> Wire:
    """views.open: a modal for whoever the trigger came from."""
    person = _triggered(world, call.text("trigger_id"))
    view = accept_view(call.table("view"), "modal")
    modal = View(id=world.new_id("V"), person=person, view=view, hash=world.new_ts())
    world.modals[person.id] = modal
    return {"view": _wire(world, modal)}


def _triggered(world: World, trigger_id: str) -> Person:
    found = world.triggers.pop(trigger_id, None)
    if found is None:
        raise refused("invalid_trigger_id")
    person, expires_at = found
    if world.clock() > expires_at:
        raise refused("expired_trigger_id")
    return person


def update(world: World, call: Call) -> Wire:
    """views.update"""
    shown = next(
        (v for v in (*world.modals.values(), *world.homes.values()) if v.id == call.text("view_id")), None
    )
    if shown is None:
        raise refused("not_found")
    if call.text("hash") and shown.hash != call.text("hash"):
        raise refused("hash_conflict")
    shown.view = accept_view(call.table("view"), "home" if shown.view["type"] == "home" else "modal")
    shown.hash = world.new_ts()
    return {"view": _wire(world, shown)}


def validate(world: World, call: Call) -> Wire:
    """blocks.validate: exactly one of blocks, message or view."""
    given = [name for name in ("blocks", "message", "view") if call.text(name)]
    if len(given) != 1:
        raise refused("invalid_arguments", "[ERROR] provide exactly one of blocks, message, view")
    (kind,) = given
    surface: Surface = "message"
    if kind == "blocks":
        blocks = call.items("blocks", "invalid_blocks")
    else:
        holder = call.table(kind, f"invalid_{kind}") or {}
        blocks = holder.get("blocks") or []
        surface = "home" if holder.get("type") == "home" else "modal" if kind == "view" else "message"
    errors = [{"pointer": path, "message": text} for path, text in complaints(blocks, surface=surface)]
    if errors:
        raise refused(f"invalid_{kind}", errors=errors)
    return {}


def _wire(world: World, view: View) -> Wire:
    return view.wire(world.bot.team_id, world.bot.bot_id)


METHODS: dict[str, Any] = {
    "views.publish": publish,
    "views.open": open_view,
    "views.update": update,
    "blocks.validate": validate,
}
