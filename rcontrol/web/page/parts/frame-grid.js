/** Every frame of a job as a cell, on a canvas: a hundred thousand are as quick as ten. */

import { h, set, token } from "/page/dom.js";
import { duration, plural } from "/page/format.js";
import { DONE, FAILED, FRAME_WORDS, PENDING, RENDERING } from "/page/job-frames.js";
import { hideTip, showTip } from "/page/parts/tooltip.js";

/** How many cells stand in a row: round numbers, so that frames are easily counted. */
const ROWS_OF = [10, 20, 25, 30, 40, 50, 60, 80, 100, 120, 150, 200, 250, 300, 400, 500];
const HEIGHT = 264;
const GUTTER = 46;
/** Sizes of a cell in pixels, gap included. */
const WIDEST = 40;
const HIGHEST = 22;
const SMALLEST = 7;
/** Cells at least this wide carry signs; those of a short job its numbers, too. */
const SIGN_FROM = 10;
const NUMBERS_UP_TO = 120;

const COLOURS = {
  [PENDING]: "--pending-cell",
  [RENDERING]: "--rendering",
  [DONE]: "--finished",
  [FAILED]: "--failed",
};

class FrameGrid extends HTMLElement {
  #canvas = h("canvas");
  #space = h("div.space");
  #scroller = h("div.scroller", {}, this.#canvas, this.#space);
  #frames = null;
  #running = new Map();
  #wide = 20;
  #high = 20;
  #columns = 10;
  #at = 0;
  #drawing = 0;
  #sizes = new ResizeObserver(() => this.#layout());

