/** What a job was submitted with, and when. */

import { fill, h } from "/page/dom.js";

export class JobFacts {
  #times = h("dl.facts");
  #list = h("dl.facts");
  element = h(
    "section.panel",
    { "aria-labelledby": "facts-title" },
    h("h2", { id: "facts-title" }, "Details"),
    this.#list,
    this.#times,
  );

  /** @param {Array<[string, string, string]>} times name, short form, full form */
  showTimes(times) {
    fill(
      this.#times,
      times.map(([name, short, full]) => pair(name, short, full)),
    );
  }

  /** @param {object} details the answer of `/job/info` */
  show(details) {
    const { options } = details;
    const facts = [
      ["Project", breakable(details.path)],
      ["Frames", details.frames.replaceAll(",", ", ")],
      ["Output", breakable(options.output) || "as the project says"],
      ["Scene", options.scene],
      ["Arguments", options.args.join(" ")],
      ["Priority", options.priority ? String(options.priority) : ""],
      ["Files appear", options.publish === "direct" ? "while they are written" : ""],
      ["Job id", details.id],
    ];
    fill(
      this.#list,
      facts.filter(([, value]) => value).map(([name, value]) => pair(name, value)),
    );
  }
}

/** A path that breaks at its slashes. */
function breakable(path) {
  return (
    path &&
    path
      .split("/")
      .flatMap((part, index) => (index ? ["/", document.createElement("wbr"), part] : [part]))
  );
}

function pair(name, value, title) {
  return h("div", {}, h("dt", {}, name), h("dd", { title: title || null }, value));
}
