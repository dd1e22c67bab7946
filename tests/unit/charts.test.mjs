// Pure functions of the labs' charts, under node: ordinary data and the data that breaks charts.
import assert from "node:assert/strict";
import test from "node:test";
import { inflateSync } from "node:zlib";

import { drawFigure, drawParts } from "../../overrides/labs/charts/index.js";
import { encode, shrink } from "../../overrides/labs/charts/png.js";
import { toCsv } from "../../overrides/labs/export.js";
import { literal } from "../../overrides/labs/export.js";
import { number, scalar } from "../../overrides/labs/format.js";
import { html } from "../../overrides/labs/html.js";
import { highlight } from "../../overrides/labs/view/code.js";
import { readAnswer } from "../../overrides/labs/numbers.js";
import { judge } from "../../overrides/labs/page/predict.js";

const SPEC = { slug: "t", run_label: "Train" };
const KINDS = ["line", "bars", "histogram", "scatter", "tokens", "heatmap"];
const frameOf = (arrays, texts = {}) => ({ params: { rank: 4 }, scalars: {}, texts,
  arrays: Object.fromEntries(Object.entries(arrays).map(([name, data]) => [name, { shape: [data.length], data }])) });
const chartOf = (kind, extra = {}) => ({ name: "c", title: "A <b> title", kind, x_label: "x", y_label: "y", markers: [["rank", "rank r"]],
  series: [{ array: "y", label: "values", x: null, role: kind === "line" ? "line" : "bars", low: null, high: null, kept: null }], ...extra });

const HOSTILE = {
  ordinary: [3, 1, 2], empty: [], "one point": [5], "not numbers": [NaN, NaN], "some not numbers": [1, NaN, 3, Infinity, -Infinity],
  zeros: [0, 0, 0], equal: [2, 2, 2], negative: [-3, -1], huge: [1e300, -1e300], tiny: [1e-300, 2e-300],
  many: Array.from({ length: 10_000 }, (_, i) => Math.sin(i / 50)),
};

for (const kind of KINDS) {
  for (const [name, y] of Object.entries(HOSTILE)) {
    for (const logs of [{}, { y_log: true }, { x_log: true, y_log: true }]) {
      test(`${kind} of ${name} data${logs.y_log ? " on log axes" : ""}${logs.x_log ? ", x too" : ""} is drawn without a bad number`, () => {
        const text = drawFigure(chartOf(kind, logs), frameOf({ y }), SPEC).text;
        assert.doesNotMatch(text.replace(/aria-label="[^"]*"/g, ""), /NaN|Infinity|undefined/);
        assert.doesNotMatch(text, /<b>/);
        assert.ok(text.length < 700_000, `${text.length} characters`);
        if (y.length) assert.match(text, /role="img" aria-label="A &lt;b&gt; title: /);
      });
    }
  }
}

test("a long line is thinned but keeps its spike", () => {
  const y = Array.from({ length: 10_000 }, (_, i) => (i === 6543 ? 100 : 0));
  const text = drawFigure(chartOf("line"), frameOf({ y }), SPEC).text;
  const path = text.match(/class="lab-line" d="([^"]*)"/)[1];
  assert.ok(path.length < 40_000);
  assert.ok(path.split(/[ML]/).some((point) => Number(point.split(",")[1]) < 40), "the spike is gone");
});

test("a line breaks where a value is missing and where a log axis has no place for it", () => {
  const gap = drawFigure(chartOf("line"), frameOf({ y: [1, NaN, 3, 4] }), SPEC).text.match(/class="lab-line" d="([^"]*)"/)[1];
  assert.equal(gap.match(/M/g).length, 2);
  const log = drawFigure(chartOf("line", { y_log: true }), frameOf({ y: [1, 0, 100, 10] }), SPEC).text.match(/class="lab-line" d="([^"]*)"/)[1];
  assert.equal(log.match(/M/g).length, 2);
});

test("dropped bars are hatched and the legend says so", () => {
  const chart = chartOf("bars");
  chart.series[0].kept = "kept";
  const text = drawFigure(chart, frameOf({ y: [3, 2, 1], kept: [1, 0, 0] }), SPEC).text;
  assert.equal(text.match(/class="dropped"/g).length, 2);
  assert.match(text, /style="--hatch: url\(#t-c-h0\)"/);
  assert.match(text, /dropped<\/span>/);
});

