"""How soon the first layer is there: `import cornu` and a Dense layer beside `import jax` alone, in turn.

python benchmarks/startup.py [--rounds 7]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys

_PROGRAM = """
import time
start = time.perf_counter()
import jax
jax_done = time.perf_counter()
import cornu
cornu.layers.Dense(10)
print(jax_done - start, time.perf_counter() - jax_done)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    runs = []
    for _ in range(args.rounds):
        done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
        runs.append([float(seconds) for seconds in done.stdout.split()])
    jax, ours = (statistics.median(column) for column in zip(*runs, strict=True))
    print(f"import jax {jax:.3f} s; then import cornu and the first layer {ours:.3f} s ({ours / jax:.2f} of it)")


if __name__ == "__main__":
    main()
