"""The page on storages is followed to the letter: its code, put together as it says, passes the kit."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests import unwatched

PAGE: Final = Path(__file__).parents[1] / "docs" / "how-to" / "plug-in-your-storage.md"
_BLOCK: Final = re.compile(r"^```python\n(.*?)^```\n(\s*```text\n)?", re.DOTALL | re.MULTILINE)


def put_together(page: str) -> tuple[str, str]:
    """Return the two files a reader ends with: the blocks that print nothing, and the first that tests them."""
    silent = [code for code, output in _BLOCK.findall(page) if not output]
    store = [code for code in silent if "StoreConformance" not in code]
    return "\n\n".join(store), next(code for code in silent if "(StoreConformance)" in code)


def test_what_the_page_builds_passes_the_kit(tmp_path: Path) -> None:
    store, test = put_together(PAGE.read_text(encoding="utf-8"))
    (tmp_path / "my_store.py").write_text(store, encoding="utf-8")
    (tmp_path / "test_my_store.py").write_text(test, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_my_store.py"]
    ran = subprocess.run(
        command, cwd=tmp_path, env=unwatched.environment(), capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    passed, skipped = (int(re.findall(rf"(\d+) {word}", ran.stdout)[0]) for word in ("passed", "skipped"))
    assert passed > 5 * skipped
