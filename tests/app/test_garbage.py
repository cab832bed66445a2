import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

SCRIPT = """
import gc
from app.garbage import settle

class Ring:
    pass

kept = Ring()
lost = Ring()
lost.itself = lost
before = len(gc.get_objects())
del lost
settle()
assert not any(isinstance(one, Ring) for one in gc.get_objects()), "what is kept is out of the rounds"
assert gc.get_freeze_count() > before / 2
assert gc.isenabled()
again = Ring()
again.itself = again
del again
print(gc.collect())
"""


def test_what_is_there_is_left_alone_and_new_garbage_is_found() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert int(done.stdout) >= 1