test("error bars, bands, markers and token words are drawn", () => {
  const chart = chartOf("bars", { tokens: "words" });
  Object.assign(chart.series[0], { low: "low", high: "high" });
  const text = drawFigure(chart, frameOf({ y: [1, -2], low: [0, -3], high: [2, -1] }, { words: '["<i>", "a very long word indeed it is"]' }), SPEC).text;
  assert.equal(text.match(/lab-whisker/g).length, 2);
  assert.match(text, /&lt;i&gt;/);
  assert.doesNotMatch(text, /<i>/);
  const band = chartOf("line");
  Object.assign(band.series[0], { role: "band", low: "low", high: "high" });
  const drawn = drawFigure(band, frameOf({ y: [1, 2, 3], low: [0, 1, 2], high: [2, 3, 4] }), SPEC).text;
  assert.match(drawn, /lab-band" d="M/);
  assert.match(drawn, /lab-marker/);
});

test("code levels of a histogram stand at their positions", () => {
  const chart = chartOf("histogram");
  chart.series[0].x = "edges";
  chart.series.push({ array: "none", x: "levels", label: "levels", role: "steps" });
  const text = drawFigure(chart, frameOf({ y: [1, 4], edges: [0, 1, 2], levels: [0.5, 1.5, 1.9] }), SPEC).text;
  assert.equal(text.match(/<g class="c2 lab-levels">(.*?)<\/g>/)[1].match(/<path/g).length, 3);
});

test("a live chart without its arrays says which button fills it", () => {
  const parts = drawParts(chartOf("line", { live: true }), frameOf({}), SPEC);
  assert.ok(parts.empty);
  assert.match(parts.plot.text, /Press \u201cTrain\u201d/);
});

function pixelsOf(uri) {
  const bytes = Buffer.from(uri.split(",")[1], "base64");
  const at = bytes.indexOf("IDAT");
  return inflateSync(bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at - 4)));
}

test("a heatmap is one PNG with the sign in the palette's half", () => {
  const uri = encode([1, -1, 0, NaN, 0.5, 9], 2, 3, 1);
  assert.deepEqual([...pixelsOf(uri)], [0, 30, 0, 15, 0, 15, 23, 30]);
  const text = drawFigure(chartOf("heatmap"), { ...frameOf({}), arrays: { y: { shape: [2, 3], data: [3, 4, 0, 0, 0, 1] } } }, SPEC).text;
  assert.equal(text.match(/<image /g).length, 1);
  assert.match(text, /<td>5<\/td>/); // the norm of (3, 4, 0)
});

test("large matrices shrink to 64 cells a side and keep their energy", () => {
  const data = Float64Array.from({ length: 200 * 100 }, (_, i) => Math.cos(i));
  const { cells, rows, columns } = shrink(data, 200, 100);
  assert.deepEqual([rows, columns], [64, 64]);
  const mean = (list) => list.reduce((sum, x) => sum + x * x, 0) / list.length;
  assert.ok(Math.abs(mean(cells) / mean(data) - 1) < 0.05);
});

test("two heatmaps can share a colour scale", () => {
  const frame = { ...frameOf({}), arrays: { y: { shape: [1, 1], data: [1] }, big: { shape: [1, 1], data: [4] } } };
  const uri = (chart) => drawFigure(chart, frame, SPEC).text.match(/href="([^"]*)"/)[1];
  assert.equal(pixelsOf(uri(chartOf("heatmap")))[1], 30);
  assert.equal(pixelsOf(uri(chartOf("heatmap", { scale_from: "big" })))[1], 19);
});

test("factors stand beside their product to its scale, and its neighbours keep its size", () => {
  const zeros = (rows, columns) => ({ shape: [rows, columns], data: new Array(rows * columns).fill(1) });
  const frame = { ...frameOf({}), arrays: { y: zeros(8, 8), b: zeros(8, 2), a: zeros(2, 8) } };
  const sizes = (chart) => [...drawFigure(chart, frame, SPEC).text.matchAll(/<image x="(.*?)" y="(.*?)" width="(.*?)" height="(.*?)"/g)].map(
    (found) => found.slice(1).map(Number));
  const chart = chartOf("heatmap", { room_for: "b" });
  const alone = sizes(chart);
  chart.series = [...chart.series, { array: "b", label: "B", role: "left" }, { array: "a", label: "A", role: "above" }];
  const [[x, y, wide, high], b, a] = sizes(chart);
  assert.deepEqual([[x, y, wide, high]], alone);
  assert.deepEqual([b[2], b[3], a[2], a[3]], [wide / 4, high, wide, high / 4]);
  assert.ok(b[0] + b[2] < x && b[1] === y && a[1] + a[3] < y && a[0] === x);
  assert.ok(b[0] >= 0 && a[1] >= 0);
});

