/** Which frames of a folder's sequences are missing, and a way to submit just these. */

import { call } from "/page/api.js";
import { fill, h } from "/page/dom.js";
import { count, plural } from "/page/format.js";
import { icon } from "/page/icons.js";
import { Field } from "/page/parts/field.js";
import { FramesField } from "/page/parts/frames-field.js";
import "/page/parts/storage-browser.js";
import { Progress, chip } from "/page/status.js";
import { View } from "/page/view.js";

class Missing extends View {
  build() {
    document.title = "Missing frames – rcontrol";
    this.browser = h("rc-storage-browser", {
      onfolder: (event) => (this.folder.value = event.detail),
    });
    this.browser.files = false;
    this.folder = new Field(
      "Folder",
      h("input", { autocomplete: "off", spellcheck: "false" }),
      "The one that is open below, or type.",
    );
    this.frames = new FramesField(
      "Frames there should be",
      "Empty: from each sequence’s first to its last.",
      false,
    );
    this.result = h("div.stack", { role: "status" });
    this.append(
      h("header.top", {}, h("h1", { tabindex: -1 }, "Missing frames")),
      h(
        "form.form-columns",
        { novalidate: true, onsubmit: (event) => this.check(event) },
        h(
          "section.panel.stack",
          { "aria-label": "Where to look" },
          this.folder.element,
          this.browser,
          this.frames.element,
          h("div.row.end", {}, h("button.primary", {}, icon("search"), "Check")),
        ),
        h(
          "section.panel",
          { "aria-labelledby": "found-title" },
          h("h2", { id: "found-title" }, "What is there"),
          this.result,
        ),
      ),
    );
    fill(
      this.result,
      h(
        "p.muted",
        {},
        "Choose a folder of rendered frames and check it. Files of zero bytes count as missing.",
      ),
    );
    this.prefill();
  }

  async prefill() {
    const { path, frames } = this.told;
    if (frames) this.frames.value = frames;
    if (!path) return;
    await this.browser.open(path);
    this.check();
  }

  async check(event) {
    event?.preventDefault();
    this.folder.problem = "";
    if (!(await this.frames.check())) {
      this.frames.input.focus();
      return;
    }
    const body = {
      path: this.folder.value || "/",
      ...(this.frames.value && { frames: this.frames.value }),
    };
    try {
      this.show(await call("/storage/missing", { body, signal: this.signal }));
    } catch (error) {
      if (error.name === "AbortError") return;
      if (error.name !== "ApiError") throw error;
      this.folder.problem = error.explanation || error.message;
      fill(this.result, h("p.muted", {}, "Nothing was checked."));
    }
  }

  show({ path, wanted, sequences }) {
    if (sequences.length)
      fill(
        this.result,
        sequences.map((sequence) => this.sequence(sequence)),
      );
    else if (wanted)
      fill(
        this.result,
        h("p", {}, `There is no sequence in ${path}, so all frames are missing.`),
        this.submitLink(wanted, "all"),
      );
    else fill(this.result, h("p", {}, `There is no sequence of frames in ${path}.`));
  }

  sequence(sequence) {
    const { pattern, missing, missing_total: lacking, wanted_total: total, empty } = sequence;
    const bar = new Progress(`Frames of ${pattern} that are there`);
    bar.show((100 * (total - lacking)) / Math.max(1, total), "finished");
    return h(
      "article.sequence",
      {},
      h(
        "div.line",
        {},
        h("h3.mono", {}, pattern),
        lacking ? chip("failed", `${count(lacking)} missing`) : chip("done", "complete"),
      ),
      bar.element,
      h(
        "p.hint",
        {},
        `${count(total - lacking)} of ${plural(total, "frame")} are there`,
        empty ? `; empty files: ${empty}` : "",
      ),
      lacking
        ? h("p.missing", {}, h("span.unseen", {}, "Missing: "), missing.replaceAll(",", ", "))
        : null,
      lacking ? this.submitLink(missing, plural(lacking, "missing frame")) : null,
    );
  }

  submitLink(frames, words) {
    const told = new URLSearchParams({ frames, ...(this.told.job && { from: this.told.job }) });
    return h("p", {}, h("a.button", { href: `#/new?${told}` }, icon("plus"), `Submit ${words}…`));
  }
}

customElements.define("rc-missing", Missing);
