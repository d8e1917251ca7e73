/** The form for a new job; filled in from another one where it is duplicated. */

import { act } from "/page/actions.js";
import { ApiError, call, path } from "/page/api.js";
import { h, set } from "/page/dom.js";
import { farm } from "/page/farm.js";
import { folderOf } from "/page/format.js";
import { icon } from "/page/icons.js";
import { Field } from "/page/parts/field.js";
import { FramesField } from "/page/parts/frames-field.js";
import { NodeBoxes } from "/page/parts/node-boxes.js";
import "/page/parts/storage-browser.js";
import { toast } from "/page/parts/toast.js";
import { jobAddress } from "/page/router.js";
import { View } from "/page/view.js";

const input = (attributes = {}) =>
  h("input", { autocomplete: "off", spellcheck: "false", ...attributes });

class NewJob extends View {
  build() {
    document.title = "New job – rcontrol";
    this.browser = h("rc-storage-browser", { onpick: (event) => this.pick(event.detail) });
    this.makeFields();
    this.heading = h("h1", { tabindex: -1 }, this.told.from ? "Duplicate job" : "New job");
    this.more = h(
      "details",
      {},
      h("summary", {}, "More options"),
      ["output", "scene", "args", "priority"].map((name) => this.fields[name].element),
      h(
        "label.choice",
        {},
        this.direct,
        h(
          "span",
          {},
          "Write files straight to their place",
          h("span.hint", {}, "Else a file appears when it is complete."),
        ),
      ),
    );
    this.form = h(
      "form",
      { novalidate: true, onsubmit: (event) => this.submit(event) },
      h(
        "div.form-columns",
        {},
        h(
          "section.panel",
          { "aria-labelledby": "browse-title" },
          h("h2", { id: "browse-title" }, "Project file"),
          this.fields.path.element,
          this.browser,
        ),
        h(
          "section.panel.stack",
          { "aria-label": "Job" },
          this.fields.frames.element,
          this.fields.name.element,
          this.fields.nodes.element,
          this.more,
          h(
            "div.row.end",
            {},
            h("button", { value: "start" }, icon("start"), "Submit and start"),
            h("button.primary", { value: "queue" }, "Submit to queue"),
          ),
        ),
      ),
    );
    this.append(h("header.top", {}, this.heading), this.form);
    this.prefill();
  }

  makeFields() {
    this.nodes = new NodeBoxes(() => this.checkNodes());
    this.direct = h("input", { type: "checkbox" });
    this.fields = {
      path: new Field("Path", input({ placeholder: "Choose below, or type" }), ""),
      frames: new FramesField(
        "Frames",
        "Such as 1-100, 1-100x5 for every fifth, or 1,4,10-20.",
        true,
      ),
      name: new Field("Name", input(), "For people; the file’s name if left empty."),
      nodes: new Field("Nodes", this.nodes.element),
      output: new Field(
        "Output",
        input({ placeholder: "as the project says" }),
        "Where frames go, on the shared storage; // stands for the project’s folder.",
      ),
      scene: new Field("Scene", input(), "The file’s active scene if left empty."),
      args: new Field(
        "Arguments",
        h("textarea", { rows: 2, spellcheck: "false" }),
        "For the renderer’s command line, one a line.",
      ),
      priority: new Field(
        "Priority",
        input({ inputmode: "numeric", placeholder: "0" }),
        "Higher goes first among rendering jobs.",
      ),
    };
    this.fields.nodes.element.querySelector(".label").append(this.nodes.all);
    this.fields.path.input.addEventListener("change", () => this.checkPath());
    this.fields.priority.input.addEventListener("change", () => this.checkPriority());
  }

  // --- filling it in ---

  async prefill() {
    const { from, path: file, frames } = this.told;
    if (frames) this.fields.frames.value = frames;
    if (file) this.fields.path.value = file;
    if (from) await this.copy(from, frames);
    if (this.signal.aborted) return;
    if (this.fields.path.value)
      this.browser.open(folderOf(this.fields.path.value), this.fields.path.value);
    if (this.fields.frames.value) this.fields.frames.check();
  }