  connectedCallback() {
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
    this.#scroller.addEventListener("scroll", () => this.#draw(), { passive: true });
    this.#scroller.addEventListener("pointermove", (event) => this.#hover(event));
    this.#scroller.addEventListener("pointerleave", hideTip);
    this.#scroller.addEventListener("click", (event) => this.#click(event));
    this.#scroller.addEventListener("keydown", (event) => this.#key(event));
    this.#scroller.addEventListener("focus", () => this.#draw());
    this.#scroller.addEventListener("blur", () => {
      hideTip();
      this.#draw();
    });
    this.#sizes.observe(this);
    this.themed = () => this.#draw();
    addEventListener("themechange", this.themed);
  }

  disconnectedCallback() {
    this.#sizes.disconnect();
    removeEventListener("themechange", this.themed);
    hideTip();
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
    else this.#draw();
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
    this.#draw();
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

  #draw() {
    this.#drawing ||= requestAnimationFrame(() => {
      this.#drawing = 0;
      if (this.isConnected && this.#frames?.length) this.#paint();
    });
  }

  #paint() {
    const width = this.#scroller.clientWidth;
    const height = this.#scroller.clientHeight;
    const scale = devicePixelRatio;
    const canvas = this.#canvas;
    if (
      canvas.width !== Math.round(width * scale) ||
      canvas.height !== Math.round(height * scale)
    ) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    const top = this.#scroller.scrollTop;
    const firstRow = Math.floor(top / this.#high);
    const lastRow = Math.ceil((top + height) / this.#high);
    const first = firstRow * this.#columns;
    const last = Math.min(this.#frames.length, lastRow * this.#columns);
    this.#paintRowNumbers(context, firstRow, lastRow, top);
    this.#paintCells(context, first, last, top);
    this.#paintProgress(context, first, last, top);
    if (this.#wide >= SIGN_FROM) this.#paintSigns(context, first, last, top);
    if (document.activeElement === this.#scroller) this.#paintFocus(context, top);
  }

  #corner(index, top) {
    const row = Math.floor(index / this.#columns);
    return [GUTTER + (index - row * this.#columns) * this.#wide, row * this.#high - top];
  }

  #paintRowNumbers(context, firstRow, lastRow, top) {
    const every = Math.ceil(13 / this.#high);
    context.fillStyle = token("--text-3");
    context.font = `10.5px ${token("--font")}`;
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (let row = firstRow - (firstRow % every); row < lastRow; row += every) {
      const index = row * this.#columns;
      if (index >= this.#frames.length) break;
      context.fillText(
        String(this.#frames.number(index)),
        GUTTER - 8,
        row * this.#high - top + this.#high / 2,
      );
    }
  }

  /** Width and height of what is painted of a cell. */
  #inner() {
    const gap = this.#wide >= SIGN_FROM ? 2 : 1;
    return [this.#wide - gap, this.#high - gap];
  }

  #paintCells(context, first, last, top) {
    const [wide, high] = this.#inner();
    const { states } = this.#frames;
    const paths = {};
    for (let index = first; index < last; index += 1) {
      const path = (paths[states[index]] ??= new Path2D());
      const [x, y] = this.#corner(index, top);
      if (this.#wide >= 16) path.roundRect(x, y, wide, high, 3);
      else path.rect(x, y, wide, high);
    }
    for (const [state, path] of Object.entries(paths)) {
      context.fillStyle = token(COLOURS[state]);
      // A frame that was given out fills up as it renders; one that is in line stays pale.
      context.globalAlpha = Number(state) === RENDERING ? 0.4 : 1;
      context.fill(path);
    }
    context.globalAlpha = 1;
  }

  #paintProgress(context, first, last, top) {
    const [wide, high] = this.#inner();
    context.fillStyle = token("--rendering");
    for (const [number, { progress }] of this.#running) {
      const index = this.#frames.index(number);
      if (index < first || index >= last || this.#frames.states[index] !== RENDERING) continue;
      const [x, y] = this.#corner(index, top);
      const filled = this.#wide >= SIGN_FROM ? Math.max(3, (high * progress) / 100) : high;
      context.fillRect(x, y + high - filled, wide, filled);
    }
  }

  #paintSigns(context, first, last, top) {
    const { states } = this.#frames;
    const [wide, high] = this.#inner();
    const numbers = this.#wide >= 30 && this.#frames.length <= NUMBERS_UP_TO;
    const inks = [token("--text-2"), token("--text"), "#fff", "#fff"];
    context.font = `600 10.5px ${token("--font")}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    const crosses = new Path2D();
    for (let index = first; index < last; index += 1) {
      const [x, y] = this.#corner(index, top);
      if (numbers) {
        context.fillStyle = inks[states[index]];
        context.fillText(String(this.#frames.number(index)), x + wide / 2, y + high / 2 + 0.5);
      }
      if (states[index] !== FAILED) continue;
      // Beside a number the cross is small, in the corner.
      const arm = numbers ? 2 : Math.min(wide, high) * 0.24;
      const [middle, centre] = numbers ? [x + wide - 5, y + 5] : [x + wide / 2, y + high / 2];
      crosses.moveTo(middle - arm, centre - arm);
      crosses.lineTo(middle + arm, centre + arm);
      crosses.moveTo(middle + arm, centre - arm);
      crosses.lineTo(middle - arm, centre + arm);
    }
    context.lineWidth = 1.6;
    context.strokeStyle = "#fff";
    context.stroke(crosses);
    this.#paintFaults(context, first, last, top);
  }

  /** A corner tells of failed attempts at a frame that is to be tried again. */
  #paintFaults(context, first, last, top) {
    const { attempts, states } = this.#frames;
    const [, high] = this.#inner();
    const arm = Math.min(7, high / 2);
    context.fillStyle = token("--failed");
    context.beginPath();
    for (let index = first; index < last; index += 1) {
      if (!attempts[index] || states[index] === DONE || states[index] === FAILED) continue;
      const [x, y] = this.#corner(index, top);
      context.moveTo(x, y);
      context.lineTo(x + arm, y);
      context.lineTo(x, y + arm);
    }
    context.fill();
  }

  #paintFocus(context, top) {
    const [x, y] = this.#corner(this.#at, top);
    context.strokeStyle = token("--text");
    context.lineWidth = 2;
    context.strokeRect(x - 1, y - 1, this.#wide, this.#high);
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
    this.#draw();
  }

  #reveal() {
    const [, y] = this.#corner(this.#at, 0);
    const { scrollTop, clientHeight } = this.#scroller;
    if (y < scrollTop) this.#scroller.scrollTop = y;
    if (y + this.#high > scrollTop + clientHeight)
      this.#scroller.scrollTop = y + this.#high - clientHeight;
    const box = this.#scroller.getBoundingClientRect();
    const [x, top] = this.#corner(this.#at, this.#scroller.scrollTop);
    showTip(box.left + x, box.top + top, this.describe(this.#at));
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