test("two series stand as mirror images about their words", () => {
  const chart = { ...chartOf("tokens", { tokens: "words", mirror: true, y_zero: true }),
    series: [{ array: "p", label: "teacher", role: "bars" }, { array: "q", label: "student", role: "bars" }] };
  const frame = { ...frameOf({ p: [0.5, 0.25], q: [0.25, 0.5] }), texts: { words: '["a", "b"]' } };
  const text = drawFigure(chart, frame, SPEC).text;
  const [, wide] = text.match(/class="lab-svg" viewBox="0 0 (\d+)/).map(Number);
  const bars = [...text.slice(text.indexOf('viewBox="0 0 ' + wide)).matchAll(/<rect x="(.*?)" y="(.*?)" width="(.*?)"/g)].map((found) => found.slice(1).map(Number));
  const [left, , , right] = bars; // the teacher's of "a", the student's of "b": equally likely
  assert.equal(bars.length, 4);
  assert.ok(Math.abs(left[0] + left[2] / 2 + right[0] + right[2] / 2 - wide) < 30 && Math.abs(left[2] - right[2]) < 25);
  assert.ok(left[0] + left[2] <= wide / 2 - 59 && right[0] >= wide / 2 + 59);
  assert.equal(bars[0][1], bars[2][1]); // one row for both
});

test("CSV holds the whole matrix of a heatmap and the columns of other charts", () => {
  const frame = { ...frameOf({ v: [1, 2] }), arrays: { y: { shape: [2, 2], data: [1, 2, 3, 4] }, v: { shape: [2], data: [5, 6] } } };
  assert.equal(toCsv(chartOf("heatmap"), frame), "1,2\n3,4");
  const chart = chartOf("line");
  chart.series[0].array = "v";
  assert.equal(toCsv(chart, frame), '"x","values"\n1,5\n2,6');
});

test("numbers read well", () => {
  assert.equal(number(0), "0");
  assert.equal(number(NaN), "not defined");
  assert.equal(number(1234567), "1.23\u00d710\u2076");
  assert.equal(number(-0.12345678), "\u22120.1235");
  assert.equal(scalar(1327104, { format: "count" }), "1,327,104");
  assert.equal(scalar(590000, { format: "bytes" }), "590 kB");
  assert.equal(scalar(0.87, { format: "percent" }), "87%");
  assert.equal(scalar(null, {}), "not defined");
});

test("templates and code colouring escape everything", () => {
  assert.equal(html`<a title="${'"><script>'}">${["<", html`<b>x</b>`]}</a>`.text, '<a title="&quot;&gt;&lt;script&gt;">&lt;<b>x</b></a>');
  const text = highlight('x = "<img src=x onerror=alert(1)>" # <b>\nfor y in <i>').text;
  assert.doesNotMatch(text, /<(?!\/?span)/);
});

test("answers are read as people write them, and judged", () => {
  const asked = { percent: { format: "percent" }, whole: { format: "integer" }, unit: { unit: "percent" }, plain: {} };
  const cases = [["1,327,104", "plain", 1327104], ["12%", "percent", 0.12], ["0,55", "percent", 0.55], ["30", "percent", 0.3], ["0.5%", "percent", 0.005],
    ["1 000", "whole", 1000], ["1,306", "whole", 1306], ["1e-3", "plain", 0.001], ["49%", "unit", 49], ["49%", "plain", 0.49]];
  for (const [text, how, value] of cases) assert.deepEqual(readAnswer(text, asked[how]), { value }, text);
  for (const [text, how] of [["", "plain"], ["many", "plain"], ["1", "percent"], ["1,306", "plain"], ["49%", "whole"]]) {
    assert.ok(readAnswer(text, asked[how]).ask.length > 10, text);
  }
  assert.ok(judge({ tolerance: 0.25 }, 80, 100).right && !judge({ tolerance: 0.25 }, 60, 100).right);
  assert.ok(!judge({ tolerance: 5, choices: [[1, "a"]] }, 2, 1).right);
});

test("Python literals", () => {
  assert.equal(literal({ a: [1, true, null, NaN], "q\"": "x\ny" }), '{"a": [1, True, None, float("nan")], "q\\"": "x\\ny"}');
});
