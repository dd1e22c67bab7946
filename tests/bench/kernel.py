"""Step time of the tiny GPT in the browser's Python, with the SIMD kernel as a share of numpy's: ``kernel.py``.

Node runs the built runtime; numpy and kernel take turns, so that a slow moment of the machine meets both. Fails
above the limit; prints one JSON object as its last line.
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "site")]

import built_runtime  # noqa: E402

AIM, LIMIT, WARM, ROUNDS = 0.20, 0.25, 5, 15
STEPS = f"""
import json, time
import numpy as np
from labs_py.core import products, tiny_gpt
kernel = products._kernel[0]
shape = tiny_gpt.Shape()
rng, d = np.random.default_rng(0), shape.width
sizes = {{"tokens": (shape.vocabulary, d), "positions": (shape.context, d), **tiny_gpt.linear_sizes(shape)}}
weights = {{name: (0.05 * rng.normal(size=size)).astype(np.float32) for name, size in sizes.items()}}
for name in ("norm", *(f"layers.{{i}}.norm{{j}}" for i in range(shape.layers) for j in (1, 2))):
    weights[name] = np.ones(d, np.float32)
tokens, targets = rng.integers(0, shape.vocabulary, (10, 68)), rng.integers(0, shape.vocabulary, (10, 68))
targets[:, :60] = tiny_gpt.IGNORED  # the prompt, as in the lab's default
found, losses = {{}}, {{}}
for kind, adapter in (("lora", tiny_gpt.start_adapter(shape, 4, 0)), ("full", None)):
    times = {{"numpy": [], "kernel": []}}
    for _ in range({WARM + ROUNDS}):
        for name, chosen in (("numpy", None), ("kernel", kernel)):
            products.use(chosen)
            began = time.perf_counter()
            loss, gradients = tiny_gpt.step(shape, weights, adapter, 2.0, tokens, targets)
            tiny_gpt.Adam(adapter or weights, 0.0).update(gradients)
            times[name].append(time.perf_counter() - began)
            losses[kind, name] = loss
    found[kind] = times
    assert abs(losses[kind, "numpy"] - losses[kind, "kernel"]) < 1e-4, losses
json.dumps(found)
"""


def ratios(times: dict[str, list[float]]) -> list[float]:
    """Kernel's time over numpy's, round by round, once the engine has compiled both well."""
    return [fast / slow for slow, fast in zip(times["numpy"][WARM:], times["kernel"][WARM:], strict=True)]


def main() -> int:
    """Measure, print, judge."""
    found = json.loads(built_runtime.run_node("", "--python", STEPS))
    broken = False
    for kind, times in found.items():
        ms = {name: round(1000 * statistics.median(values), 1) for name, values in times.items()}
        share = statistics.median(ratios(times))
        broken |= share > LIMIT
        print(f"{kind:6} {ms} ms a step; share {share:.3f}, aim {AIM}, limit {LIMIT}")
    lora = ratios(found["lora"])
    last = {"name": "kernel_step", "ratio": statistics.median(lora), "ratios": lora, "n": len(lora)}
    print(json.dumps(last | {"unit": "of numpy's step"}))
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
