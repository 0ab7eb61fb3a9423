"""Sources and targets as files: what every format opens its tables from and writes them to."""

import os
from collections.abc import Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from errno import EINVAL
from io import BytesIO
from os import PathLike
from pathlib import Path
from shutil import copyfileobj
from tempfile import NamedTemporaryFile, SpooledTemporaryFile
from typing import IO, Final

from salon_crm.errors import InvalidValue
from salon_crm.ports.transfer import Source

BLOCK: Final = 1 << 15
"""How many bytes are read or held at a time."""
_SPOOL: Final = 1 << 20
_DATABASE: Final = b"SQLite format 3\0"
_BESIDE: Final = ("-wal", "-shm", "-journal")


@contextmanager
def open_source(source: Source) -> Generator[IO[bytes]]:
    """Open a source as a file that can be read more than once."""
    with ExitStack() as stack:
        file: IO[bytes]
        if isinstance(source, bytes):
            file = stack.enter_context(BytesIO(source))
        elif isinstance(source, str | PathLike):
            with reading_source():
                file = stack.enter_context(Path(source).open("rb"))
            if not file.seekable():
                file = stack.enter_context(_spooled(file))
        else:
            file = stack.enter_context(_spooled(source))
        yield file


@contextmanager
def _spooled(stream: IO[bytes]) -> Generator[IO[bytes]]:
    """Copy what a stream still holds; much of it goes to the disk."""
    with SpooledTemporaryFile(max_size=_SPOOL) as spool:
        with reading_source():
            copyfileobj(stream, spool, BLOCK)
        yield spool


@contextmanager
def replace_target(target: str | PathLike[str]) -> Generator[IO[bytes]]:
    """Open a draft that takes the target's place when the block ends without an exception."""
    with writing_target():
        path = Path(os.path.realpath(target))  # a link goes on pointing where it did
        if os.path.lexists(path) and not path.is_file():
            raise OSError(EINVAL, "It is not a regular file")
        if _is_database(path):  # a slip of the tongue must not put an export in the place of a salon
            raise InvalidValue("file-unwritable", field="target", reason="it is a SQLite database")
        draft = NamedTemporaryFile(dir=path.parent, prefix=".salon-crm-", delete=False)  # noqa: SIM115 - closed below
    try:
        yield draft
        with writing_target():
            draft.flush()
            os.fsync(draft.fileno())
            draft.close()
            Path(draft.name).replace(path)
    finally:
        with suppress(OSError):  # a disk that is full refuses to close too, and the draft is thrown away
            draft.close()
        Path(draft.name).unlink(missing_ok=True)


def _is_database(path: Path) -> bool:
    """Whether a file is a SQLite database, or what SQLite keeps beside one."""
    files = [path, *(path.with_name(path.name.removesuffix(end)) for end in _BESIDE if path.name.endswith(end))]
    for each in files:
        if each.is_file():
            with each.open("rb") as file:
                if file.read(len(_DATABASE)) == _DATABASE:
                    return True
    return False


def reading_source() -> AbstractContextManager[None]:
    """Turn what a source refuses into InvalidValue naming ``source``."""
    return _refusals("file-unreadable", "source", "a path, bytes or a binary stream")


def writing_target() -> AbstractContextManager[None]:
    """Turn what a target refuses into InvalidValue naming ``target``."""
    return _refusals("file-unwritable", "target", "a path or a binary stream")


@contextmanager
def _refusals(code: str, field: str, expected: str) -> Generator[None]:
    """Raise what a file or stream refuses as InvalidValue, without the path: it may name a person."""
    try:
        yield
    except (OSError, ValueError) as error:
        reason = isinstance(error, OSError) and error.strerror
        raise InvalidValue(code, field=field, reason=reason or "it is closed, or not open for this") from None
    except (AttributeError, TypeError) as error:
        raise InvalidValue("wrong-type", field=field, expected=expected) from error
