/**
 * The page's side of the one worker that serves the whole site; it lives on across instant navigation.
 *
 * One request is in flight; of those that come meanwhile the latest waits. A reply counts only when its id and its
 * generation are current. What does not settle is given up with a sentence: a boot, a run without a frame, a call.
 */

/**
 * @typedef {{kind: string, message: string, line?: number, yours?: string}} Failure
 * @typedef {{slug: string, params: object, files?: object[], gesture?: string | null, silence?: number, frames?: number}} Request
 * @typedef {{frame: (frame: any) => void, done: (stopped: boolean) => void, failed: (failure: Failure) => void,
 *   overtaken?: () => void}} Handlers each request ends with exactly one of done, failed and overtaken
 */

export const DEFAULTS = {
  bootSilence: 90_000, // without any part arriving
  runSilence: 10_000, // without a frame
  editedSilence: 5_000, // the same while a reader's own code runs
  stopPatience: 1_000, // until a worker that does not answer a stop is replaced
  impatience: 60, // a run older than this, or one that has shown something, is told to stop when a newer request waits
};

const SENTENCES = {
  boot: "Python did not start: nothing arrived for a long while. Check the connection and try again.",
  crash: "Python stopped unexpectedly and was started again; your settings are kept.",
  stuck: (seconds) => `The computation gave no sign for ${seconds} seconds, so it was stopped and Python was started again.`,
};

/** What says that a file did not come; no fault of anyone's code. */
const FETCHED = /^The (recorded data|part) "/;

export class Bridge extends EventTarget {
  #worker = null;
  #ready = null;
  #settle = null;
  #bootTimer = 0;
  #runTimer = 0;
  #inFlight = null;
  #waiting = null;
  #calls = new Map();
  #lastId = 0;
  #gesture = undefined;

  /** The reader's versions that the worker runs, by name: text as it was taken. A new worker has none. */
  edits = new Map();

  /** How many workers there have been, and the generation whose replies count. */
  spawned = 0;
  generation = 0;

  /**
   * @param {{makeWorker: () => Worker, base: string, manifest: object, settings?: Partial<typeof DEFAULTS>}} options
   */
  constructor({ makeWorker, base, manifest, settings = {} }) {
    super();
    this.makeWorker = makeWorker;
    this.base = base;
    this.manifest = manifest;
    this.settings = { ...DEFAULTS, ...settings };
  }

