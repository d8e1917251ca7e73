/** One frame of a job: its picture, the attempts at it, and what the renderer said. */

import { call, path } from "/page/api.js";
import { fill, gather, h, say, set } from "/page/dom.js";
import { farm } from "/page/farm.js";
import { duration, moment, momentInFull } from "/page/format.js";
import { icon } from "/page/icons.js";
import { FRAME_WORDS, JobFrames, RENDERING } from "/page/job-frames.js";
import "/page/parts/frame-log.js";
import { frameAddress, jobAddress } from "/page/router.js";
import { Progress, chip, restate } from "/page/status.js";
import { View } from "/page/view.js";

const STATUS_OF = { 0: "idle", 1: "running", 2: "done", 3: "failed" };

class FramePage extends View {
  build() {
    this.number = Number(this.told.frame);
    this.frames = new JobFrames(this.told.job, this.signal);
    this.frames.addEventListener("change", () => this.showState());
    this.ask = gather(() => this.read(), 100);
    this.job = h("a.crumb", { href: jobAddress(this.told.job) });
    this.chip = chip("idle", "…");
    this.before = h("a.button", { role: "link", "aria-label": "Frame before" }, icon("left"));
    this.after = h("a.button", { role: "link", "aria-label": "Next frame" }, icon("right"));
    this.why = h("p.why", { hidden: true });
    this.image = h("img", { hidden: true, alt: `Picture of frame ${this.number}` });
    this.noImage = h("p.no-image", {}, icon("picture", 28), h("span", {}, "No picture yet"));
    this.image.addEventListener("error", () => this.showImage(false));
    this.image.addEventListener("load", () => this.showImage(true));
    this.bar = new Progress("Progress of the frame");
    this.bar.element.hidden = true;
    this.attempts = h("ol.attempts");
    this.log = h("rc-frame-log");
    this.append(
      h(
        "header.top",
        {},
        h(
          "a.back",
          { href: jobAddress(this.told.job), "aria-label": "Back to the job" },
          icon("left"),
        ),
        h(
          "div.title",
          {},
          h("div", {}, this.job, h("h1", { tabindex: -1 }, `Frame ${this.number}`)),
          this.chip,
        ),
        h("div.row", {}, this.before, this.after),
      ),
      this.why,
      h(
        "div.frame-columns",
        {},
        h(
          "section.panel.picture",
          { "aria-label": "Picture" },
          this.bar.element,
          this.image,
          this.noImage,
        ),
        h(
          "section.panel",
          { "aria-labelledby": "attempts-title" },
          h("h2", { id: "attempts-title" }, "Attempts"),
          this.attempts,
        ),
      ),
      h(
        "section.panel.log",
        { "aria-labelledby": "log-title" },
        h("h2", { id: "log-title" }, "Log"),
        this.log,
      ),
    );
    document.title = `Frame ${this.number} – rcontrol`;
    addEventListener("keydown", (event) => this.key(event), { signal: this.signal });
  }

  key(event) {
    const link = { ArrowLeft: this.before, ArrowRight: this.after }[event.key];
    const free =
      document.activeElement === document.body || document.activeElement?.matches("h1, a, main");
    if (link?.href && free && !event.altKey && !event.ctrlKey && !event.metaKey)
      location.hash = link.hash;
  }

  update({ jobs, nodes }) {
    const job = farm.jobs.get(this.told.job);
    if (job) say(this.job, job.name);
    if (job && (jobs === null || jobs.has(job.id))) this.frames.refresh();
    if (nodes) this.showProgress();
  }

  showProgress() {
    const mine = farm.nodes
      .flatMap((node) => node.rendering)
      .find((frame) => frame.job_id === this.told.job && frame.frame === this.number);
    this.bar.element.hidden = !mine;
    if (mine) this.bar.show(mine.progress);
    if (Boolean(mine) !== this.rendering) {
      this.rendering = Boolean(mine);
      this.ask();
    }
  }

  showState() {
    const index = this.frames.index(this.number);
    const state = index < 0 ? undefined : this.frames.states[index];
    const key = `${state} ${this.frames.attempts[index]}`;
    this.showNeighbours(index);
    if (this.stateKey === key) return;
    this.stateKey = key;
    const label = state === RENDERING && !this.rendering ? "in line" : FRAME_WORDS[state];
    if (state === undefined) restate(this.chip, "failed", "not of this job");
    else restate(this.chip, STATUS_OF[state], label);
    if (state === 2) this.image.src = path("job", "picture", this.told.job, String(this.number));
    this.ask();
  }

  showNeighbours(index) {
    for (const [link, by] of [
      [this.before, -1],
      [this.after, 1],
    ]) {
      const there = index >= 0 && index + by >= 0 && index + by < this.frames.length;
      set(link, "href", there ? frameAddress(this.told.job, this.frames.number(index + by)) : null);
      set(link, "aria-disabled", there ? null : "true");
    }
  }

  showImage(there) {
    this.image.hidden = !there;
    this.noImage.hidden = there;
    if (!there) say(this.noImage.lastChild, "The picture cannot be shown");
  }

  // --- attempts and why ---

  async read() {
    const ask = (...segments) =>
      call(path("job", ...segments, this.told.job, String(this.number)), { signal: this.signal });
    try {
      this.showAttempts(await ask("attempts"));
      const { why, reason } = await ask("why");
      const told = ["done", "rendering"].includes(reason) ? "" : why;
      this.why.hidden = !told;
      fill(this.why, icon("info"), h("span", {}, told && told[0].toUpperCase() + told.slice(1)));
    } catch (error) {
      if (error.name !== "AbortError" && error.name !== "ApiError") throw error;
      if (error.status === 404) this.showAttempts([]);
    }
  }

  showAttempts(attempts) {
    const newest = [...attempts].reverse();
    const logged = newest.filter((attempt) => attempt.log);
    if (!logged.some((attempt) => attempt.id === this.chosen)) this.chosen = "";
    // The newest log is followed unless a person has chosen another one.
    const shown = this.chosen || logged[0]?.id || "";
    fill(
      this.attempts,
      newest.length
        ? newest.map((attempt) => this.attempt(attempt, shown))
        : h("li.muted", {}, "Nobody has tried this frame yet."),
    );
    if (this.shownLog !== shown) {
      this.shownLog = shown;
      this.log.show(this.told.job, this.number, shown);
    }
  }

  attempt(attempt, shown) {
    const status = attempt.time_stop
      ? attempt.error
        ? attempt.blame
          ? "failed"
          : "killed"
        : "done"
      : "running";
    const words = { failed: "failed", killed: "ended", done: "done", running: "rendering" }[status];
    return h(
      "li",
      { "aria-current": attempt.id === shown ? "true" : null },
      h(
        "div.line",
        {},
        h("strong.number", {}, `#${attempt.number}`),
        chip(status, words),
        h("span.node-name", {}, attempt.node || "a node"),
        h(
          "span.number.muted",
          { title: momentInFull(attempt.time_start) },
          attempt.time_stop ? duration(attempt.seconds) : `since ${moment(attempt.time_start)}`,
        ),
      ),
      attempt.error ? h("p.error", {}, attempt.error) : null,
      attempt.blame ? h("p.note", {}, `looks like the ${attempt.blame}’s fault`) : null,
      attempt.log && attempt.id !== shown
        ? h("button.small", { onclick: () => this.choose(attempt) }, icon("log"), "Show log")
        : null,
    );
  }

  choose(attempt) {
    this.chosen = attempt.id;
    this.ask();
  }
}

customElements.define("rc-frame", FramePage);
