"""Coverage-guided fuzzing of the codecs with atheris, where that is installed.

``python -m tests.hostile.coverage <seconds> [folder]``. An input that brings out an error which is not ours
is written to the corpus as a sample for ever; mend the codec, keep the file.
"""

import hashlib
import importlib.util
import sys
import tempfile
import traceback
from pathlib import Path

MISSING = "atheris is not installed on this Python (pip install atheris); coverage-guided fuzzing is left out"


def available() -> bool:
    """Whether the fuzzer can be imported."""
    return importlib.util.find_spec("atheris") is not None


def fuzz(seconds: int, keep: Path) -> None:
    """Fuzz for some time; ends the process. Findings are written to ``keep`` and the run goes on."""
    atheris = importlib.import_module("atheris")

    with atheris.instrument_imports(include=["proxy_core"]):
        from tests.hostile import harness

        harness.dialects()
    seen: set[str] = set()

    def one(data: bytes) -> None:
        try:
            harness.exercise(data)
        except Exception as error:  # noqa: BLE001 - whatever comes out is a finding
            last = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"
            if where not in seen:
                seen.add(where)
                name = hashlib.sha256(data).hexdigest()[:12]
                (keep / f"{name}.bin").write_bytes(data)
                print(f"FOUND {where} → {name}.bin: {error}", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        for number, data in enumerate(harness.inputs()):
            (Path(folder) / str(number)).write_bytes(data)
        limits = [f"-max_total_time={seconds}", "-max_len=20000", "-timeout=20", "-rss_limit_mb=4096"]
        atheris.Setup([sys.argv[0], folder, *limits, "-print_final_stats=1", "-verbosity=0"], one)
        atheris.Fuzz()


if __name__ == "__main__":
    if not available():
        print(MISSING)
        sys.exit(0)
    fuzz(int(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parent / "corpus")
