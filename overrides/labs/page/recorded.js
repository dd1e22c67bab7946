/**
 * What was recorded when the site was built: the main slider moves before Python is there, and on the first visit the
 * lab plays by itself what it is about. Everything drawn from a recording says "recorded".
 */

import { defaultsOf, isLinked, ownDiffers } from "../state.js";
import { drawRecorded } from "../view/recorded.js";
import { isCalm, Player } from "./player.js";

const SWEEP_STEP = 170; // milliseconds for each value on arrival

/** @param {import("./element.js").LabView} lab */
export async function mountRecorded(lab) {
  const { sweep, plays } = lab.spec;
  if ((!sweep && !plays) || navigator.connection?.saveData) return;
  const recording = await fetchRecording(lab).catch(() => null); // nobody waits for it: without it the lab waits for Python
  if (!recording || lab.signal.aborted) return;
  const first = { params: lab.shown.params, scalars: lab.shown.scalars };
  if (recording.sweep) mountSweep(lab, recording.sweep, first);
  if (mayPlay(lab)) {
    if (sweep?.arrival.length) playSweep(lab, recording.sweep, first);
    else if (recording.run) playRun(lab, recording.run, first);
  }
}

async function fetchRecording(lab) {
  const { base, manifest } = lab.bridge;
  const version = manifest.files?.[`lab:${lab.spec.slug}`]?.sha256.slice(0, 8) ?? "";
  const address = new URL(`../../data/labs/recorded/${lab.spec.slug}.json?v=${version}`, base);
  const answer = await fetch(address, { signal: lab.signal });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return answer.json();
}

/** A recorded array as the charts take it. */
function tensor({ shape, data, shades, unit }) {
  if (!shades) return { shape, data };
  const bytes = Int8Array.from(atob(shades), (character) => character.charCodeAt(0));
  return { shape, data: Float32Array.from(bytes, (shade) => shade * unit) };
}

const tensors = (arrays) => Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, tensor(array)]));

/** A whole frame from a recorded one, which holds only what differs from the first frame. */
function frameOf(first, changes, { scalars, arrays, texts }, base = {}) {
  const numbers = Object.entries(scalars).map(([name, value]) => [name, { ...first.scalars[name], value }]);
  return { params: { ...first.params, ...changes }, scalars: { ...first.scalars, ...Object.fromEntries(numbers) },
    arrays: { ...base, ...tensors(arrays) }, texts, errors: [], progress: { done: 0, total: 0 }, final: false };
}

/** The frame of the recorded value that lies nearest. */
function sweepFrames({ param, base, frames }, first) {
  const shared = tensors(base);
  const made = new Map();
  return (value) => {
    const near = frames.reduce((best, frame) => (Math.abs(frame.value - value) < Math.abs(best.value - value) ? frame : best));
    if (!made.has(near.value)) made.set(near.value, frameOf(first, { [param]: near.value }, near, shared));
    return made.get(near.value);
  };
}

/** Whether everything but one setting stands as the lab came. */
function onlyMoved(lab, name) {
  const defaults = defaultsOf(lab.spec);
  return !ownDiffers(lab.spec, lab.params) && lab.spec.params.every((p) => p.name === name || !isLinked(p) || String(lab.params[p.name]) === String(defaults[p.name]));
}

/** Until the first computed frame the main slider shows recorded ones. */
function mountSweep(lab, sweep, first) {
  const frame = sweepFrames(sweep, first);
  const move = () => {
    if (!lab.frame && onlyMoved(lab, sweep.param)) drawRecorded(lab, frame(lab.params[sweep.param]), sweep.charts);
  };
  lab.addEventListener("lab-moved", move, { signal: lab.signal });
  if (lab.params[sweep.param] !== first.params[sweep.param]) move(); // moved while the recording was on its way
}

/** Once a visit, for whoever sees the lab at its first settings and asked neither for calm nor for few bytes. */
function mayPlay(lab) {
  const key = `stage10:played:${lab.spec.slug}`;
  if (isCalm() || document.hidden || location.search || lab.isTouched || globalThis.stage10LabSettings?.arrival === false || !onlyMoved(lab, "")) return false;
  try {
    if (sessionStorage.getItem(key)) return false;
    sessionStorage.setItem(key, "1");
  } catch {
    return false; // it could not be told whether it has played
  }
  return true;
}

/** Ends what plays at the first touch, but for those of its own bar. @returns {() => void} takes the listeners away */
function untilTouched(lab, end) {
  const ended = new AbortController();
  const touched = ({ target, type, detail }) => {
    if (type === "lab-asked" ? !detail.run && !lab.isTouched : target.closest('[data-part="player"]')) return;
    end();
  };
  ["pointerdown", "keydown", "lab-asked"].forEach((kind) => lab.addEventListener(kind, touched, { signal: ended.signal }));
  return () => ended.abort();
}

/** The slider goes through its first values up to the default. The computed frame waits for the end of that. */
function playSweep(lab, sweep, first) {
  const frame = sweepFrames(sweep, first);
  const input = lab.querySelector(`[data-region="rail"] input[type="range"]:is([name="${sweep.param}"], [data-thumb="${sweep.param}"])`);
  const values = lab.spec.sweep.arrival;
  const rest = input?.value;
  let place = 0;
  let timer = 0;
  const release = lab.hold();
  const leave = untilTouched(lab, end);
  lab.dataset.plays = "sweep";

  function step() {
    if (place >= values.length) return end();
    const value = values[place];
    place += 1;
    drawRecorded(lab, frame(value), sweep.charts);
    if (input && !input.dataset.thumb) input.value = String(value);
    timer = setTimeout(step, SWEEP_STEP);
  }

  function end() {
    clearTimeout(timer);
    leave();
    delete lab.dataset.plays;
    if (input && !lab.isTouched) input.value = rest;
    if (!lab.isTouched && !lab.frame) drawRecorded(lab, frame(first.params[sweep.param]), sweep.charts);
    release();
  }

  lab.signal.addEventListener("abort", () => clearTimeout(timer));
  step();
}

/** The recorded run in the charts that only a run fills. */
function playRun(lab, { charts, frames }, first) {
  const player = new Player(lab, { label: `Step of the recorded run, ${lab.spec.title}`, onEnd: () => delete lab.dataset.plays });
  const leave = untilTouched(lab, () => {
    leave();
    player.finish();
    player.close();
    delete lab.dataset.plays;
  });
  lab.dataset.plays = "run";
  frames.forEach((recorded, i) => {
    const frame = frameOf(first, {}, recorded);
    const { done, total } = recorded.progress;
    player.add({ share: frames.length > 1 ? i / (frames.length - 1) : 1, text: `${done} of ${total}, recorded`,
      draw: () => drawRecorded(lab, frame, charts) }, i === frames.length - 1);
  });
}
