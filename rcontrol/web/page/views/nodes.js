/** Every node of the farm: its state, what it does, and what people want of it. */

import { act } from "/page/actions.js";
import { call, path } from "/page/api.js";
import { fill, h, say, set } from "/page/dom.js";
import { farm } from "/page/farm.js";
import { count, duration, moment, momentInFull, plural } from "/page/format.js";
import { icon } from "/page/icons.js";
import { ask, askFor } from "/page/parts/dialog.js";
import { openMenu } from "/page/parts/menu.js";
import { frameAddress } from "/page/router.js";
import { Progress, chip, reasonOf, restate, stateOf } from "/page/status.js";
import { View } from "/page/view.js";

class Nodes extends View {
  build() {
    document.title = "Nodes – rcontrol";
    this.rows = new Map();
    this.sum = h("p.muted.number", { role: "status" });
    this.body = h("tbody");
    this.table = h(
      "table.nodes",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ["Node", "State", "At work on", "Done", "A frame", ""].map((title) =>
            h("th", { scope: "col" }, title || h("span.unseen", {}, "Actions")),
          ),
        ),
      ),
      this.body,
    );
    this.append(
      h(
        "header.top",
        {},
        h("div.title", {}, h("h1", { tabindex: -1 }, "Nodes"), this.sum),
        h("button.primary", { onclick: addNode }, icon("plus"), "Add node"),
      ),
      h("div.panel.flush", {}, this.table),
      h("p.hint.below", {}, "Frames done and seconds a frame count from the start of the farm."),
    );
    this.every(1000, () => this.update({ nodes: true }));
  }

  update({ nodes }) {
    if (!nodes) return;
    const names = farm.nodes.map((node) => node.name);
    for (const [name, row] of this.rows) {
      if (!names.includes(name)) {
        row.element.remove();
        this.rows.delete(name);
      }
    }
    farm.nodes.forEach((node, index) => {
      if (!this.rows.has(node.name)) this.rows.set(node.name, makeRow(node.name));
      const row = this.rows.get(node.name);
      if (this.body.children[index] !== row.element)
        this.body.insertBefore(row.element, this.body.children[index] ?? null);
      showRow(row, node);
    });
    const rendering = farm.nodes.reduce((sum, node) => sum + node.rendering.length, 0);
    const slots = farm.nodes.reduce(
      (sum, node) => sum + (stateOf(node) === "online" ? node.slots : 0),
      0,
    );
    say(this.sum, `${plural(rendering, "frame")} rendering in ${plural(slots, "slot")}`);
  }
}

function makeRow(name) {
  const row = { frames: [] };
  row.chip = chip("idle");
  row.since = h("span.number.muted");
  row.reason = h("p.note", { hidden: true });
  row.slots = h("span.muted");
  row.work = h("div.work");
  row.idle = h("span.muted", {}, "–");
  row.done = h("td.number");
  row.average = h("td.number.average");
  row.pause = h("button.small", {
    onclick: () => (row.node.duty === "paused" ? resume(name) : pause(name)),
  });
  row.more = h(
    "button.quiet.small",
    { "aria-label": `More for ${name}`, onclick: () => menu(row) },
    icon("more"),
  );
  row.element = h(
    "tr",
    {},
    h("th", { scope: "row" }, h("span.node-name", {}, name), row.slots),
    h("td.state", {}, h("div.line", {}, row.chip, row.since), row.reason),
    h("td.at-work", {}, row.work, row.idle),
    row.done,
    row.average,
    h("td.actions", {}, h("div.row.end", {}, row.pause, row.more)),
  );
  return row;
}

