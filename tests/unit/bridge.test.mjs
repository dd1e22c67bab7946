// The bridge with a worker that obeys the test: generations, coalescing, time-outs, replacement.
import assert from "node:assert/strict";
import test from "node:test";

import { Bridge } from "../../overrides/labs/bridge.js";

class FakeWorker {
  sent = [];
  ended = false;
  postMessage(message) { this.sent.push(message); }
  terminate() { this.ended = true; }
  tell(message) { this.onmessage({ data: message }); }
  of(type) { return this.sent.filter((message) => message.type === type); }
  frame(id, generation, value, final = true) {
    this.tell({ type: "frame", id, generation, final, numbers: new Float32Array([value]),
      header: JSON.stringify({ params: {}, scalars: {}, texts: {}, errors: [], arrays: { y: { shape: [1], offset: 0, length: 1 } } }) });
  }
}

function setUp(settings = {}) {
  const workers = [];
  const bridge = new Bridge({ base: "/", manifest: {}, settings: { bootSilence: 300, runSilence: 300, ...settings }, makeWorker: () => workers[workers.push(new FakeWorker()) - 1] });
  return { bridge, workers };
}

function recorder() {
  const log = [];
  return { log, frame: (frame) => log.push(frame.arrays.y.data[0]), done: (stopped) => log.push(stopped ? "stopped" : "done"),
    failed: (failure) => log.push(failure.kind) };
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test("requests wait for the boot, and only the latest is sent", () => {
  const { bridge, workers } = setUp();
  for (const rank of [1, 2, 3]) bridge.request({ slug: "a", params: { rank } }, recorder());
  assert.equal(workers[0].of("run").length, 0);
  workers[0].tell({ type: "ready", milliseconds: 1 });
  assert.deepEqual(workers[0].of("run").map((message) => message.params.rank), [3]);
});

test("a reply to an overtaken request is dropped, and the newer one follows", () => {
  const { bridge, workers: [worker] } = setUpBooted();
  const [first, second] = [recorder(), recorder()];
  bridge.request({ slug: "a", params: {} }, first);
  bridge.request({ slug: "a", params: {} }, second);
  const [{ id, generation }] = worker.of("run");
  assert.equal(worker.of("cancel")[0].id, id);
  worker.frame(id, generation, 7);
  assert.deepEqual(first.log, []);
  const next = worker.of("run")[1];
  worker.frame(next.id, next.generation, 8);
  assert.deepEqual(second.log, [8, "done"]);
});

test("a run that has shown something gives way at once to the next place of a drag", () => {
  const { bridge, workers: [worker] } = setUpBooted();
  const [first, second, third] = [recorder(), recorder(), recorder()];
  bridge.request({ slug: "a", params: {}, gesture: "drag rank" }, first);
  bridge.request({ slug: "a", params: {}, gesture: "drag rank" }, second);
  assert.equal(worker.of("cancel").length, 0); // nothing of it was seen yet, and it is young
  const [{ id, generation }] = worker.of("run");
  worker.frame(id, generation, 7, false);
  bridge.request({ slug: "a", params: {}, gesture: "drag rank" }, third);
  assert.deepEqual(worker.of("cancel").map((message) => message.id), [id]);
});

test("each request ends with exactly one word, also when it was overtaken before Python ran or by a stop", () => {
  const { bridge } = setUp();
  const logs = [];
  const ask = () => {
    const log = recorder();
    logs.push(log.log);
    bridge.request({ slug: "a", params: {} }, { ...log, overtaken: () => log.log.push("overtaken") });
  };
  ask();
  ask();
  assert.deepEqual(logs, [["overtaken"], []]);
  bridge.stop();
  assert.deepEqual(logs, [["overtaken"], ["stopped"]]);
});

test("a reply that comes after newer settings were asked for ends its request as overtaken", () => {
  const { bridge, workers: [worker] } = setUpBooted();
  const logs = [recorder(), recorder(), recorder()];
  const ask = (log) => bridge.request({ slug: "a", params: {} }, { ...log, overtaken: () => log.log.push("overtaken") });
  ask(logs[0]);
  ask(logs[1]);
  const [{ id, generation }] = worker.of("run");
  worker.frame(id, generation, 7);
  assert.deepEqual(logs[0].log, ["overtaken"]);
  ask(logs[2]);
  const sent = worker.of("run")[1];
  worker.tell({ type: "failed", id: sent.id, error: { kind: "error", message: "no" } });
  assert.deepEqual(logs[1].log, ["overtaken"]);
  bridge.stop();
  worker.tell({ type: "stopped", id: worker.of("run")[2].id });
  assert.deepEqual(logs[2].log, ["stopped"]);
});

function setUpBooted(settings) {
  const all = setUp(settings);
  all.bridge.boot();
  all.workers[0].tell({ type: "ready", milliseconds: 1 });
  return all;
}

test("frames of one drag all show, and one request flies at a time", () => {
  const { bridge, workers: [worker] } = setUpBooted();
  const log = recorder();
  for (const rank of [1, 2, 3]) bridge.request({ slug: "a", params: { rank }, gesture: "drag rank" }, log);
  assert.equal(worker.of("run").length, 1);
  worker.frame(worker.of("run")[0].id, 1, 1);
  assert.deepEqual(worker.of("run").map((message) => message.params.rank), [1, 3]);
  worker.frame(worker.of("run")[1].id, 1, 3);
  assert.deepEqual(log.log, [1, "done", 3, "done"]);
});

test("stop: later frames are dropped, and a worker that does not hear is replaced", async () => {
  const { bridge, workers } = setUpBooted({ stopPatience: 20 });
  const log = recorder();
  bridge.request({ slug: "a", params: {} }, log);
  const [{ id, generation }] = workers[0].of("run");
  workers[0].frame(id, generation, 1, false);
  bridge.stop();
  workers[0].frame(id, generation, 2, false);
  assert.deepEqual(log.log, [1]);
  await pause(60);
  assert.ok(workers[0].ended && bridge.spawned === 2);
  assert.deepEqual(log.log, [1, "stopped"]);
  workers[1].tell({ type: "ready", milliseconds: 1 });
});

test("a run without a frame is given up, and the next one runs on a new worker", async () => {
  const { bridge, workers } = setUpBooted({ runSilence: 20 });
  const [lost, next] = [recorder(), recorder()];
  bridge.request({ slug: "a", params: {} }, lost);
  await pause(50);
  assert.deepEqual(lost.log, ["stuck"]);
  assert.equal(bridge.spawned, 2);
  bridge.request({ slug: "a", params: {} }, next);
  workers[1].tell({ type: "ready", milliseconds: 1 });
  const [{ id, generation }] = workers[1].of("run");
  workers[1].frame(id, generation, 5);
  assert.deepEqual(next.log, [5, "done"]);
});

test("a late word of a replaced worker is not heard", async () => {
  const { bridge, workers } = setUpBooted({ runSilence: 20 });
  const log = recorder();
  bridge.request({ slug: "a", params: {} }, log);
  const [{ id, generation }] = workers[0].of("run");
  await pause(50);
  workers[0].frame(id, generation, 9);
  assert.deepEqual(log.log, ["stuck"]);
  bridge.stop();
  workers[1].tell({ type: "ready", milliseconds: 1 });
});

test("a crash replaces the worker and fails what ran, with a sentence", () => {
  const { bridge, workers } = setUpBooted();
  const log = recorder();
  bridge.request({ slug: "a", params: {} }, log);
  workers[0].onerror({ message: "gone", preventDefault() {} });
  assert.deepEqual(log.log, ["crash"]);
  assert.equal(bridge.spawned, 2);
  workers[1].tell({ type: "ready", milliseconds: 1 });
});

test("a boot that is silent is given up; the next try starts anew", async () => {
  const { bridge, workers } = setUp({ bootSilence: 20 });
  const log = recorder();
  bridge.request({ slug: "a", params: {} }, log);
  await assert.rejects(bridge.boot(), /did not start/);
  assert.deepEqual(log.log, ["boot"]);
  assert.ok(workers[0].ended);
  const again = bridge.boot();
  workers[1].tell({ type: "ready", milliseconds: 1 });
  await again;
});

test("a failed boot passes its sentence on", async () => {
  const { bridge, workers } = setUp();
  const boot = bridge.boot();
  workers[0].tell({ type: "boot-failed", message: "The part x is missing." });
  await assert.rejects(boot, /The part x is missing/);
});

test("calls are answered, refused and timed out", async () => {
  const { bridge, workers } = setUpBooted({ runSilence: 30 });
  const asked = bridge.call("draw", { seed: 1 });
  await pause(0);
  const { id } = workers[0].of("call")[0];
  workers[0].tell({ type: "answer", id, ok: true, value: { prompt: "p" } });
  assert.deepEqual(await asked, { prompt: "p" });
  const lost = bridge.call("check", {});
  await assert.rejects(lost, /gave no sign/);
  assert.equal(bridge.spawned, 2);
  workers[1].tell({ type: "ready", milliseconds: 1 });
});

test("a run that fetches data says that it is alive, and is not given up", async () => {
  const { bridge, workers } = setUpBooted({ runSilence: 60 });
  const log = recorder();
  bridge.request({ slug: "a", params: {} }, log);
  const [{ id, generation }] = workers[0].of("run");
  for (let i = 0; i < 4; i += 1) {
    await pause(30);
    workers[0].tell({ type: "alive", id });
  }
  workers[0].frame(id, generation, 3);
  assert.deepEqual(log.log, [3, "done"]);
});

test("a pack is brought before the time of a grading counts, and grading without an end costs the worker", async () => {
  const { bridge, workers } = setUp({ editedSilence: 30 });
  const brought = bridge.bring("exercises");
  workers[0].tell({ type: "ready", milliseconds: 1 });
  await pause(60); // a slow line: longer than a grading may take
  const [{ id, slug }] = workers[0].of("bring");
  assert.equal(slug, "exercises");
  workers[0].tell({ type: "answer", id, ok: true, value: null });
  await brought;
  const graded = bridge.grade({ slug: "exercises", name: "x", text: "", seed: 1 });
  await assert.rejects(graded, (error) => error.failure.kind === "stuck");
  assert.ok(workers[0].ended);
  assert.equal(workers.length, 2);
  workers[1].tell({ type: "ready", milliseconds: 1 });
  const again = bridge.grade({ slug: "exercises", name: "x", text: "", seed: 1 });
  await pause(0);
  const [call] = workers[1].of("call");
  workers[1].tell({ type: "answer", id: call.id, ok: true, value: { result: "right" } });
  assert.deepEqual(await again, { result: "right" });
});
