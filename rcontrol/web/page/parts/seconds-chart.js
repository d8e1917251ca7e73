/** Seconds a frame, by frame, coloured and shaped by node. */

import { fill, h, set, token } from "/page/dom.js";
import { count, duration, plural } from "/page/format.js";
import { DONE } from "/page/job-frames.js";
import { CanvasElement, sized } from "/page/parts/canvas-element.js";
import { hideTip, showTip } from "/page/parts/tooltip.js";

const HEIGHT = 190;
const LEFT = 58;
const RIGHT = 10;
const TOP = 10;
const BOTTOM = 24;
const COLOURS = 8;
/** Beyond this many points a column of pixels shows a node's mean instead of each frame. */
const POINTS = 1500;
/** Steps of the axes, times a power of ten; those of time are in seconds. */
const STEPS = [1, 2, 5];
const LONG_STEPS = [60, 120, 300, 600, 1800, 3600, 7200, 18_000, 36_000, 86_400];

class SecondsChart extends CanvasElement {
  #canvas = h("canvas", { role: "img", hidden: true });
  #legend = h("ul.legend");
  #nothing = h("p.muted", { hidden: true }, "No frame is done yet.");
  #frames = null;
  #points = [];
  #hidden = new Set();

  connectedCallback() {
    super.connectedCallback();
    this.append(this.#nothing, this.#canvas, this.#legend);
    this.#canvas.addEventListener("pointermove", (event) => this.#hover(event));
    this.#canvas.addEventListener("pointerleave", hideTip);
    this.#canvas.addEventListener("click", (event) => this.#click(event));
  }

  /** @param {import("/page/job-frames.js").JobFrames} frames */
  show(frames) {
    this.#frames = frames;
    this.draw();
  }

  // --- what is drawn ---

  #sums() {
    const { attempts, states, nodes, seconds, names, length } = this.#frames;
    const sums = names.map(() => ({ frames: 0, seconds: 0 }));
    let most = 0;
    for (let index = 0; index < length; index += 1) {
      if (states[index] !== DONE || !attempts[index]) continue;
      sums[nodes[index]].frames += 1;
      sums[nodes[index]].seconds += seconds[index];
      if (!this.#hidden.has(names[nodes[index]])) most = Math.max(most, seconds[index]);
    }
    return [sums, most];
  }

  paint() {
    if (!this.#frames) return;
    const [sums, most] = this.#sums();
    this.#showLegend(sums);
    const any = sums.some(({ frames }) => frames);
    this.#nothing.hidden = any;
    this.#canvas.hidden = !any;
    this.#legend.hidden = !any;
    if (!any) return;
    const width = this.clientWidth;
    const context = sized(this.#canvas, width, HEIGHT);
    context.font = `10.5px ${token("--font")}`;
    const across = width - LEFT - RIGHT;
    const down = HEIGHT - TOP - BOTTOM;
    const step = timeStep(most / 4 || 1);
    const top = Math.max(step, Math.ceil((most * 1.04) / step) * step);
    const x = (index) =>
      LEFT + (this.#frames.length < 2 ? 0.5 : index / (this.#frames.length - 1)) * across;
    const y = (seconds) => TOP + down * (1 - seconds / top);
    this.#paintAxes(context, x, y, step, top);
    this.#points = this.#frames.length > POINTS ? this.#means(x, y) : this.#all(x, y);
    const size = this.#points.length > 400 ? 2.2 : 3;
    const colours = Array.from({ length: COLOURS }, (_, node) => token(`--node-${node}`));
    for (const point of this.#points) {
      context.fillStyle = colours[point.node % COLOURS];
      mark(context, point.node, point.x, point.y, size);
    }
  }

  #paintAxes(context, x, y, step, top) {
    context.strokeStyle = token("--line");
    context.fillStyle = token("--text-3");
    context.lineWidth = 1;
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (let value = 0; value <= top + step / 2; value += step) {
      const line = Math.round(y(value)) + 0.5;
      context.beginPath();
      context.moveTo(LEFT, line);
      context.lineTo(this.clientWidth - RIGHT, line);
      context.stroke();
      context.fillText(value ? axisTime(value, step) : "0", LEFT - 8, line);
    }
    context.textBaseline = "top";
    const { length } = this.#frames;
    const every = Math.max(
      1,
      Math.ceil(stepOf(length / Math.max(2, (this.clientWidth - LEFT) / 90))),
    );
    for (let index = 0; index < length; index += every) {
      context.textAlign = index ? "center" : "left";
      if (x(index) < this.clientWidth - 24)
        context.fillText(this.#frames.number(index), x(index), HEIGHT - BOTTOM + 8);
    }
  }

  #shown(index) {
    const { attempts, states, nodes, names } = this.#frames;
    return states[index] === DONE && attempts[index] > 0 && !this.#hidden.has(names[nodes[index]]);
  }

  #all(x, y) {
    const points = [];
    for (let index = 0; index < this.#frames.length; index += 1) {
      if (!this.#shown(index)) continue;
      const seconds = this.#frames.seconds[index];
      points.push({
        x: x(index),
        y: y(seconds),
        index,
        seconds,
        node: this.#frames.nodes[index],
        of: 1,
      });
    }
    return points;
  }

  #means(x, y) {
    const { nodes, seconds, names, length } = this.#frames;
    const columns = new Map();
    for (let index = 0; index < length; index += 1) {
      if (!this.#shown(index)) continue;
      const key = Math.floor(x(index) / 3) * names.length + nodes[index];
      const mean = columns.get(key);
      if (mean) {
        mean.sum += seconds[index];
        mean.of += 1;
      } else
        columns.set(key, { x: x(index), index, node: nodes[index], sum: seconds[index], of: 1 });
    }
    return [...columns.values()].map((mean) => ({
      ...mean,
      seconds: mean.sum / mean.of,
      y: y(mean.sum / mean.of),
    }));
  }

  #showLegend(sums) {
    const { names } = this.#frames;
    const total = sums.reduce((sum, { frames }) => sum + frames, 0);
    const key = JSON.stringify([names, sums, [...this.#hidden]]);
    if (this.key === key) return;
    this.key = key;
    const held = this.#legend.contains(document.activeElement)
      ? document.activeElement.dataset.node
      : null;
    fill(
      this.#legend,
      names.map((name, node) =>
        h(
          "li",
          { hidden: !sums[node].frames },
          h(
            "button.quiet.small",
            {
              "data-node": name,
              "aria-pressed": String(!this.#hidden.has(name)),
              title: "Show or hide this node",
              onclick: () => this.#toggle(name),
            },
            sign(node % COLOURS),
            h("span", {}, name),
            h(
              "span.number.muted",
              {},
              `${count(sums[node].frames)} · ${duration(sums[node].seconds / sums[node].frames)}`,
            ),
          ),
        ),
      ),
    );
    if (held !== null) this.#legend.querySelector(`[data-node="${CSS.escape(held)}"]`)?.focus();
    const words = names.map(
      (name, node) =>
        `${name} ${duration(sums[node].seconds / sums[node].frames)} on average over ${plural(sums[node].frames, "frame")}`,
    );
    set(
      this.#canvas,
      "aria-label",
      total
        ? `Seconds a frame by node: ${words.join("; ")}`
        : "Seconds a frame: no frame is done yet",
    );
  }

  #toggle(name) {
    if (!this.#hidden.delete(name)) this.#hidden.add(name);
    this.draw();
  }

  // --- pointing ---

  #nearest(event) {
    const box = this.#canvas.getBoundingClientRect();
    const [left, top] = [event.clientX - box.left, event.clientY - box.top];
    let found = null;
    let least = 18 ** 2;
    for (const point of this.#points) {
      const distance = (point.x - left) ** 2 + (point.y - top) ** 2;
      if (distance < least) [found, least] = [point, distance];
    }
    return found;
  }

  #hover(event) {
    const point = this.#nearest(event);
    this.#canvas.style.cursor = point ? "pointer" : "";
    if (!point) {
      hideTip();
      return;
    }
    const frame = this.#frames.number(point.index);
    const title =
      point.of > 1
        ? `Frames from ${frame}: ${duration(point.seconds)} on average`
        : `Frame ${frame}: ${duration(point.seconds)}`;
    showTip(event.clientX, event.clientY, [title, this.#frames.names[point.node]]);
  }

  #click(event) {
    const point = this.#nearest(event);
    if (point)
      this.dispatchEvent(new CustomEvent("open", { detail: this.#frames.number(point.index) }));
  }
}

/** A step for an axis of seconds that is easily read and at least `least`. */
function timeStep(least) {
  return (least > 30 && LONG_STEPS.find((step) => step >= least)) || stepOf(least);
}

/** The same for plain numbers. */
function stepOf(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return STEPS.map((step) => step * power).find((step) => step >= least) ?? 10 * power;
}

function axisTime(value, step) {
  if (step >= 3600) return `${value / 3600} h`;
  if (step >= 60) return `${value / 60} min`;
  return `${Number(value.toPrecision(3))} s`;
}

/** Nodes of neighbouring colours have different shapes. */
function mark(context, node, x, y, size) {
  context.beginPath();
  if (node % 4 === 0) context.arc(x, y, size, 0, 7);
  else if (node % 4 === 1)
    context.rect(x - size + 0.4, y - size + 0.4, 2 * size - 0.8, 2 * size - 0.8);
  else if (node % 4 === 2) {
    context.moveTo(x, y - size - 1);
    context.lineTo(x + size + 0.6, y + size);
    context.lineTo(x - size - 0.6, y + size);
  } else {
    context.moveTo(x, y - size - 1);
    context.lineTo(x + size + 1, y);
    context.lineTo(x, y + size + 1);
    context.lineTo(x - size - 1, y);
  }
  context.fill();
}

function sign(node) {
  const canvas = h("canvas.sign", { width: 24, height: 24, "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  context.scale(2, 2);
  context.fillStyle = token(`--node-${node}`);
  mark(context, node, 6, 6, 4);
  return canvas;
}

customElements.define("rc-seconds-chart", SecondsChart);
