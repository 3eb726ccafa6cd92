"""Sections that a type of backend declares for entries of its own, with a field for each."""

from __future__ import annotations

from collections.abc import Collection
from functools import singledispatch

from ....cluster_client.backends import registry
from ....cluster_client.backends.base.backend_type import BackendType
from ....cluster_client.profiles.entries import (
    ChoiceEntry,
    LoginEntry,
    NumberEntry,
    OwnEntry,
    OwnSection,
    SwitchEntry,
    TextEntry,
    Value,
)
from ....mapping.language import tr
from .fields import AuthField, CheckField, ChoiceField, Field, NumberField, TextField
from .section import ProfileSection


class DeclaredSection(ProfileSection):
    """A section as `kind` declares it, which profiles of other types do not have."""

    def __init__(self, kind: BackendType, declared: OwnSection) -> None:
        super().__init__(None, tr(declared.title), folded=declared.folded)
        self._kind = kind
        self._names = tuple(entry.name for entry in declared.entries)
        for entry in declared.entries:
            made = field_of(entry)
            label = "" if isinstance(made, CheckField) else tr(entry.label)
            self.add(label, *([made] if made.stretch else [made, None]))
        self.intro.show_text(tr(declared.intro) if declared.intro else "")

    def entries_of(self, kind: BackendType) -> Collection[str]:
        """Return the declared entries for the type that declares them."""
        return self._names if kind is self._kind else ()


def declared_sections() -> list[DeclaredSection]:
    """Return the sections that the types of backend declare."""
    return [DeclaredSection(kind, each) for kind in registry.TYPES.values() for each in kind.own_sections]


def usual_values() -> dict[str, Value]:
    """Return the usual values of the own entries of all types, by name."""
    return {entry.name: entry.usual for kind in registry.TYPES.values() for entry in kind.own_entries}


@singledispatch
def field_of(entry: OwnEntry) -> Field:
    """Return a new field for an entry."""
    raise TypeError(f"no field for {entry}")


@field_of.register
def _(entry: TextEntry) -> Field:
    return TextField(entry.name, tr(entry.placeholder) if entry.placeholder else "", _tip(entry))


@field_of.register
def _(entry: LoginEntry) -> Field:
    return AuthField(entry.name, ("Basic",), _tip(entry))


@field_of.register
def _(entry: ChoiceEntry) -> Field:
    return ChoiceField(entry.name, [(tr(label), value) for value, label in entry.choices], _tip(entry))


@field_of.register
def _(entry: NumberEntry) -> Field:
    return NumberField(entry.name, entry.low, entry.high, tr(entry.zero) if entry.zero else "", _tip(entry))


@field_of.register
def _(entry: SwitchEntry) -> Field:
    return CheckField(entry.name, tr(entry.label), _tip(entry))


def _tip(entry: OwnEntry) -> str:
    return tr(entry.tip) if entry.tip else ""
