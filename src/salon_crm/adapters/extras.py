"""What an optional extra installs, asked for where it is first needed."""

from collections.abc import Generator
from contextlib import contextmanager

from salon_crm.errors import StoreError


@contextmanager
def needing(package: str, *, extra: str, what: str) -> Generator[None]:
    """Say which extra to install where a package cannot be imported; raises StoreError."""
    try:
        yield
    except ImportError as missing:
        if (missing.name or "").partition(".")[0] not in {package, ""}:
            raise
        raise StoreError("extra-missing", what=what, extra=extra) from missing
