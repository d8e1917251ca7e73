/** The queue: every job, in the order in which they start or in another one. */

import { move, possible, remove } from "/page/actions.js";
import { fill, h, say, set } from "/page/dom.js";
import { farm } from "/page/farm.js";
import { count, plural } from "/page/format.js";
import { icon } from "/page/icons.js";
import { toast } from "/page/parts/toast.js";
import { VirtualList } from "/page/parts/virtual-list.js";
import { jobAddress } from "/page/router.js";
import { JOB_STATUSES } from "/page/status.js";
import { View } from "/page/view.js";
import { openJobMenu } from "/page/views/job-menu.js";
import { makeRow, showRow } from "/page/views/queue-row.js";
import { dragging } from "/page/views/queue-drag.js";

const COLUMNS = [
  { key: "place", label: "#", title: "Queue order", by: (job) => job.place },
  { key: "status", label: "Status", by: (job) => JOB_STATUSES.indexOf(job.status) },
  { key: "name", label: "Job", by: (job) => job.name.toLowerCase() },
  { key: "frames", label: "Frames", by: (job) => job.total },
  { key: "progress", label: "Progress", by: (job) => job.progress },
  { key: "elapsed", label: "Elapsed", by: (job) => farm.elapsed(job) },
  { key: "remaining", label: "Remaining", by: (job) => farm.remaining(job) || Infinity },
];

/** What was looked for, kept while the page is open. */
const kept = { status: "", words: "", sort: "place", down: false, scroll: 0, at: "" };

class Queue extends View {
  build() {
    document.title = "Queue – rcontrol";
    this.filters = h("div.filters", { role: "group", "aria-label": "Show jobs that are" });
    this.search = h("input", {
      type: "search",
      placeholder: "Search name or path",
      "aria-label": "Search jobs by name or path",
      oninput: () => this.look({ words: this.search.value }),
    });
    this.search.value = kept.words;
    this.heads = new Map(COLUMNS.map((column) => [column, this.head(column)]));
    this.body = h("div.rows", { role: "rowgroup" });
    this.scroller = h("div.scroller", {}, this.body);
    this.nothing = h("div.nothing", { hidden: true });
    this.said = h("p.unseen", { role: "status" });
    this.grid = h(
      "div.queue",
      { role: "grid", "aria-label": "Jobs", onkeydown: (event) => this.key(event) },
      h(
        "div.heads",
        { role: "rowgroup" },
        h(
          "div.head",
          { role: "row" },
          [...this.heads.values()],
          h("div", { role: "columnheader" }, h("span.unseen", {}, "Actions")),
        ),
      ),
      this.body,
    );
    this.append(
      h(
        "header.top",
        {},
        h("h1", { tabindex: -1 }, "Queue"),
        h("label.search", {}, icon("search", 15), this.search),
        this.filters,
        h("a.button.primary.new", { href: "#/new" }, icon("plus"), "New job"),
      ),
      this.grid,
      this.nothing,
      this.said,
    );
    this.list = new VirtualList(
      this.body,
      () => makeRow(this),
      (row, job, index) => showRow(row, job, index, this),
      this.signal,
    );
    this.drag = dragging(this);
    this.every(1000, () => this.refresh());
    addEventListener("keydown", (event) => this.globalKey(event), { signal: this.signal });
    this.body.addEventListener("scroll", () => (kept.scroll = this.body.scrollTop), {
      passive: true,
    });
    requestAnimationFrame(() => (this.body.scrollTop = kept.scroll));
  }

  head(column) {
    return h(
      `div.${column.key}`,
      { role: "columnheader" },
      h(
        "button.quiet",
        {
          title: `Sort by ${(column.title ?? column.label).toLowerCase()}`,
          onclick: () => this.sort(column.key),
        },
        column.title ? h("span.unseen", {}, column.title) : null,
        column.title ? h("span", { "aria-hidden": "true" }, column.label) : column.label,
        h("span.direction", { "aria-hidden": "true" }),
      ),
    );
  }

  // --- what is shown ---

  update({ jobs }) {
    if (this.drag?.busy) return;
    if (jobs === null || jobs.size) this.refresh();
  }

  refresh() {
    if (this.drag?.busy) return;
    const all = farm.inOrder();
    const words = kept.words.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = all.filter(
      (job) =>
        (!kept.status || job.status === kept.status) &&
        (!words.length ||
          words.every((word) =>
            `${job.name}\n${job.path}\n${job.id}`.toLowerCase().includes(word),
          )),
    );
    const focused = document.activeElement?.closest?.(".job-row") === document.activeElement;
    this.list.items = this.sorted(shown);
    if (focused && this.body.contains(document.activeElement)) this.keepFocus();
    set(this.grid, "aria-rowcount", shown.length + 1);
    this.showFilters(all);
    this.showHeads();
    this.showNothing(all.length, shown.length);
  }

  sorted(jobs) {
    if (kept.sort === "place") return kept.down ? [...jobs].reverse() : jobs;
    const { by } = COLUMNS.find((column) => column.key === kept.sort);
    const sign = kept.down ? -1 : 1;
    const values = new Map(jobs.map((job) => [job, by(job)]));
    return [...jobs].sort((a, b) => {
      const [x, y] = [values.get(a), values.get(b)];
      return x < y ? -sign : x > y ? sign : 0;
    });
  }

