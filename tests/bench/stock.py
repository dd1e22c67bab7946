"""The thing that our start-up is measured against: Pyodide as it comes, used as its own guide shows.

Stock files, packages loaded one after the other by ``loadPackage``, sources instead of bytecode, in a module worker.
"""

from __future__ import annotations

import shutil
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "overrides" / "build")]

import runtime_labs  # noqa: E402

LAB = "lora"
PYODIDE = ROOT / "node_modules" / "pyodide"
FILES = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
WHEEL = "labs_py-0.0.0-py3-none-any.whl"

STOCK_WORKER = """
import { loadPyodide } from './pyodide.mjs';
const base = new URL('./', import.meta.url).href;
const python = await loadPyodide({ indexURL: base });
await python.loadPackage('numpy');
await python.loadPackage(base + '%(wheel)s');
const frame = python.runPython(`
import json
from labs_py import api
frame = next(api.run('lora', {}))
[[a["data"] for a in frame["arrays"].values()], json.dumps(frame["scalars"])]`);
const arrays = frame.get(0).toJs();
postMessage({ scalars: JSON.parse(frame.get(1)), arrays }, arrays.map((array) => array.buffer));
"""

STOCK_PAGE = """<!doctype html><meta charset="utf-8"><title>stock</title><script type="module">
globalThis.firstResult = () => new Promise((resolve, reject) => {
  const started = performance.now();
  const worker = new Worker('worker.mjs', { type: 'module' });
  worker.onerror = (event) => reject(new Error(event.message));
  worker.onmessage = () => resolve(performance.now() - started);
});
</script>"""

OUR_PAGE = """<!doctype html><meta charset="utf-8"><title>ours</title><script type="module">
globalThis.firstResult = () => new Promise((resolve, reject) => {
  const base = new URL('%(runtime)s', location.href).href;
  const manifest = %(manifest)s;
  const started = performance.now();
  const worker = new Worker('%(worker)s', { type: 'module' });
  worker.onerror = (event) => reject(new Error(event.message));
  worker.onmessage = ({ data }) => {
    if (data.type === 'boot-failed' || data.type === 'failed') reject(new Error(JSON.stringify(data)));
    const run = { type: 'run', id: 1, generation: 1, slug: 'lora', params: {}, files: [] };
    if (data.type === 'ready') worker.postMessage(run);
    if (data.type === 'frame') resolve(performance.now() - started);
  };
  worker.postMessage({ type: 'boot', base, manifest, slug: 'lora', files: [] });
});
</script>"""


def make_stock_page(folder: Path, numpy_wheel: Path) -> None:
    """Write the stock page, its worker, and everything that it loads."""
    folder.mkdir(parents=True)
    for name in FILES:
        shutil.copy(PYODIDE / name, folder / name)
    shutil.copy(numpy_wheel, folder / numpy_wheel.name)
    with zipfile.ZipFile(folder / WHEEL, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name in sorted(files_of_the_lab()):
            wheel.write(ROOT / name, name)
        info = WHEEL.rsplit("-", 3)[0] + ".dist-info"
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: labs-py\nVersion: 0.0.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    (folder / "worker.mjs").write_text(STOCK_WORKER % {"wheel": WHEEL})
    (folder / "index.html").write_text(STOCK_PAGE)


def files_of_the_lab() -> set[str]:
    """Sources that the measured lab needs: the stock page carries no other lab either."""
    sources = {str(path.relative_to(ROOT)): path.read_text() for path in (ROOT / "labs_py").rglob("*.py")}
    return runtime_labs.shared_files(sources) | runtime_labs.lab_files(sources, LAB)


def make_our_page(folder: Path, site: Path, prefix: str) -> None:
    """Write a page that starts the built site's own worker and asks it for the LoRA Lab's first frame."""
    folder.mkdir(parents=True)
    worker = next((site / "assets" / "labs").glob("worker*.js"))
    words = {
        "runtime": f"{prefix}assets/runtime/",
        "worker": f"{prefix}assets/labs/{worker.name}",
        "manifest": (site / "assets" / "runtime" / "manifest.json").read_text(),
    }
    (folder / "index.html").write_text(OUR_PAGE % words)
