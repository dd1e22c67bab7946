"""The labs' JavaScript that needs no browser, under node: charts, formats, the bridge, reading links."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from labs_py import api
from labs_py.spec import validate
from tests.unit import lab_fixture

ROOT = Path(__file__).resolve().parents[2]


def node() -> str:
    stamp = ROOT / ".venv" / "stage10-stamps" / "node"
    return os.environ.get("STAGE10_NODE") or (stamp.read_text().strip() if stamp.exists() else shutil.which("node"))


@pytest.mark.parametrize(
    "name",
    [
        "charts",
        "bridge",
        "kernel",
        "memory",
        "blocks",
        "step",
        "real",
        "kept",
        "moved",
        "due",
        "search",
        "views",
        "runtime_files",
    ],
)
def test_node_suite(name):
    done = subprocess.run(
        [node(), "--test", f"tests/unit/{name}.test.mjs"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "# pass 0" not in done.stdout


def test_the_kernels_are_built_from_their_source():
    """Where the compiler is; elsewhere the hash of the source stands in the node suite."""
    command = [sys.executable, "overrides/build/blocks_wasm.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 or done.returncode == 3 and "needed" in done.stderr, done.stderr


LINKS = [
    "?rank=-3&seed=abc&size=99999&x=<script>",
    "?rank=6&size=4",
    "?rank=2.4&share=0.26&rate=5",
    "?kind=b&loud=1&seed=7",
    "?kind=zzz&loud=maybe&seed=-1",
    "?rank=&size=%20&rate=1e-9",
    "?rank=1e400&seed=99999999999",
    "?words=secret&picks=1&train=true",
    "?" + "rank=3&" * 400,
]

READ = """
import { readFileSync } from "node:fs";
globalThis.localStorage = undefined;
const { fromQuery, toQuery } = await import("./overrides/labs/state.js");
const { spec, links } = JSON.parse(readFileSync(0, "utf8"));
const read = (link) => { const out = fromQuery(spec, link); return { ...out, query: toQuery(spec, out.params) }; };
console.log(JSON.stringify(links.map(read)));
"""


def read_links(spec, links):
    """What the page makes of some query strings."""
    done = subprocess.run(
        [node(), "--input-type=module", "-e", READ],
        cwd=ROOT,
        input=json.dumps({"spec": spec.to_json(), "links": links}),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_links_are_read_as_python_reads_them():
    spec = lab_fixture.SPEC
    for link, read in zip(LINKS, read_links(spec, LINKS), strict=True):
        legal, errors = validate(spec, read["params"])
        assert legal == read["params"] and errors == [], link
        pairs = [pair.split("=", 1) for pair in link[1:].split("&") if "=" in pair]
        linked = {name: value.replace("%20", " ") for name, value in pairs if name not in ("words", "picks", "train")}
        if len(link) <= 2048:
            assert read["params"] == validate(spec, linked)[0], link
    assert len(read_links(spec, [LINKS[0]])[0]["messages"]) == 4


def test_a_link_written_from_settings_reads_as_those_settings():
    for slug in api.list_labs():
        spec = api.spec(slug)
        wanted = [{k: v for k, v in preset.params.items() if k != "train"} for preset in spec.presets]
        settings = [validate(spec, params)[0] for params in wanted]
        linked = {p.name for p in spec.params if p.kind not in ("text", "file", "picks") and p.name != "train"}
        queries = ["?" + "&".join(f"{name}={legal[name]}" for name in linked) for legal in settings]
        for legal, again in zip(settings, read_links(spec, queries) if queries else [], strict=True):
            assert {name: again["params"][name] for name in linked} == {name: legal[name] for name in linked}
            assert len(again["query"]) < 2048


def test_many_unknown_names_are_one_short_sentence_and_where_one_came_from_is_none():
    many = "?" + "&".join(f"x{i}=1" for i in range(250))
    crowd, tracked, rank = read_links(
        lab_fixture.SPEC, [many, "?utm_source=mail&utm_campaign=a&fbclid=1&rank=3", "?size=4&rank=99"]
    )
    assert len(crowd["messages"]) == 1 and len(crowd["messages"][0]) < 200 and "247 more" in crowd["messages"][0]
    assert tracked["messages"] == [] and tracked["params"]["rank"] == 3
    assert rank["params"]["rank"] == 4 and len(rank["messages"]) == 1
    assert "4 is used" in rank["messages"][0] and "16" not in rank["messages"][0]
