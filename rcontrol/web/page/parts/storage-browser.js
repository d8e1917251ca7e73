/** The server's shared storage, folder by folder. Arrows move, Enter opens or takes, Backspace goes up. */

import { call } from "/page/api.js";
import { fill, h, say, set } from "/page/dom.js";
import { moment, size } from "/page/format.js";
import { icon } from "/page/icons.js";

/** What renderers that come with the server open; others may be configured. */
const PROJECTS = new Set([".blend", ".tgd", ".ma", ".mb", ".pov"]);

class StorageBrowser extends HTMLElement {
  #crumbs = h("ol.crumbs");
  #list = h("ul.entries", { "aria-label": "Folder", onkeydown: (event) => this.#key(event) });
  #said = h("p.hint", { role: "status" });
  #base = "";
  #current = "";
  #end = new AbortController();
  /** Whether files can be taken, or folders alone. */
  files = true;

  connectedCallback() {
    this.#end = new AbortController();
    this.append(h("nav", { "aria-label": "Folders above" }, this.#crumbs), this.#list, this.#said);
    this.#start();
  }

  disconnectedCallback() {
    this.#end.abort();
  }

  /** The folder that is shown. */
  get current() {
    return this.#current;
  }

  /** Show a folder, and which of its files is taken; where that cannot be, the top one. */
  async open(path, taken = "") {
    await this.#started;
    if (!(await this.#show(path))) await this.#show(this.#base);
    this.#mark(taken);
  }

  #start() {
    this.#started = this.#show("", true);
  }

  #started = Promise.resolve();

  async #show(path, base = false, from = "") {
    let listing;
    try {
      listing = await call("/storage/ls", { body: { path }, signal: this.#end.signal });
    } catch (error) {
      if (error.name === "AbortError") return true;
      if (error.name !== "ApiError") throw error;
      say(this.#said, `${error.message}: ${error.explanation}`);
      return false;
    }
    if (base) this.#base = listing.current;
    const held =
      this.#list.contains(document.activeElement) || this.#crumbs.contains(document.activeElement);
    this.#current = listing.current;
    this.#showCrumbs();
    const entries = listing.contents.filter(
      ({ type, name }) => (type === "d" || (this.files && type === "f")) && !name.startsWith("."),
    );
    entries.sort((a, b) => (a.type === b.type ? 0 : a.type === "d" ? -1 : 1));
    fill(
      this.#list,
      entries.map((entry) => this.#entry(entry)),
    );
    say(
      this.#said,
      entries.length ? "" : this.files ? "This folder is empty." : "There is no folder in here.",
    );
    const first =
      [...this.#list.querySelectorAll("button")].find((button) => button.dataset.path === from) ??
      this.#list.querySelector("button");
    set(first ?? this.#list, "tabindex", 0);
    if (held) (first ?? this.#crumbs.querySelector("button:last-of-type"))?.focus();
    this.dispatchEvent(new CustomEvent("folder", { detail: listing.current }));
    return true;
  }

  #showCrumbs() {
    const below = this.#current.slice(this.#base.length).split("/").filter(Boolean);
    const paths = below.map((_, index) =>
      [this.#base.replace(/\/$/, ""), ...below.slice(0, index + 1)].join("/"),
    );
    const crumb = (path, label, last) =>
      h(
        "li",
        {},
        h(
          "button.quiet.small",
          {
            type: "button",
            "aria-current": last ? "location" : null,
            onclick: () => this.#show(path),
          },
          label,
        ),
      );
    fill(
      this.#crumbs,
      crumb(this.#base, [icon("folder", 14), this.#base.split("/").at(-1) || "/"], !below.length),
      below.map((name, index) => crumb(paths[index], name, index === below.length - 1)),
    );
  }

  #entry(entry) {
    const folder = entry.type === "d";
    const project = folder || PROJECTS.has(entry.ext.toLowerCase());
    return h(
      "li",
      {},
      h(
        `button.entry${project ? "" : ".other"}`,
        {
          type: "button",
          tabindex: -1,
          "data-path": entry.path,
          "data-type": entry.type,
          onclick: () => this.#take(entry.path, folder),
        },
        icon(folder ? "folder" : "file"),
        h("span.entry-name", {}, entry.name),
        h("span.number.muted", {}, folder ? "" : size(entry.size)),
        h("span.number.muted.time", {}, moment(entry.mtime)),
      ),
    );
  }

  #take(path, folder) {
    if (folder) this.#show(path);
    else {
      this.#mark(path);
      this.dispatchEvent(new CustomEvent("pick", { detail: path }));
    }
  }

  #mark(path) {
    for (const button of this.#list.querySelectorAll("button")) {
      set(button, "aria-current", button.dataset.path === path ? "true" : null);
    }
  }

  #key(event) {
    const buttons = [...this.#list.querySelectorAll("button")];
    const now = buttons.indexOf(document.activeElement);
    const next = {
      ArrowDown: now + 1,
      ArrowUp: now - 1,
      Home: 0,
      End: buttons.length - 1,
      PageDown: now + 10,
      PageUp: now - 10,
    }[event.key];
    if (event.key === "Backspace" && this.#current !== this.#base) {
      event.preventDefault();
      this.#show(this.#current.slice(0, this.#current.lastIndexOf("/")), false, this.#current);
    } else if (next !== undefined) {
      event.preventDefault();
      this.#focus(buttons, Math.max(0, Math.min(buttons.length - 1, next)));
    } else if (
      event.key.length === 1 &&
      event.key !== " " &&
      !event.ctrlKey &&
      !event.metaKey &&
      !event.altKey
    ) {
      const wanted = event.key.toLowerCase();
      const order = [...buttons.slice(now + 1), ...buttons.slice(0, now + 1)];
      const found = order.find((button) =>
        button.querySelector(".entry-name").textContent.toLowerCase().startsWith(wanted),
      );
      if (found) this.#focus(buttons, buttons.indexOf(found));
    }
  }

  #focus(buttons, index) {
    for (const button of buttons) set(button, "tabindex", -1);
    if (!buttons[index]) return;
    set(buttons[index], "tabindex", 0);
    buttons[index].focus();
  }
}

customElements.define("rc-storage-browser", StorageBrowser);
