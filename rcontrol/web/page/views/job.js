/** One job: how it stands, why, its frames and the nodes that render it. */

import { duplicateOf, possible, remove } from "/page/actions.js";
import { call, path } from "/page/api.js";
import { fill, gather, h, say, set } from "/page/dom.js";
import { farm } from "/page/farm.js";
import { count, duration, folderOf, moment, momentInFull, percent } from "/page/format.js";
import { icon } from "/page/icons.js";
import { JobFrames } from "/page/job-frames.js";
import "/page/parts/filmstrip.js";
import "/page/parts/frame-grid.js";
import "/page/parts/seconds-chart.js";
import { HOME, frameAddress } from "/page/router.js";
import { Progress, chip, restate } from "/page/status.js";
import { View } from "/page/view.js";
import { JobFacts } from "/page/views/job-facts.js";
import { NodeCards } from "/page/views/node-cards.js";

class JobPage extends View {
  build() {
    this.frames = new JobFrames(this.told.job, this.signal);
    this.frames.addEventListener("change", () => {
      this.showFrames();
      this.chart.show(this.frames);
      this.film.show(this.told.job, this.frames);
    });
    this.chip = chip("Waiting");
    this.name = h("h1", { tabindex: -1 });
    this.actions = h("div.row");
    this.why = h("p.why", { hidden: true });
    this.progress = new Progress("Progress of the job");
    this.figures = h("p.figures");
    const onopen = (event) => (location.hash = frameAddress(this.told.job, event.detail));
    this.grid = h("rc-frame-grid", { onopen });
    this.chart = h("rc-seconds-chart", { onopen });
    this.film = h("rc-filmstrip");
    this.legend = h("ul.legend");
    this.check = h("a.more", { hidden: true }, "Check the files");
    this.facts = new JobFacts();
    this.cards = new NodeCards(this.told.job, () => this.askDetails());
    this.body = h(
      "div.job",
      {},
      h(
        "header.top",
        {},
        h("a.back", { href: HOME, "aria-label": "Back to the queue" }, icon("left")),
        h("div.title", {}, this.name, this.chip),
        this.actions,
      ),
      this.why,
      h(
        "section.panel.progress",
        { "aria-label": "Progress" },
        this.progress.element,
        this.figures,
      ),
      h(
        "div.columns",
        {},
        h(
          "div.wide",
          {},
          h(
            "section.panel",
            { "aria-labelledby": "frames-title" },
            h(
              "div.panel-head",
              {},
              h("h2", { id: "frames-title" }, "Frames"),
              this.check,
              this.legend,
            ),
            this.grid,
          ),
          h(
            "section.panel",
            { "aria-labelledby": "seconds-title" },
            h("h2", { id: "seconds-title" }, "Seconds a frame"),
            this.chart,
          ),
          h(
            "section.panel",
            { "aria-labelledby": "film-title" },
            h("h2", { id: "film-title" }, "Pictures"),
            this.film,
          ),
        ),
        h("div.narrow", {}, this.cards.element, this.facts.element),
      ),
    );
    this.gone = h("div.nothing", { hidden: true });
    this.append(this.body, this.gone);
    this.askDetails = gather(() => this.readDetails(), 50);
    this.askWhy = gather(() => this.readWhy(), 300);
    this.every(1000, () => this.showTimes());
  }

  get job() {
    return farm.jobs.get(this.told.job);
  }

  update({ jobs, nodes }) {
    const { job } = this;
    this.body.hidden = !job;
    this.gone.hidden = Boolean(job);
    if (!job) {
      this.showGone();
      return;
    }
    if (nodes) this.cards.show(this.details, farm.nodes);
    if (jobs === null || jobs.has(job.id)) this.showJob(job, jobs === null);
    else if (nodes) this.showFrames();
    if (nodes && job.status !== "Finished") this.nodesChanged();
  }

  showGone() {
    const words =
      farm.connection === "connecting"
        ? "Connecting to the server…"
        : "There is no such job; it may have been deleted.";
    if (this.gone.dataset.words === words) return;
    this.gone.dataset.words = words;
    fill(
      this.gone,
      h("h1", { tabindex: -1 }, words),
      h("a.button", { href: HOME }, "To the queue"),
    );
  }

  showJob(job, anew) {
    document.title = `${percent(job.progress)} ${job.name} – rcontrol`;
    say(this.name, job.name);
    restate(this.chip, job.status);
    this.showActions(job);
    this.progress.show(job.progress, job.status.toLowerCase(), (100 * job.failed) / job.total);
    this.showTimes();
    this.frames.refresh();
    if (anew || this.revision !== job.revision) {
      this.revision = job.revision;
      this.askDetails();
      this.askWhy();
    }
  }

