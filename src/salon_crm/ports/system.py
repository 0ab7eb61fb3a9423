"""What the world must provide: the time, and things nobody can guess."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol
from uuid import UUID


class Clock(Protocol):
    """Says what time it is."""

    @abstractmethod
    def now(self) -> datetime:
        """Return the instant, in UTC."""


class IdSource(Protocol):
    """Makes ids and key material."""

    @abstractmethod
    def new_id(self) -> UUID:
        """Return a UUID nobody has, later ones sorting after earlier ones."""

    @abstractmethod
    def key_bytes(self, count: int) -> bytes:
        """Return bytes nobody can guess."""