  async copy(id, frames) {
    let job;
    try {
      job = await call(path("job", "status", id), { signal: this.signal });
    } catch (error) {
      if (error.name === "AbortError") return;
      if (!(error instanceof ApiError)) throw error;
      toast(error.message, { detail: error.explanation, bad: true });
      return;
    }
    const { options } = job;
    const given = {
      path: job.file_path,
      frames: frames ?? job.frames,
      name: job.name,
      output: options.output,
      scene: options.scene,
      args: options.args.join("\n"),
      priority: options.priority || "",
    };
    for (const [name, value] of Object.entries(given)) this.fields[name].value = value;
    this.direct.checked = options.publish === "direct";
    this.engine = job.render_engine;
    const enabled = Object.entries(job.node_status).filter(([, node]) => node.enabled);
    this.nodes.choose(enabled.map(([name]) => name));
    this.more.open = Boolean(
      options.output ||
      options.scene ||
      options.args.length ||
      options.priority ||
      this.direct.checked,
    );
    this.nodes.show(farm.nodes);
  }

  pick(file) {
    this.fields.path.value = file;
    this.fields.path.problem = "";
    this.fields.path.hint = "";
    this.fields.frames.input.focus();
  }

  update({ nodes }) {
    if (nodes) this.nodes.show(farm.nodes);
  }

  // --- what is wrong with it ---

  async checkPath() {
    const field = this.fields.path;
    field.problem = field.value ? "" : "Choose a project file";
    if (!field.value) return false;
    this.seen(field.value);
    return true;
  }

  /** Say so when the server does not see a file. That is no mistake: the nodes may. */
  async seen(file) {
    try {
      const folder = file.includes("/") ? folderOf(file) : "";
      const { contents } = await call("/storage/ls", {
        body: { path: folder },
        signal: this.signal,
      });
      const name = file.slice(file.lastIndexOf("/") + 1);
      this.fields.path.hint = contents.some((entry) => entry.name === name && entry.type === "f")
        ? ""
        : "The server sees no such file; the nodes must.";
    } catch (error) {
      if (error.name === "ApiError" && error.status) this.fields.path.problem = error.explanation;
      else if (error.name !== "AbortError" && error.name !== "ApiError") throw error;
    }
  }

  checkPriority() {
    const field = this.fields.priority;
    field.problem = /^-?\d{0,9}$/.test(field.value) ? "" : "A whole number, such as 10 or -5";
    return !field.problem;
  }

  checkNodes() {
    this.fields.nodes.problem = this.nodes.chosen.length ? "" : "Choose at least one node";
    return !this.fields.nodes.problem;
  }

  async submit(event) {
    event.preventDefault();
    const start = event.submitter?.value === "start";
    const checks = [
      await this.checkPath(),
      await this.fields.frames.check(),
      this.checkNodes(),
      this.checkPriority(),
    ];
    if (!checks.every(Boolean)) {
      this.pointOut();
      return;
    }
    this.busy(true);
    try {
      const { job_id: id } = await call("/job/new", { body: this.order() });
      toast("Submitted to the queue");
      location.hash = jobAddress(id);
      // What is refused from here on is no reason to submit again.
      if (start) await act(() => call(path("job", "start", id)), "Started");
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.refuse(error);
    } finally {
      this.busy(false);
    }
  }

  order() {
    const { fields } = this;
    const optional = {
      name: fields.name.value,
      output: fields.output.value,
      scene: fields.scene.value,
      render_engine: this.engineFor(fields.path.value),
    };
    return {
      path: fields.path.value,
      frames: fields.frames.value,
      nodes: this.nodes.chosen,
      args: fields.args.input.value.split("\n").filter(Boolean),
      priority: Number(fields.priority.value || 0),
      publish: this.direct.checked ? "direct" : "fenced",
      ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value)),
    };
  }

  /** A duplicate keeps its engine as long as its file is of the same kind. */
  engineFor(file) {
    const job = farm.jobs.get(this.told.from);
    const kind = (name) => name.slice(name.lastIndexOf("."));
    return this.engine && job && kind(job.path) === kind(file) ? this.engine : "";
  }

  /** Show a refusal at the field that it is about, in the server's words. */
  refuse({ status, message, explanation }) {
    const about = Object.keys(this.fields).find((name) =>
      new RegExp(`^${name}\\b`).test(explanation),
    );
    const storage =
      status === 403 &&
      (this.fields.output.value && explanation.includes(this.fields.output.value)
        ? "output"
        : "path");
    const name = about ?? (message === "Node not found" ? "nodes" : storage);
    toast(message, { detail: explanation, bad: true });
    if (!name) return;
    if (["output", "scene", "args", "priority"].includes(name)) this.more.open = true;
    this.fields[name].problem = explanation;
    this.pointOut();
  }

  pointOut() {
    const wrong = this.querySelector("[aria-invalid]");
    (wrong?.matches("[role=group]") ? wrong.querySelector("input") : wrong)?.focus();
  }

  busy(on) {
    for (const button of this.form.querySelectorAll("button[value]")) set(button, "disabled", on);
  }
}

customElements.define("rc-new-job", NewJob);