  showActions(job) {
    if (this.actions.dataset.status === job.status) return;
    this.actions.dataset.status = job.status;
    const held = this.actions.contains(document.activeElement);
    fill(
      this.actions,
      possible(job).map((action, index) =>
        h(
          `button${index ? "" : ".primary"}`,
          { onclick: () => action.run(this.job) },
          icon(action.sign),
          action.label,
        ),
      ),
      h("a.button", { href: duplicateOf(job) }, icon("copy"), "Duplicate"),
      h(
        "button",
        {
          disabled: job.status === "Rendering",
          title: job.status === "Rendering" ? "Stop the job first" : null,
          onclick: () => this.delete(),
        },
        icon("trash"),
        "Delete",
      ),
    );
    if (held) this.actions.querySelector("button:enabled")?.focus();
  }

  /** The way to the frames that are missing: where they go is known of jobs that say it. */
  showCheck() {
    const { output } = this.details.options;
    const folder = output.startsWith("//")
      ? `${folderOf(this.details.path)}/${folderOf(output.slice(2))}`
      : folderOf(output);
    const told = new URLSearchParams({
      path: folder,
      frames: this.details.frames,
      job: this.told.job,
    });
    this.check.hidden = !output;
    set(this.check, "href", `#/missing?${told}`);
  }

  async delete() {
    const { job } = this;
    if (await remove(job)) location.hash = HOME;
  }

  showTimes() {
    const { job } = this;
    if (!job) return;
    const elapsed = farm.elapsed(job);
    const parts = [
      [percent(job.progress), "rendered"],
      [
        `${count(job.done)} / ${count(job.total)}`,
        job.failed ? `frames, ${count(job.failed)} given up` : "frames",
      ],
      [duration(elapsed), "elapsed"],
      [job.status === "Rendering" ? duration(farm.remaining(job)) : "–", "remaining"],
      [job.done ? duration(elapsed / job.done) : "–", "a frame"],
    ];
    const words = parts.flat().join("|");
    if (this.figures.dataset.words === words) return;
    this.figures.dataset.words = words;
    fill(
      this.figures,
      parts.map(([value, name]) => h("span", {}, h("strong.number", {}, value), ` ${name}`)),
    );
    this.facts.showTimes([
      ["Submitted", moment(job.created), momentInFull(job.created)],
      ["Started", moment(job.started), momentInFull(job.started)],
      [
        job.status === "Finished" ? "Finished" : "Last stopped",
        moment(job.stopped),
        momentInFull(job.stopped),
      ],
    ]);
  }

  // --- frames ---

  showFrames() {
    const running = new Map();
    for (const node of farm.nodes) {
      for (const frame of node.rendering) {
        if (frame.job_id === this.told.job)
          running.set(frame.frame, { node: node.name, progress: frame.progress });
      }
    }
    this.grid.show(this.frames, running);
    this.showLegend(running.size);
  }

  showLegend(rendering) {
    const counts = [0, 0, 0, 0];
    for (const state of this.frames.states) counts[state] += 1;
    const [pending, given, done, failed] = counts;
    const entries = [
      ["done", done, "done"],
      ["rendering", rendering, "rendering"],
      ["in-line", Math.max(0, given - rendering), "in line"],
      ["pending", pending, "pending"],
      ["failed", failed, "given up"],
    ].filter(([look, number]) => number || look === "done" || look === "pending");
    const key = entries.join();
    if (this.legend.dataset.key === key) return;
    this.legend.dataset.key = key;
    fill(
      this.legend,
      entries.map(([look, number, word]) =>
        h("li", {}, h(`span.swatch.${look}`), h("span.number", {}, count(number)), ` ${word}`),
      ),
    );
  }

  // --- what is asked for when it may have changed ---

  async readDetails() {
    try {
      this.details = await call(path("job", "info", this.told.job), { signal: this.signal });
    } catch (error) {
      if (error.name === "AbortError" || error.name === "ApiError") return;
      throw error;
    }
    this.facts.show(this.details);
    this.showCheck();
    this.cards.show(this.details, farm.nodes);
  }

  /** A job may wait for nodes: ask again when what they can do has changed, not their progress. */
  nodesChanged() {
    const key = farm.nodes
      .map((node) => `${node.name} ${node.state} ${node.duty} ${node.rendering.length > 0}`)
      .join();
    if (this.nodesKey === key) return;
    this.nodesKey = key;
    this.askWhy();
  }

  async readWhy() {
    const { job } = this;
    if (!job || this.signal.aborted) return;
    if (job.status === "Finished") {
      this.why.hidden = true;
      return;
    }
    try {
      const { why, reason } = await call(path("job", "why", job.id), { signal: this.signal });
      this.showWhy(job, why, reason);
    } catch (error) {
      if (error.name !== "AbortError" && error.name !== "ApiError") throw error;
    }
  }

  showWhy(job, why, reason) {
    const said = why && reason !== "rendering" ? why[0].toUpperCase() + why.slice(1) : "";
    this.why.hidden = !said;
    this.why.className = `why ${job.status.toLowerCase()}`;
    if (this.why.textContent !== said)
      fill(this.why, icon(job.status === "Failed" ? "warning" : "info"), h("span", {}, said));
  }
}

customElements.define("rc-job", JobPage);
