"""What peers are made of, fetched once by whoever measures them: pinned with hashes in
`parts/NAME.txt`, in a folder of its own, never among the server's."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.serving import ROOT

HERE = Path(__file__).parent / "parts"


def fetched(name: str) -> Path:
    """Where the packages of `parts/NAME.txt` lie: a folder for PYTHONPATH."""
    pins = HERE / f"{name}.txt"
    place = ROOT / ".venv" / "bench" / name
    stamp, wanted = place / ".stamp", hashlib.sha256(pins.read_bytes()).hexdigest()
    if not stamp.is_file() or stamp.read_text() != wanted:
        print(f"Fetching {name} (once) ...", file=sys.stderr)
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run(
            [
                ROOT / ".venv/bin/uv", "pip", "install", "-q", "--python", sys.executable,
                "--require-hashes", "--target", place, "-r", pins,
            ],
            check=True,
        )  # fmt: skip
        stamp.write_text(wanted)
    return place
