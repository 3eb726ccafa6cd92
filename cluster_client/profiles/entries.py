"""Entries of a profile that a single type of backend has, and the sections of its form.

    LAB = OwnSection("Notebook", (
        TextEntry("lab_kernel", "Kernel", default="python3", pattern=KERNEL, what="a kernel's name"),
        NumberEntry("lab_cells", "Cells", high=64, zero="as many as there are"),
    ))

A type lists them as `own_sections`. Profiles check them, store them with their other entries, and give their
values as `profile.own["lab_kernel"]`; the form of profiles makes a field for each. Texts are not translated
here.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Optional, Union

from .checks import (
    AUTHCFG,
    AUTHCFG_WHAT,
    check_pattern,
    check_range,
    check_text,
    check_type,
    check_url,
    fault,
)

Value = Union[str, bool, int]


@dataclass(frozen=True)
class OwnEntry(ABC):
    """An entry: its `name` in profile files, which no other type uses, and the texts of its field."""

    name: str
    label: str
    tip: str = ""

    @property
    @abstractmethod
    def usual(self) -> Value:
        """Return the value of a profile that does not name the entry."""

    def check(self, value: Value) -> None:
        """Raise `ProfileError` if a value, of any type, is not one of this entry."""
        check_type(self.name, value, type(self.usual))


@dataclass(frozen=True)
class TextEntry(OwnEntry):
    """A line of text, empty or all of it a `pattern`; errors say `what` that is.

    `placeholder` is shown where it is empty. `program` says that it names a program that runs start, which a
    person agrees to before a profile file is used.
    """

    default: str = ""
    placeholder: str = ""
    pattern: Optional[re.Pattern[str]] = None
    what: str = ""
    program: bool = False

    @property
    def usual(self) -> str:
        """Return the default."""
        return self.default

    def check(self, value: Value) -> None:
        """See `OwnEntry.check`; texts with a secret are refused as well."""
        super().check(value)
        check_text(self.name, str(value))
        if self.pattern is not None:
            check_pattern(self.name, str(value), self.pattern, self.what)


@dataclass(frozen=True)
class AddressEntry(TextEntry):
    """An address of the web (http or https), such as the `url_entry` of a type."""

    def check(self, value: Value) -> None:
        """See `OwnEntry.check`."""
        super().check(value)
        check_url(self.name, str(value))


@dataclass(frozen=True)
class LoginEntry(OwnEntry):
    """The id of an entry of QGIS's authentication database, with the user and password of `service`."""

    service: str = ""

    @property
    def usual(self) -> str:
        """Return no id."""
        return ""

    def check(self, value: Value) -> None:
        """See `OwnEntry.check`."""
        super().check(value)
        check_text(self.name, str(value))
        check_pattern(self.name, str(value), AUTHCFG, AUTHCFG_WHAT)


@dataclass(frozen=True)
class ChoiceEntry(OwnEntry):
    """One of several texts: `choices` are values with their labels, of which the first is the usual one."""

    choices: tuple[tuple[str, str], ...] = (("", ""),)

    @property
    def usual(self) -> str:
        """Return the first choice."""
        return self.choices[0][0]

    def check(self, value: Value) -> None:
        """See `OwnEntry.check`."""
        super().check(value)
        values = [text for text, _ in self.choices]
        if value not in values:
            raise fault(self.name, value, f"choose one of {', '.join(map(repr, values))}")


@dataclass(frozen=True)
class NumberEntry(OwnEntry):
    """A whole number from `low` to `high`; `zero` is shown in place of `low`."""

    default: int = 0
    low: int = 0
    high: int = 1024
    zero: str = ""

    @property
    def usual(self) -> int:
        """Return the default."""
        return self.default

    def check(self, value: Value) -> None:
        """See `OwnEntry.check`."""
        super().check(value)
        check_range(self.name, int(value), self.low, self.high)


@dataclass(frozen=True)
class SwitchEntry(OwnEntry):
    """True or false."""

    default: bool = False

    @property
    def usual(self) -> bool:
        """Return the default."""
        return self.default


@dataclass(frozen=True)
class OwnSection:
    """A section of the form with its `title`, an `intro` under it, and entries in the order of their fields.

    A `folded` one shows its fields once something in it is not as usual.
    """

    title: str
    entries: tuple[OwnEntry, ...]
    intro: str = ""
    folded: bool = False


class OwnValues(Mapping[str, Value]):
    """The values of own entries by name; immutable and hashable."""

    def __init__(self, values: Optional[Mapping[str, Value]] = None) -> None:
        self._values = dict(values or {})

    @classmethod
    def of(cls, entries: tuple[OwnEntry, ...], values: Mapping[str, Value]) -> OwnValues:
        """Return the values of `entries`, the usual ones where there are none; raises `ProfileError`."""
        known = {entry.name: entry for entry in entries}
        for name, value in values.items():
            if name not in known:
                raise fault(name, value, "profiles of this kind have no such entry")
            known[name].check(value)
        return cls({entry.name: values.get(entry.name, entry.usual) for entry in entries})

    def __getitem__(self, name: str) -> Value:
        """Return the value of an entry."""
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        """Return the names in the order of the form."""
        return iter(self._values)

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self._values)

    def __hash__(self) -> int:
        """Return the same number for the same values."""
        return hash(frozenset(self._values.items()))

    def __repr__(self) -> str:
        """Return the values as a dictionary shows them."""
        return repr(self._values)
