/** A run of the reader's own: its frames are kept, shown at a pace, and can be gone through again afterwards. */

import { isCalm, Player } from "./player.js";

const MOST_NUMBERS = 20e6; // that all kept frames may hold; a run of large matrices keeps fewer

/** @param {import("./element.js").LabView} lab */
export function mountReplay(lab) {
  let player = null;
  const { spec } = lab;
  const isLive = (frame) => frame.progress.total > 0 && (!spec.charts.some((c) => c.live) || spec.charts.some((c) => c.live && c.series.some((s) => s.array in frame.arrays)));

  function close() {
    player?.close();
    player = null;
    delete lab.dataset.replay;
  }

  /**
   * Takes a frame of a run instead of drawing it at once.
   * @param {any} frame @param {() => void} draw as the lab would do it now @param {() => void} drop
   * @returns {boolean} whether it was taken
   */
  lab.pace = (frame, draw, drop) => {
    if (isCalm() || globalThis.stage10LabSettings?.replay === false || !isLive(frame)) return false;
    player ||= new Player(lab, { label: `Step of the run, ${spec.title}` });
    const { done, total } = frame.progress;
    const isLast = frame.final;
    let isFirst = true;
    const size = Object.values(frame.arrays).reduce((sum, { data }) => sum + data.length, 0);
    if (!isLast && player.items.length * size > MOST_NUMBERS) {
      drop();
      return true;
    }
    player.add({
      share: isLast ? 1 : Math.min(done / total, 0.999),
      text: `${done} of ${total}`,
      drop,
      draw() {
        if (isFirst) draw();
        else lab.peek(frame);
        isFirst = false;
        if (isLast) delete lab.dataset.replay;
        else lab.dataset.replay = `${done}/${total}`;
      },
    }, isLast);
    return true;
  };

  lab.addEventListener("lab-asked", close, { signal: lab.signal });
  lab.addEventListener("lab-failed", close, { signal: lab.signal });
}
