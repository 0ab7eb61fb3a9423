"""The convention of the root conftest.py, by which documents are executed and the output they show is checked."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

CONVENTION = Path(__file__).parents[1] / "conftest.py"


def fenced(language: str, *lines: str) -> str:
    return "\n".join([f"```{language}", *lines, "```", ""])


class Project:
    """A project that has documents, and the convention."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self._pytester = pytester
        self.folder = pytester.path
        pytester.makeconftest(CONVENTION.read_text(encoding="utf-8"))
        pytester.makeini("[pytest]\naddopts = --import-mode=importlib --doctest-modules\nfilterwarnings = error\n")

    def write(self, name: str, *blocks: str) -> None:
        page = self.folder / name
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text("\n".join(["# A page", "", *blocks]), encoding="utf-8")

    def run(self) -> pytest.RunResult:
        return self._pytester.runpytest_inprocess()


@pytest.fixture
def project(pytester: pytest.Pytester) -> Project:
    return Project(pytester)


def test_code_that_prints_what_the_page_shows_passes(project: Project) -> None:
    project.write("README.md", fenced("python", "print(1 + 1)"), fenced("text", "2"))
    project.run().assert_outcomes(passed=1)


def test_code_that_prints_something_else_fails_and_both_are_shown(project: Project) -> None:
    project.write("README.md", fenced("python", "print(1 + 1)"), fenced("text", "3"))
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*README.md, line 3*", "- 3", "+ 2"])


def test_output_that_differs_in_white_space_only_fails(project: Project) -> None:
    project.write("README.md", fenced("python", "print(1, 2)"), fenced("text", "1  2"))
    project.run().assert_outcomes(failed=1)


def test_output_that_the_page_does_not_show_fails(project: Project) -> None:
    project.write("README.md", fenced("python", "print(1)"))
    project.run().assert_outcomes(failed=1)


def test_output_shown_for_code_that_prints_nothing_fails(project: Project) -> None:
    project.write("README.md", fenced("python", "n = 1"), fenced("text", "1"))
    project.run().assert_outcomes(failed=1)


def test_a_text_block_after_a_sentence_is_not_the_output_of_the_code_before_it(project: Project) -> None:
    project.write("README.md", fenced("python", "print(1)"), "This is it:\n", fenced("text", "1"))
    project.write("docs/drawing.md", fenced("python", "n = 1"), "A drawing:\n", fenced("text", "--->"))
    project.run().assert_outcomes(passed=1, failed=1)


def test_an_exception_fails_at_its_line_of_the_page(project: Project) -> None:
    project.write("README.md", fenced("python", "n = 1", "raise LookupError('lost')"))
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*README.md:5: LookupError"])


def test_a_warning_fails_as_it_does_in_any_test(project: Project) -> None:
    project.write("README.md", fenced("python", "import warnings", "warnings.warn('old')"))
    project.run().assert_outcomes(failed=1)


def test_the_blocks_of_a_page_build_on_one_another_in_the_order_they_stand(project: Project) -> None:
    counting = [fenced("python", f"assert n == {n}", "n += 1") for n in range(12)]
    project.write("README.md", fenced("python", "n = 0"), *counting)
    project.run().assert_outcomes(passed=1)


def test_pages_share_no_names_and_no_files(project: Project) -> None:
    alone = fenced("python", "assert 'n' not in globals()", "n = 1", "open('salon.db', 'xb').close()")
    project.write("docs/how-to/one.md", alone)
    project.write("docs/how-to/two.md", alone)
    project.run().assert_outcomes(passed=2)
    assert not list(project.folder.rglob("salon.db"))


def test_other_languages_are_left_alone(project: Project) -> None:
    project.write("README.md", fenced("bash", "exit 1"), fenced("toml", "!"), fenced("", "raise"))
    project.run().assert_outcomes()


@pytest.mark.parametrize("fence", ["py", "Python", "python3", "pycon", "python title=x"])
def test_a_fence_that_looks_like_python_and_would_not_run_is_an_error(project: Project, fence: str) -> None:
    project.write("README.md", fenced(fence, "n = 1"))
    project.run().assert_outcomes(errors=1)


def test_pages_elsewhere_are_left_alone(project: Project) -> None:
    project.write("CHANGELOG.md", fenced("python", "raise LookupError"))
    project.run().assert_outcomes()


def test_examples_in_docstrings_run_in_an_empty_folder(project: Project) -> None:
    module = '"""A module.\n\n>>> open("salon.db", "xb").close()\n"""\n'
    for name in ("one.py", "two.py"):
        (project.folder / name).write_text(module, encoding="utf-8")
    project.run().assert_outcomes(passed=2)
    assert not list(project.folder.rglob("salon.db"))


def test_a_wrong_example_in_a_docstring_fails(project: Project) -> None:
    (project.folder / "salon.py").write_text('"""A module.\n\n>>> 1 + 1\n3\n"""\n', encoding="utf-8")
    project.run().assert_outcomes(failed=1)
