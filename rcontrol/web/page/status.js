/** How statuses of jobs, nodes and frames look: always a colour, a sign and a word. */

import { h, say } from "/page/dom.js";
import { icon } from "/page/icons.js";

/** Statuses of jobs in the order in which people look for them. */
export const JOB_STATUSES = ["Rendering", "Waiting", "Failed", "Stopped", "Finished"];

const LOOKS = {
  Rendering: ["rendering", "bolt"],
  Waiting: ["waiting", "clock"],
  Failed: ["failed", "warning"],
  Stopped: ["stopped", "stop"],
  Finished: ["finished", "check"],
  online: ["finished", "check"],
  offline: ["failed", "plug"],
  resting: ["stopped", "moon"],
  paused: ["stopped", "pause"],
  leaving: ["waiting", "exit"],
  idle: ["waiting", "clock"],
  running: ["rendering", "bolt"],
  done: ["finished", "check"],
  failed: ["failed", "cross"],
  killed: ["waiting", "stop"],
};

/** Return a chip that shows a status. */
export function chip(status, label = status) {
  const [look, sign] = LOOKS[status];
  return h(`span.chip.${look}`, { "data-status": status }, icon(sign, 13), h("span", {}, label));
}

/** Have a chip show another status. */
export function restate(chip_, status, label = status) {
  if (chip_.dataset.status === status) {
    say(chip_.lastChild, label);
    return;
  }
  const fresh = chip(status, label);
  chip_.className = fresh.className;
  chip_.dataset.status = status;
  chip_.replaceChildren(...fresh.childNodes);
}

/** The one word that says most about a node. */
export function stateOf(node) {
  return node.duty === "serving" ? node.state : node.duty;
}

/** Why a node is not at work, in words; empty: nothing is in its way. */
export function reasonOf(node) {
  if (node.duty === "paused") {
    const why = node.duty_reason || "no reason was given";
    return node.state === "online" ? why : `${why}; also ${node.state}: ${node.reason}`;
  }
  if (node.duty === "leaving") return "leaves the farm when its frames are done";
  return node.state === "online" ? "" : node.reason;
}

/** A progress bar with a part for what is done and one for what was given up. */
export class Progress {
  #done = h("span.done");
  #failed = h("span.failed");

  constructor(label) {
    this.element = h(
      "div.bar",
      { role: "progressbar", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": 100 },
      this.#done,
      this.#failed,
    );
  }

  /**
   * @param {number} percent
   * @param {string} look a class: the status's
   * @param {number} failed percent given up
   */
  show(percent, look = "rendering", failed = 0) {
    const { element } = this;
    const shown = Math.round(percent * 10) / 10;
    if (element.dataset.shown === `${shown} ${look} ${failed}`) return;
    element.dataset.shown = `${shown} ${look} ${failed}`;
    element.className = `bar ${look}`;
    element.setAttribute("aria-valuenow", shown);
    this.#done.style.width = `${shown}%`;
    this.#failed.style.width = `${failed}%`;
  }
}
