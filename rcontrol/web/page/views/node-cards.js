/** The nodes as one job sees them: whether it may use them, and what they do for it. */

import { act } from "/page/actions.js";
import { call, path } from "/page/api.js";
import { fill, h, say, set } from "/page/dom.js";
import { Progress, chip, reasonOf, restate, stateOf } from "/page/status.js";

export class NodeCards {
  #job;
  #changed;
  #list = h("ul.node-cards");
  #cards = new Map();
  element = h(
    "section.panel",
    { "aria-labelledby": "cards-title" },
    h("h2", { id: "cards-title" }, "Nodes"),
    this.#list,
  );

  /**
   * @param {string} job its id
   * @param {() => void} changed called when a node was enabled or disabled
   */
  constructor(job, changed) {
    this.#job = job;
    this.#changed = changed;
  }

  /**
   * @param {object | undefined} details the answer of `/job/info`; undefined: not known yet
   * @param {Array<object>} nodes of the farm
   */
  show(details, nodes) {
    if (!details) return;
    const names = nodes.map((node) => node.name);
    for (const [name, card] of this.#cards) {
      if (!names.includes(name)) {
        card.element.remove();
        this.#cards.delete(name);
      }
    }
    for (const node of nodes) {
      if (!this.#cards.has(node.name)) this.#cards.set(node.name, this.#make(node));
      const card = this.#cards.get(node.name);
      if (!card.element.isConnected || card.element.parentNode !== this.#list)
        this.#list.append(card.element);
      this.#fill(card, node, details);
    }
  }

  #make(node) {
    const id = `card-${encodeURIComponent(node.name)}`;
    const card = { frames: [] };
    card.chip = chip("idle");
    card.note = h("p.note", { hidden: true });
    card.work = h("div.work");
    card.toggle = h(
      "button.switch",
      { role: "switch", "aria-labelledby": id, onclick: () => this.#switch(node.name, card) },
      h("span"),
    );
    card.element = h(
      "li.node-card",
      {},
      h("div.line", {}, h("span.node-name", { id }, node.name), card.chip, card.toggle),
      card.work,
      card.note,
    );
    return card;
  }

  #fill(card, node, details) {
    const enabled = details.node_status[node.name]?.enabled ?? false;
    const mine = node.rendering.filter((frame) => frame.job_id === this.#job);
    const others = node.rendering.length - mine.length;
    const state = stateOf(node);
    set(card.toggle, "aria-checked", String(enabled));
    set(card.toggle, "title", enabled ? "May render this job" : "May not render this job");
    if (mine.length) restate(card.chip, "running", "rendering");
    else if (state === "online") restate(card.chip, "idle", others ? "at another job" : "idle");
    else restate(card.chip, state);
    card.element.classList.toggle("off", !enabled);
    const note = details.left_out[node.name] || reasonOf(node);
    card.note.hidden = !note;
    say(card.note, note);
    this.#showFrames(card, mine);
  }

  #showFrames(card, frames) {
    while (card.frames.length > frames.length) card.frames.pop().element.remove();
    frames.forEach((frame, index) => {
      const row = (card.frames[index] ??= this.#frameRow(card));
      say(row.label, `Frame ${frame.frame}`);
      say(row.percent, `${Math.round(frame.progress)} %`);
      row.bar.show(frame.progress);
    });
  }

  #frameRow(card) {
    const row = {
      label: h("span.number"),
      percent: h("span.number.muted"),
      bar: new Progress("Progress of the frame"),
    };
    row.element = h("div.frame-line", {}, row.label, row.bar.element, row.percent);
    card.work.append(row.element);
    return row;
  }

  async #switch(name, card) {
    const on = card.toggle.getAttribute("aria-checked") !== "true";
    const verb = on ? "enable" : "disable";
    const done = on ? `${name} may render this job` : `${name} gets no more frames of this job`;
    if (await act(() => call(path("node", verb, name, this.#job)), done)) this.#changed();
  }
}