function showRow(row, node) {
  row.node = node;
  const state = stateOf(node);
  restate(
    row.chip,
    state === "online" && node.rendering.length ? "running" : state,
    state === "online" && node.rendering.length ? "rendering" : state,
  );
  const since = node.duty === "serving" ? node.since : node.duty_since;
  const rest = node.rest_until - farm.now();
  say(
    row.since,
    state === "resting" && rest > 0
      ? `${duration(rest)} more`
      : since
        ? `since ${moment(since)}`
        : "",
  );
  set(row.since, "title", momentInFull(since));
  const reason = reasonOf(node);
  row.reason.hidden = !reason;
  say(row.reason, reason);
  say(row.slots, node.slots > 1 ? `${node.slots} slots` : "");
  say(row.done, count(node.frames_done));
  say(row.average, duration(node.average));
  showWork(row, node);
  const paused = node.duty === "paused";
  row.pause.hidden = node.duty === "leaving";
  if (row.pause.dataset.paused !== String(paused)) {
    row.pause.dataset.paused = String(paused);
    fill(row.pause, icon(paused ? "start" : "pause"), paused ? "Resume" : "Pause");
    set(row.pause, "aria-label", `${paused ? "Resume" : "Pause"} ${node.name}`);
  }
}

function showWork(row, node) {
  const frames = node.rendering;
  row.idle.hidden = frames.length > 0;
  while (row.frames.length > frames.length) row.frames.pop().element.remove();
  frames.forEach((frame, index) => {
    const line = (row.frames[index] ??= workLine(row.work));
    say(line.link, farm.jobs.get(frame.job_id)?.name ?? "a job");
    say(line.frame, frame.frame);
    set(line.link, "href", frameAddress(frame.job_id, frame.frame));
    say(line.percent, `${Math.round(frame.progress)} %`);
    line.bar.show(frame.progress);
  });
}

function workLine(place) {
  const line = {
    link: h("a"),
    frame: h("span.number.muted"),
    percent: h("span.number.muted"),
    bar: new Progress("Progress of the frame"),
  };
  line.element = h("div.work-line", {}, line.link, line.frame, line.bar.element, line.percent);
  place.append(line.element);
  return line;
}

// --- actions ---

function menu(row) {
  const { node } = row;
  openMenu(row.more, [
    {
      label: "Kill what it renders…",
      sign: "stop",
      off: !node.rendering.length,
      run: () => kill(node),
    },
    {
      label: "Remove from the farm…",
      sign: "exit",
      bad: true,
      off: node.duty === "leaving",
      run: () => remove(node),
    },
  ]);
}

async function pause(name) {
  const said = await askFor({
    title: `Pause ${name}?`,
    text: "It finishes the frames it has and gets no more, of any job, until it is resumed.",
    confirm: "Pause node",
    fields: [
      { name: "reason", label: "Reason", hint: "Shown to everybody; may be left empty.", max: 500 },
    ],
  });
  if (said) act(() => call(path("node", "pause", name), { body: said }), `${name} is paused`);
}

function resume(name) {
  act(() => call(path("node", "resume", name)), `${name} gets frames again`);
}

async function kill(node) {
  const sure = await ask({
    title: `Kill what ${node.name} renders?`,
    text: `${plural(node.rendering.length, "frame")} will be killed and go back, first in line.`,
    confirm: "Kill",
    bad: true,
  });
  if (sure) act(() => call(path("node", "kill", node.name)), `${node.name}: killed`);
}

async function remove(node) {
  const sure = await ask({
    title: `Remove ${node.name}?`,
    text: "It finishes the frames it has, then leaves the farm. A node of the configuration file comes back when that is reloaded.",
    confirm: "Remove node",
    bad: true,
  });
  if (sure) act(() => call(path("node", "remove", node.name)), `${node.name} leaves the farm`);
}

async function addNode() {
  const said = await askFor({
    title: "Add a node",
    text: "The server’s user must be able to log in there over SSH with a key. The node stays over restarts of the server.",
    confirm: "Add node",
    fields: [
      {
        name: "name",
        label: "Name",
        hint: "What people call it; an SSH host name or alias.",
        required: true,
      },
      { name: "host", label: "Host", hint: "Empty: the name." },
      {
        name: "user",
        label: "SSH user",
        hint: "Empty: as the configuration or ~/.ssh/config says.",
      },
      {
        name: "slots",
        label: "Slots",
        hint: "Frames rendered side by side.",
        type: "number",
        value: "1",
      },
    ],
  });
  if (!said) return;
  const { name, host, user } = said;
  const body = {
    name,
    slots: Number(said.slots) || 1,
    ...(host && { host }),
    ...(user && { user }),
  };
  act(() => call("/node/add", { body }), `${name} was added; it is being connected to`);
}

customElements.define("rc-nodes", Nodes);
