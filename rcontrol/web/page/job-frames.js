/** The frames of one job: their states, and how the attempts at them ended. */

import { call, path } from "/page/api.js";

/** States of frames, as numbers in typed arrays: there may be a hundred thousand. */
export const PENDING = 0;
export const RENDERING = 1;
export const DONE = 2;
export const FAILED = 3;
/** By these numbers. */
export const FRAME_WORDS = ["pending", "rendering", "done", "given up"];

const LETTERS = { p: PENDING, r: RENDERING, d: DONE, f: FAILED };
const NOBODY = 0xffff;

/** Dispatches `change`. Frames are counted by their index: 0 for the first one of the job. */
export class JobFrames extends EventTarget {
  #job;
  #signal;
  #asking = false;
  #again = false;
  #results = 0;
  #expression = "";
  /** Frame index -> its number, in order. */
  numbers = new Int32Array();
  states = new Uint8Array();
  /** Frame index -> attempts that have ended. */
  attempts = new Uint8Array();
  /** Frame index -> index into `names` of the node that tried it last. */
  nodes = new Uint16Array();
  /** Frame index -> seconds of the last attempt. */
  seconds = new Float32Array();
  /** Names of the nodes that have tried frames. */
  names = [];
  /** Done frames in the order in which they were done, by index; a frame may come twice. */
  doneOrder = [];

  /**
   * @param {string} job its id
   * @param {AbortSignal} signal ends it
   */
  constructor(job, signal) {
    super();
    this.#job = job;
    this.#signal = signal;
  }

  get length() {
    return this.states.length;
  }

  /** The number of a frame. */
  number(index) {
    return this.numbers[index];
  }

  /** The index of a frame's number; -1: the job has no such frame. */
  index(number) {
    let [low, high] = [0, this.length - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (this.numbers[middle] === number) return middle;
      if (this.numbers[middle] < number) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  /** The node that tried a frame last; empty: none. */
  nodeOf(index) {
    return this.names[this.nodes[index]] ?? "";
  }

  /** Ask the server for what has changed; calls that come meanwhile ask once more. */
  async refresh() {
    this.#again = true;
    if (this.#asking) return;
    this.#asking = true;
    try {
      while (this.#again) {
        this.#again = false;
        await this.#read();
      }
    } catch (error) {
      // The next change of the job asks again; that the server is away is said elsewhere.
      if (error.name !== "AbortError" && error.name !== "ApiError") throw error;
    } finally {
      this.#asking = false;
    }
  }

  async #read() {
    const found = await call(path("job", "frames", this.#job), { signal: this.#signal });
    this.#takeStates(found);
    this.dispatchEvent(new Event("change"));
    for (let more = true; more;) {
      const results = await call(`${path("job", "results", this.#job)}?after=${this.#results}`, {
        signal: this.#signal,
      });
      this.#takeResults(results);
      more = this.#results < results.total;
      if (results.frames.length) this.dispatchEvent(new Event("change"));
    }
  }

  #takeStates({ frames, states }) {
    const runs = [...states.matchAll(/([prdf])(\d+)/g)].map(([, letter, length]) => [
      letter,
      Number(length),
    ]);
    if (frames !== this.#expression) {
      const total = runs.reduce((sum, [, length]) => sum + length, 0);
      this.#expression = frames;
      this.numbers = numbersOf(frames, total);
      this.states = new Uint8Array(total);
      this.attempts = new Uint8Array(total);
      this.nodes = new Uint16Array(total).fill(NOBODY);
      this.seconds = new Float32Array(total);
    }
    let index = 0;
    for (const [letter, length] of runs) {
      this.states.fill(LETTERS[letter], index, index + length);
      index += length;
    }
  }

  #takeResults(results) {
    this.names = results.names;
    results.frames.forEach((frame, at) => {
      const index = this.index(frame);
      if (index < 0) return;
      this.attempts[index] = Math.min(255, this.attempts[index] + 1);
      this.nodes[index] = results.nodes[at];
      this.seconds[index] = results.seconds[at];
      if (results.done[at]) this.doneOrder.push(index);
    });
    this.#results += results.frames.length;
  }
}

/** Return the numbers that an expression such as `7,10-20,30-90x5` means; it is in order. */
function numbersOf(expression, total) {
  const numbers = new Int32Array(total);
  let index = 0;
  for (const part of expression.split(",")) {
    const [, first, last = first, step = 1] = /^(-?\d+)(?:-(-?\d+)(?:x(\d+))?)?$/.exec(part);
    for (let number = Number(first); number <= Number(last); number += Number(step)) {
      numbers[index] = number;
      index += 1;
    }
  }
  return numbers;
}