  /** Whether rows stand in queue order, so that they can be moved in it. */
  get movable() {
    return kept.sort === "place" && !kept.down;
  }

  showFilters(all) {
    const counts = new Map([["", all.length], ...JOB_STATUSES.map((status) => [status, 0])]);
    for (const job of all) counts.set(job.status, counts.get(job.status) + 1);
    const key = JSON.stringify([...counts, kept.status]);
    if (this.filters.dataset.key === key) return;
    this.filters.dataset.key = key;
    const focused = this.filters.contains(document.activeElement)
      ? document.activeElement.dataset.status
      : null;
    fill(
      this.filters,
      [...counts].map(([status, number]) =>
        h(
          "button",
          {
            "aria-pressed": String(kept.status === status),
            "data-status": status,
            onclick: () => this.look({ status }),
          },
          status || "All",
          h("span.number", {}, count(number)),
        ),
      ),
    );
    if (focused !== null) this.filters.querySelector(`[data-status="${focused}"]`)?.focus();
  }

  showHeads() {
    for (const [column, head] of this.heads) {
      const active = kept.sort === column.key;
      set(head, "aria-sort", active ? (kept.down ? "descending" : "ascending") : null);
      say(head.querySelector(".direction"), active ? (kept.down ? "↓" : "↑") : "");
    }
  }

  showNothing(all, shown) {
    const key = shown ? "" : all ? "none" : farm.connection === "connecting" ? "wait" : "empty";
    this.nothing.hidden = Boolean(shown);
    this.grid.hidden = !shown;
    if (this.nothing.dataset.key === key) return;
    this.nothing.dataset.key = key;
    if (key === "none") {
      fill(
        this.nothing,
        h("p", {}, "No job matches."),
        h("button", { onclick: () => this.look({ status: "", words: "" }) }, "Show all jobs"),
      );
    } else if (key === "empty") {
      fill(
        this.nothing,
        icon("film", 32),
        h("h2", {}, "The queue is empty"),
        h("p", {}, "Submit a project file, and its frames are shared out among the nodes."),
        h("a.button.primary", { href: "#/new" }, icon("plus"), "New job"),
      );
    } else if (key === "wait") {
      fill(this.nothing, h("p", {}, "Connecting to the server…"));
    }
  }

  look(wanted) {
    Object.assign(kept, wanted, { scroll: 0 });
    if (this.search.value !== kept.words) this.search.value = kept.words;
    this.body.scrollTop = 0;
    this.refresh();
    say(this.said, plural(this.list.items.length, "job"));
  }

  sort(key) {
    const down = kept.sort === key ? !kept.down : key === "progress" || key === "elapsed";
    this.look({ sort: key, down });
  }

  // --- the row that has the focus ---

  get at() {
    return kept.at;
  }

  focusRow(index) {
    const job = this.list.items[Math.max(0, Math.min(index, this.list.items.length - 1))];
    if (!job) return;
    kept.at = job.id;
    const where = this.list.items.indexOf(job);
    this.list.reveal(where);
    this.list.rowAt(where)?.element.focus({ preventScroll: true });
  }

  /** Remember which row has the focus: it alone is reached with Tab. */
  enter(job) {
    if (kept.at === job.id) return;
    kept.at = job.id;
    this.refresh();
  }

  globalKey(event) {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "");
    if (event.key === "/" && !typing) {
      event.preventDefault();
      this.search.focus();
    }
  }

  key(event) {
    const row = event.target.closest?.(".job-row");
    const { items } = this.list;
    const index = items.findIndex((job) => job.id === kept.at);
    if (!row || event.target !== row || index < 0) return;
    const page = Math.max(1, Math.floor(this.body.clientHeight / this.list.rowHeight) - 1);
    const steps = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -items.length,
      End: items.length,
    };
    if (event.key in steps) {
      event.preventDefault();
      if (event.altKey && Math.abs(steps[event.key]) === 1) this.shift(index, steps[event.key]);
      else this.focusRow(index + steps[event.key]);
    } else if (event.key === "Enter") {
      location.hash = jobAddress(items[index].id);
    } else if (event.key === "Delete" && items[index].status !== "Rendering") {
      remove(items[index]);
    } else if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) {
      event.preventDefault();
      this.menu(items[index], row);
    }
  }

  // --- actions ---

  menu(job, anchor) {
    openJobMenu(job, anchor, this.movable ? this.list.items : null);
  }

  first(job) {
    possible(job)[0]?.run(job);
  }

  /** Move a job by one place among those that are shown; the focus goes with it. */
  async shift(index, by) {
    const { items } = this.list;
    if (!this.movable) {
      toast("Sort by queue order to move jobs in the queue", { bad: true });
      return;
    }
    const target = index + by;
    if (target < 0 || target >= items.length) return;
    const before = by < 0 ? items[target] : (items[target + 1] ?? null);
    await move(items[index], before, `moved to place ${target + 1}`);
  }

  /** Have the focus go with a job that has changed places. */
  keepFocus() {
    const index = this.list.items.findIndex((job) => job.id === kept.at);
    if (index < 0 || this.list.rowAt(index)?.element === document.activeElement) return;
    this.focusRow(index);
  }
}

customElements.define("rc-queue", Queue);
