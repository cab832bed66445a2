"""The embedding example of the README, run as it stands but for the port."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_embedding_example_runs(tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.+?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert len([line for line in example.splitlines() if line.strip()]) <= 15
    script = tmp_path / "example.py"
    # the environment's own override is not read by an embedded core, so the default port is replaced here
    free = example.replace("settings=Settings()", "settings=parse({'server': {'port': 0}}, {})")
    script.write_text("from proxy_core.settings import parse\n" + free, "utf-8")
    done = subprocess.run(
        [sys.executable, str(script)],
        env={"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+ tl-\S+ \['demo-echo'.*\]\n", done.stdout)
    assert done.stderr == ""
