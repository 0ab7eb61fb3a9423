"""The items of a catalogue, found by what a list calls them."""

from collections.abc import Iterable
from typing import Generic
from uuid import UUID

from salon_crm.domain.catalogue import I
from salon_crm.domain.ids import reads_as_id
from salon_crm.domain.text import fold
from salon_crm.errors import InvalidValue


class ItemsByName(Generic[I]):
    """The items of one kind, by their ids, codes and names; ``kind`` is what people call one of them.

    What is retired is found too, where nothing that is offered has the name.
    """

    def __init__(self, kind: str, items: Iterable[I]) -> None:
        self.kind = kind
        self._by_id: dict[UUID, I] = {}
        self._by_code: dict[str, I] = {}
        self._by_name: dict[str, list[I]] = {}
        self._found: dict[str, I] = {}
        for item in items:
            self._by_id[item.id] = item
            self._by_code[item.code] = item
            self._by_name.setdefault(_name_key(item.name), []).append(item)

    @property
    def offered(self) -> list[I]:
        """The items that are not retired."""
        return [item for item in self._by_code.values() if item.retired_at is None]

    def find(self, text: str, name: str) -> I:
        """Return the item that ``text`` means: a code, an id, or a name that one item has.

        Raises InvalidValue naming the field ``name``, where no item or several are meant.
        """
        found = self._found.get(text)
        if found is None:
            found = self._found[text] = self._look_up(text, name)
        return found

    def _look_up(self, text: str, name: str) -> I:
        by_key = self._by_id.get(UUID(text)) if reads_as_id(text) else self._by_code.get(text)
        if by_key is not None:
            return by_key
        named = self._by_name.get(_name_key(text), [])
        meant = [item for item in named if item.retired_at is None] or named
        if not meant:
            raise InvalidValue("row-item-unknown", field=name, kind=self.kind)
        if len(meant) > 1:
            codes = tuple(sorted(item.code for item in meant))
            raise InvalidValue("row-item-ambiguous", field=name, count=len(meant), kind=self.kind, codes=codes)
        return meant[0]


def _name_key(name: str) -> str:
    return " ".join(fold(name).split())
