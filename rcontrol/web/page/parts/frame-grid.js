/** Every frame of a job as a cell, on a canvas: a hundred thousand are as quick as ten. */

import { h, set } from "/page/dom.js";
import { duration, plural } from "/page/format.js";
import { DONE, FRAME_WORDS, RENDERING } from "/page/job-frames.js";
import { CanvasElement, sized } from "/page/parts/canvas-element.js";
import { GUTTER, paintGrid } from "/page/parts/grid-paint.js";
import { hideTip, showTip } from "/page/parts/tooltip.js";

/** How many cells stand in a row: round numbers, so that frames are easily counted. */
const ROWS_OF = [10, 20, 25, 30, 40, 50, 60, 80, 100, 120, 150, 200, 250, 300, 400, 500];
const HEIGHT = 264;
/** Sizes of a cell in pixels, gap included. */
const WIDEST = 40;
const HIGHEST = 22;
const SMALLEST = 7;

class FrameGrid extends CanvasElement {
  #canvas = h("canvas");
  #space = h("div.space");
  #scroller = h("div.scroller", {}, this.#canvas, this.#space);
  #frames = null;
  #running = new Map();
  #wide = 20;
  #high = 20;
  #columns = 10;
  #at = 0;

  connectedCallback() {
    super.connectedCallback();
    this.append(this.#scroller);
    // A slider is what screen readers know of a thing from which one value of very many is taken.
    for (const [key, value] of Object.entries({
      role: "slider",
      tabindex: 0,
      "aria-label": "Frames; the arrows move, Enter opens a frame",
      "aria-valuenow": 0,
    })) {
      set(this.#scroller, key, value);
    }
    this.#scroller.addEventListener("scroll", () => this.draw(), { passive: true });
    this.#scroller.addEventListener("pointermove", (event) => this.#hover(event));
    this.#scroller.addEventListener("pointerleave", hideTip);
    this.#scroller.addEventListener("click", (event) => this.#click(event));
    this.#scroller.addEventListener("keydown", (event) => this.#key(event));
    this.#scroller.addEventListener("focus", () => this.draw());
    this.#scroller.addEventListener("blur", () => {
      hideTip();
      this.draw();
    });
  }

  resized() {
    this.#layout();
  }

  /**
   * @param {import("/page/job-frames.js").JobFrames} frames
   * @param {Map<number, {node: string, progress: number}>} running frame number -> where it renders
   */
  show(frames, running) {
    const grown = this.#frames !== frames || this.shown !== frames.length;
    this.#frames = frames;
    this.#running = running;
    this.shown = frames.length;
    if (grown) this.#layout();
    else this.draw();
    this.#tell();
  }

  // --- where cells are ---

  #layout() {
    const width = this.clientWidth - GUTTER;
    const number = this.#frames?.length ?? 0;
    if (width <= 0 || !number) return;
    this.#columns = this.#across(width, number);
    this.#wide = Math.min(WIDEST, Math.floor(width / this.#columns));
    this.#high = Math.min(HIGHEST, this.#wide);
    const height = Math.ceil(number / this.#columns) * this.#high;
    this.#space.style.height = `${height}px`;
    this.#scroller.style.height = `${Math.min(HEIGHT, height) + 2}px`;
    this.draw();
  }

  /** Cells in a row: as few as fit into the height, or else as many as can be told apart. */
  #across(width, number) {
    const possible = ROWS_OF.filter((columns) => width / columns >= SMALLEST);
    const wide = possible.filter((columns) => width / columns <= WIDEST * 1.5);
    const fits = (columns) =>
      Math.ceil(number / columns) * Math.min(HIGHEST, Math.floor(width / columns)) <= HEIGHT;
    return wide.find(fits) ?? possible.at(-1) ?? 10;
  }

  #indexAt(event) {
    const box = this.#scroller.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left - GUTTER) / this.#wide);
    const row = Math.floor((event.clientY - box.top + this.#scroller.scrollTop) / this.#high);
    const index = row * this.#columns + column;
    return column >= 0 && column < this.#columns && index < (this.#frames?.length ?? 0)
      ? index
      : -1;
  }

  // --- drawing ---

  paint() {
    if (!this.#frames?.length) return;
    const height = this.#scroller.clientHeight;
    const context = sized(this.#canvas, this.#scroller.clientWidth, height);
    paintGrid(context, {
      frames: this.#frames,
      running: this.#running,
      columns: this.#columns,
      wide: this.#wide,
      high: this.#high,
      top: this.#scroller.scrollTop,
      height,
      focused: document.activeElement === this.#scroller ? this.#at : -1,
    });
  }

  // --- pointing and opening ---

  /** What is to be said of a frame, in lines. */
  describe(index) {
    const frames = this.#frames;
    const number = frames.number(index);
    const running = this.#running.get(number);
    const lines = [`Frame ${number}: ${FRAME_WORDS[frames.states[index]]}`];
    if (frames.states[index] === RENDERING && !running) lines[0] = `Frame ${number}: in line`;
    if (running) lines.push(`on ${running.node}, ${Math.round(running.progress)} %`);
    else if (frames.attempts[index])
      lines.push(`${frames.nodeOf(index)}, ${duration(frames.seconds[index])}`);
    if (frames.attempts[index] > 1 || (frames.attempts[index] && frames.states[index] !== DONE)) {
      lines.push(plural(frames.attempts[index], "attempt"));
    }
    return lines;
  }

  #hover(event) {
    const index = this.#indexAt(event);
    this.#scroller.style.cursor = index < 0 ? "" : "pointer";
    if (index < 0) hideTip();
    else showTip(event.clientX, event.clientY, this.describe(index));
  }

  #click(event) {
    const index = this.#indexAt(event);
    if (index >= 0) this.#open(index);
  }

  #open(index) {
    this.dispatchEvent(new CustomEvent("open", { detail: this.#frames.number(index) }));
  }

  #key(event) {
    const number = this.#frames?.length ?? 0;
    const steps = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: this.#columns,
      ArrowUp: -this.#columns,
      PageDown: 10 * this.#columns,
      PageUp: -10 * this.#columns,
      Home: -number,
      End: number,
    };
    if (event.key === "Enter" && number) this.#open(this.#at);
    if (!(event.key in steps) || !number) return;
    event.preventDefault();
    this.#at = Math.max(0, Math.min(number - 1, this.#at + steps[event.key]));
    this.#reveal();
    this.#tell();
    this.draw();
  }

  #reveal() {
    const y = Math.floor(this.#at / this.#columns) * this.#high;
    const { scrollTop, clientHeight } = this.#scroller;
    if (y < scrollTop) this.#scroller.scrollTop = y;
    if (y + this.#high > scrollTop + clientHeight)
      this.#scroller.scrollTop = y + this.#high - clientHeight;
    const box = this.#scroller.getBoundingClientRect();
    const x = GUTTER + (this.#at % this.#columns) * this.#wide;
    showTip(box.left + x, box.top + y - this.#scroller.scrollTop, this.describe(this.#at));
  }

  #tell() {
    const frames = this.#frames;
    if (!frames?.length) return;
    this.#at = Math.min(this.#at, frames.length - 1);
    set(this.#scroller, "aria-valuemin", frames.number(0));
    set(this.#scroller, "aria-valuemax", frames.number(frames.length - 1));
    set(this.#scroller, "aria-valuenow", frames.number(this.#at));
    set(this.#scroller, "aria-valuetext", this.describe(this.#at).join(", "));
  }
}

customElements.define("rc-frame-grid", FrameGrid);
