"""Marks: keyed hashes of contacts that outlive the profile they came from.

A block leaves marks, so that it is met again after a removal, an erasure or a re-import, without a
name, a phone or an e-mail being kept. A mark cannot be computed anew from a store; so each has a
version of the normalisation it was made with, and look-ups try every version in use.
"""

import hashlib
import hmac
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from attrs import field, frozen

from salon_crm.domain.ids import BlockId
from salon_crm.domain.privacy import OPERATOR, classed

MARK_VERSION: Final = 1
KEY_BYTES: Final = 32


class MarkKind(StrEnum):
    """What a mark was made of."""

    CONTACT = "contact"
    CONTACT_AND_NAME = "contact-and-name"


@frozen(field_transformer=classed, repr=False)
class MarkKey:
    """The salon's mark key, mixed with the host's secret; nothing ever shows it."""

    secret_bytes: bytes = field(metadata=OPERATOR)

    def __repr__(self) -> str:
        return "MarkKey(…)"

    def digest(self, purpose: str, *parts: str) -> bytes:
        """Return HMAC-SHA-256 of the parts under this key; the purpose keeps one use apart from another."""
        message = "\x1f".join([purpose, *[f"{len(part)}:{part}" for part in parts]])
        return hmac.digest(self.secret_bytes, message.encode("utf-8", "surrogatepass"), "sha256")

    @property
    def check(self) -> bytes:
        """What is stored to recognise the key by, so that a missing secret is an error and no empty list."""
        return self.digest("check")


def mix_secret(salon_key: bytes, secret: bytes | None) -> MarkKey:
    """Return the mark key of a salon whose own 32 bytes are ``salon_key``, mixed with the host's secret if any."""
    if secret is None:
        return MarkKey(salon_key)
    return MarkKey(hmac.new(secret, salon_key, hashlib.sha256).digest())


@frozen(field_transformer=classed)
class Mark:
    """One keyed hash, and the block it stands for."""

    digest: bytes = field(metadata=OPERATOR)
    kind: MarkKind = field(metadata=OPERATOR)
    block_id: BlockId = field(metadata=OPERATOR)
    version: int = field(default=MARK_VERSION, metadata=OPERATOR)


def contact_digest(key: MarkKey, contact_key: str) -> bytes:
    """Return the digest of a contact alone."""
    return key.digest(f"contact/{MARK_VERSION}", contact_key)


def contact_digests(key: MarkKey, contact_keys: Iterable[str], words: str) -> dict[MarkKind, tuple[bytes, ...]]:
    """Return the digests of each contact alone and of each contact with the sorted folded words of a name."""
    keys = tuple(contact_keys)
    return {
        MarkKind.CONTACT: tuple(contact_digest(key, contact) for contact in keys),
        MarkKind.CONTACT_AND_NAME: tuple(
            key.digest(f"contact-and-name/{MARK_VERSION}", contact, words) for contact in keys
        ),
    }
