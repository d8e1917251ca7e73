/** A box to tick for each node of the farm. */

import { fill, h } from "/page/dom.js";
import { reasonOf, stateOf } from "/page/status.js";

export class NodeBoxes {
  #changed;
  #key = "";
  #wanted = null;
  element = h("div.boxes", { role: "group" });
  /** Buttons that tick all of them, or none. */
  all = h(
    "div.row.tight",
    {},
    h("button.quiet.small", { type: "button", onclick: () => this.#tick(true) }, "All"),
    h("button.quiet.small", { type: "button", onclick: () => this.#tick(false) }, "None"),
  );

  /** @param {() => void} changed called when a person has ticked something */
  constructor(changed) {
    this.#changed = changed;
  }

  /** Names of the nodes that are ticked. */
  get chosen() {
    return [...this.element.querySelectorAll("input:checked")].map((box) => box.value);
  }

  /** Have these nodes ticked, and no others, when they are shown next. */
  choose(names) {
    this.#wanted = new Set(names);
    this.#key = "";
  }

  /** Show the nodes of the farm. One that is new is ticked. */
  show(nodes) {
    const members = nodes.filter((node) => node.duty !== "leaving");
    const key = members.map((node) => `${node.name} ${stateOf(node)}`).join();
    if (this.#key === key || !members.length) return;
    this.#key = key;
    const boxes = this.element.querySelectorAll("input:not(:checked)");
    const unticked = new Set([...boxes].map((box) => box.value));
    const wanted = this.#wanted;
    this.#wanted = null;
    fill(
      this.element,
      members.map((node) =>
        this.#box(node, wanted ? wanted.has(node.name) : !unticked.has(node.name)),
      ),
    );
  }

  #box(node, on) {
    const state = stateOf(node);
    return h(
      "label.choice",
      { title: reasonOf(node) || null },
      h("input", { type: "checkbox", value: node.name, checked: on, onchange: this.#changed }),
      h("span", {}, node.name, state === "online" ? null : h("span.hint", {}, state)),
    );
  }

  #tick(on) {
    for (const box of this.element.querySelectorAll("input")) box.checked = on;
    this.#changed();
  }
}
