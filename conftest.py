"""Documents are executed: the Python of README.md, docs/**/*.md and the examples' pages, and doctests of docstrings.

A fenced ``python`` block of a document runs. What it prints must be, to the letter, the fenced ``text``
block that follows it with nothing but white space between; a block that none follows must print nothing.
The blocks of one document share one namespace, and the document runs in an empty folder of its own, so
that a file an example makes is thrown away. Blocks of every other language are left alone.
"""

import difflib
import io
import tempfile
from collections.abc import Generator, Iterator
from contextlib import ExitStack, chdir, contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from sybil import Document, Example, Region
from sybil.evaluators.python import PythonEvaluator
from sybil.example import SybilFailure
from sybil.parsers.markdown.lexers import FencedCodeBlockLexer

_UNWATCHED = (
    "examples",
    "tests/adapters/test_memory.py",
    "tests/stress",
    "tests/test_bench.py",
    "tests/testing/test_kit.py",
)
"""Where tests go the same ways as others, thousands of times: watched by coverage they would take twice as long.

The kit is watched on the stores in SQL, which have the most lines of their own.
"""

_DATABASE = "SALON_DATABASE"
"""What a page calls the address of a database."""

_fenced = FencedCodeBlockLexer(r"[^\n]*", mapping={"language": "language", "source": "source"})
_run = PythonEvaluator()


def _examples(document: Document) -> list[Region]:
    """Find the python blocks, and with each the output that the page shows for it."""
    examples: list[Region] = []
    for block in sorted(_fenced(document), key=lambda block: block.start):
        language = block.lexemes["language"].strip()
        if language == "python":
            block.parsed = block.lexemes["source"]
            block.lexemes["shown"] = ""
            block.evaluator = _check
            examples.append(block)
        elif language == "text" and examples and not document.text[examples[-1].end : block.start].strip():
            examples[-1].lexemes["shown"] = block.lexemes["source"]
        elif language.lower().startswith("py"):
            raise ValueError(f"{document.path}: ```{language} would not run; write ```python")
    return examples


def _check(example: Example) -> str | None:
    """Run a python block; return how its output differs from what the document shows, None where it does not."""
    with redirect_stdout(io.StringIO()) as output:
        _run(example)
    shown, printed = example.region.lexemes["shown"], output.getvalue()
    if printed == shown:
        return None
    lines = difflib.ndiff(shown.splitlines(keepends=True), printed.splitlines(keepends=True))
    return "the document shows (-), the code prints (+):\n" + "".join(lines)


@contextmanager
def _database() -> Generator[None]:
    """Let a page find a database where its reader would have one."""
    from tests.servers import running  # which needs psycopg, and a server only few pages ask for

    with running() as server, pytest.MonkeyPatch.context() as environment:
        environment.setenv(_DATABASE, server.url())
        yield


class _MarkdownFile(pytest.File):
    def collect(self) -> Iterator[pytest.Item]:
        document = Document.parse(str(self.path), _examples)
        if document.regions:
            yield _MarkdownItem.from_parent(self, name="runs", document=document)


class _MarkdownItem(pytest.Item):
    """A whole document: one test, because its blocks build on one another and tests run in any order."""

    def __init__(self, *, document: Document, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.document = document

    def runtest(self) -> None:
        self.document.namespace["__name__"] = "__main__"
        with ExitStack() as around:
            if _DATABASE in self.document.text:
                around.enter_context(_database())
            around.enter_context(chdir(around.enter_context(tempfile.TemporaryDirectory())))
            for example in self.document.examples():
                example.evaluate()

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, SybilFailure):
            return str(excinfo.value)
        excinfo.traceback = excinfo.traceback.cut(path=self.path)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.name


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Take the documents: README.md, and every page under docs and examples."""
    root = parent.config.rootpath
    shelves = {root / "docs", root / "examples"}
    if file_path == root / "README.md" or (file_path.suffix == ".md" and shelves & set(file_path.parents)):
        return _MarkdownFile.from_parent(parent, path=file_path)
    return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let coverage look away where nothing new is to be seen."""
    places = [config.rootpath / place for place in _UNWATCHED]
    for item in items:
        if any(item.path.is_relative_to(place) for place in places):
            item.add_marker(pytest.mark.no_cover)


@pytest.fixture(autouse=True)
def _docstrings_run_in_an_empty_folder(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    if isinstance(request.node, pytest.DoctestItem):
        monkeypatch.chdir(tmp_path_factory.mktemp("docstring"))