  /** Starts Python once; after a failure the next call tries again. @returns {Promise<void>} */
  boot() {
    this.#ready ||= new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#spawn();
    });
    return this.#ready;
  }

  get booted() {
    return this.#ready !== null && this.#settle === null;
  }

  get busy() {
    return this.#inFlight !== null;
  }

  #spawn() {
    this.spawned += 1;
    try {
      const worker = this.makeWorker();
      worker.onmessage = ({ data }) => worker === this.#worker && this.#receive(data);
      worker.onerror = (event) => {
        event.preventDefault?.();
        if (worker === this.#worker) this.#crashed(event.message);
      };
      this.#worker = worker;
      const { slug, files } = this.#waiting || this.#inFlight || {};
      worker.postMessage({ type: "boot", base: this.base, manifest: this.manifest, slug, files });
      this.#watchBoot();
    } catch (error) {
      this.#bootFailed(`Python did not start: ${error.message}`);
    }
  }

  #watchBoot() {
    clearTimeout(this.#bootTimer);
    this.#bootTimer = setTimeout(() => this.#bootFailed(SENTENCES.boot), this.settings.bootSilence);
  }

  #bootFailed(message) {
    clearTimeout(this.#bootTimer);
    this.#drop();
    const settle = this.#settle;
    this.#settle = null;
    this.#ready = null;
    const failure = { kind: "boot", message };
    const waiting = [this.#inFlight, this.#waiting].filter(Boolean);
    this.#inFlight = this.#waiting = null;
    settle?.reject(Object.assign(new Error(message), { failure }));
    waiting.forEach((request) => request.handlers.failed(failure));
  }

  /** Ends the worker and everything that hangs on it. */
  #drop(failure) {
    clearTimeout(this.#runTimer);
    this.#worker?.terminate();
    this.#worker = null;
    for (const { reject, timer } of this.#calls.values()) {
      clearTimeout(timer);
      reject(Object.assign(new Error(failure?.message || "Python was started again."), { failure }));
    }
    this.#calls.clear();
  }

  /**
   * A new worker in place of the old; whatever ran is told why. Edited code is gone with the old one.
   * @param {Failure} failure
   */
  replace(failure) {
    const lost = this.#inFlight;
    this.#inFlight = null;
    this.#ready = null;
    this.#settle = null;
    this.#drop(failure);
    this.generation += 1;
    const edits = [...this.edits.keys()];
    this.edits.clear();
    this.dispatchEvent(new CustomEvent("replaced", { detail: { ...failure, edits } }));
    lost?.handlers.failed(failure);
    this.boot().catch(() => {});
    this.#next();
  }

  #crashed(message) {
    if (this.#settle) {
      this.#bootFailed(message ? `Python did not start: ${message}` : "Python did not start: its worker could not be loaded.");
    } else {
      this.replace({ kind: "crash", message: SENTENCES.crash });
    }
  }

  #receive(message) {
    if (message.type === "progress") {
      this.#watchBoot();
      this.dispatchEvent(new CustomEvent("progress", { detail: message }));
    } else if (message.type === "ready") {
      clearTimeout(this.#bootTimer);
      this.startMilliseconds = message.milliseconds;
      this.#settle?.resolve();
      this.#settle = null;
      this.#send();
    } else if (message.type === "boot-failed") {
      this.#bootFailed(message.message);
    } else if (message.type === "answer") {
      this.#answered(message);
    } else {
      this.#ran(message);
    }
  }

  /** @param {{type: string, id: number, generation?: number}} message about the run in flight */
  #ran(message) {
    const request = this.#inFlight;
    if (!request || message.id !== request.id) return;
    if (message.type === "alive") {
      this.#watchRun();
      return;
    }
    if (message.type === "frame") {
      if (request.generation === this.generation) {
        this.#watchRun();
        request.handlers.frame(unpack(message));
        request.seen = true;
      }
      if (!message.final) return;
    }
    clearTimeout(this.#runTimer);
    this.#inFlight = null;
    if (message.type === "failed") {
      if (message.error.fatal) return this.replaceAfter(request, message.error);
      if (this.edits.size && message.error.kind === "crash" && !FETCHED.test(message.error.message)) {
        this.#inFlight = request;
        return this.replace(this.#broken(message.error));
      }
      if (request.generation === this.generation) request.handlers.failed(message.error);
      else request.handlers.overtaken?.();
    } else if (request.generation === this.generation || message.type === "stopped") {
      request.handlers.done(message.type === "stopped");
    } else request.handlers.overtaken?.();
    this.#next();
  }

  /** The runtime itself broke (out of memory, for one). */
  replaceAfter(request, error) {
    this.#inFlight = request;
    this.replace({ kind: "crash", message: `${SENTENCES.crash} (${error.message})` });
  }

  /** Edited code reached what all of Python stands on; nothing in this worker can be trusted any more. */
  #broken(error) {
    const yours = [...this.edits.keys()].map((name) => name.split(":")[1]).join(", ");
    return { kind: "broken", yours, message: `Your version of ${yours} broke Python itself (${error.message}), so Python was started again.` };
  }

  #watchRun() {
    clearTimeout(this.#runTimer);
    const silence = this.#inFlight?.silence || this.settings.runSilence;
    this.#runTimer = setTimeout(
      () => this.replace({ kind: "stuck", message: SENTENCES.stuck(Math.round(silence / 1000) || silence / 1000) }),
      silence,
    );
  }

  /**
   * Asks for a lab at some parameters. Requests of one gesture (a drag) share a generation, so that frames show on
   * the way; any other request makes the replies to earlier ones stale.
   * @param {Request} request
   * @param {Handlers} handlers
   */
  request(request, handlers) {
    const gesture = request.gesture ?? null;
    if (gesture === null || gesture !== this.#gesture) this.generation += 1;
    this.#gesture = gesture;
    this.#lastId += 1;
    const overtaken = [this.#waiting];
    this.#waiting = { ...request, handlers, id: this.#lastId, generation: this.generation };
    if (this.#inFlight && !this.#inFlight.sent) {
      overtaken.push(this.#inFlight);
      this.#inFlight = null;
    }
    const running = this.#inFlight;
    if (running && (running.generation !== this.generation || running.seen || performance.now() - running.sent > this.settings.impatience)) {
      this.#worker?.postMessage({ type: "cancel", id: running.id });
    }
    this.boot().catch(() => {});
    this.#next();
    overtaken.forEach((old) => old?.handlers.overtaken?.());
  }

  /** Moves the waiting request into flight when nothing else flies. */
  #next() {
    if (this.#inFlight || !this.#waiting) return;
    this.#inFlight = this.#waiting;
    this.#waiting = null;
    this.#send();
  }

  #send() {
    const request = this.#inFlight;
    if (!request || !this.booted || request.sent) return;
    request.sent = performance.now();
    const { id, generation, slug, params, files, frames } = request;
    this.#worker.postMessage({ type: "run", id, generation, slug, params, files, frames });
    this.#watchRun();
  }

  /** Stops what runs and forgets what waits. Replies to it are stale from here on. */
  stop() {
    this.generation += 1;
    this.#gesture = undefined;
    this.#waiting?.handlers.overtaken?.();
    this.#waiting = null;
    const running = this.#inFlight;
    if (!running) return;
    if (!running.sent) {
      this.#inFlight = null;
      running.handlers.done(true);
      return;
    }
    this.#worker.postMessage({ type: "cancel", id: running.id });
    clearTimeout(this.#runTimer);
    this.#runTimer = setTimeout(
      () => this.replace({ kind: "stopped", message: "Stopped; Python was started again." }),
      this.settings.stopPatience,
    );
  }

  /**
   * A question to labs_py.wire.call, between two slices of a run.
   * @param {string} name @param {object} args
   */
  async call(name, args) {
    return this.#ask({ type: "call", name, args }, this.settings.runSilence);
  }

  /** Lets the worker run a reader's version of a function. */
  async edit(name, text) {
    await this.call("replace", { name, text });
    this.edits.set(name, text);
    this.dispatchEvent(new CustomEvent("edits"));
  }

  /** Puts our version of a function back. */
  async restore(name) {
    await this.call("restore", { name });
    this.edits.delete(name);
    this.dispatchEvent(new CustomEvent("edits"));
  }

  /** A new worker, for whoever wants one. */
  fresh() {
    this.replace({ kind: "fresh", message: "Python was started afresh; the lab runs our versions." });
  }

  /** Brings in the whole standard library for a reader's own code. */
  async complete() {
    return this.#ask({ type: "complete" }, this.settings.bootSilence);
  }

  /** Brings in what a pack holds. */
  async bring(slug) {
    return this.#ask({ type: "bring", slug }, this.settings.bootSilence);
  }

  /** A verdict on a reader's code. Work without an end costs the worker, as in a lab. */
  async grade(args) {
    return this.#ask({ type: "call", name: "grade", args }, this.settings.editedSilence);
  }

  async #ask(message, silence) {
    await this.boot();
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.replace({ kind: "stuck", message: SENTENCES.stuck(silence / 1000) }), silence);
      this.#calls.set(id, { resolve, reject, timer });
      this.#worker.postMessage({ ...message, id });
    });
  }

  #answered({ id, ok, value, error }) {
    const call = this.#calls.get(id);
    if (!call) return;
    clearTimeout(call.timer);
    this.#calls.delete(id);
    if (ok) call.resolve(value);
    else if (error.fatal) {
      call.reject(Object.assign(new Error(error.message), { failure: error }));
      this.replace({ kind: "crash", message: SENTENCES.crash });
    } else if (this.edits.size && error.kind === "crash" && !FETCHED.test(error.message)) {
      const failure = this.#broken(error);
      call.reject(Object.assign(new Error(failure.message), { failure }));
      this.replace(failure);
    } else call.reject(Object.assign(new Error(error.message), { failure: error }));
  }
}

/** A frame as the charts take it: arrays are views into the one buffer that came. */
function unpack({ header, numbers, final }) {
  const frame = JSON.parse(header);
  for (const array of Object.values(frame.arrays)) {
    array.data = numbers.subarray(array.offset, array.offset + array.length);
  }
  return { ...frame, final };
}
