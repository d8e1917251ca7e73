/** A row of the queue: made once, filled with one job after another. */

import { possible } from "/page/actions.js";
import { h, say, set } from "/page/dom.js";
import { farm } from "/page/farm.js";
import { count, duration, folderOf, frameRange, percent } from "/page/format.js";
import { icon } from "/page/icons.js";
import { jobAddress } from "/page/router.js";
import { Progress, chip, restate } from "/page/status.js";

const cell = (name, ...content) => h(`div.${name}`, { role: "gridcell" }, ...content);

/** Make a row for a queue view. */
export function makeRow(queue) {
  const row = { job: null };
  row.grip = h(
    "span.grip",
    { title: "Drag to move in the queue", onpointerdown: (event) => queue.drag.begin(event, row) },
    icon("grip"),
  );
  row.place = h("span.number");
  row.chip = chip("Waiting");
  row.name = h("a.name", { tabindex: -1 });
  row.folder = h("span.folder");
  row.range = h("span.number");
  row.progress = new Progress("Progress");
  row.percent = h("span.number.percent");
  row.done = h("span.number.muted");
  row.elapsed = h("span.number");
  row.remaining = h("span.number");
  row.first = h("button.quiet.small", { tabindex: -1, onclick: () => queue.first(row.job) });
  row.more = h(
    "button.quiet.small",
    { tabindex: -1, onclick: () => queue.menu(row.job, row.more) },
    icon("more"),
  );
  row.element = h(
    "div.job-row",
    {
      role: "row",
      onfocusin: () => queue.enter(row.job),
      onclick: (event) => {
        if (!event.target.closest("a, button, .grip")) location.hash = jobAddress(row.job.id);
      },
      oncontextmenu: (event) => {
        event.preventDefault();
        queue.menu(row.job, row.more);
      },
    },
    cell("place", row.grip, row.place),
    cell("status", row.chip),
    cell("name", row.name, row.folder),
    cell("frames", row.range),
    cell("progress", row.progress.element, h("div.figures", {}, row.percent, row.done)),
    cell("elapsed", row.elapsed),
    cell("remaining", row.remaining),
    cell("actions", row.first, row.more),
  );
  return row;
}

/** Show a job in a row. */
export function showRow(row, job, index, queue) {
  row.job = job;
  const active = queue.at === job.id || (index === 0 && !farm.jobs.has(queue.at));
  set(row.element, "tabindex", active ? 0 : -1);
  set(row.element, "aria-rowindex", index + 2);
  set(row.element, "data-job", job.id);
  row.grip.hidden = !queue.movable;
  say(row.place, count(job.rank));
  restate(row.chip, job.status);
  say(row.name, job.name);
  set(row.name, "href", jobAddress(job.id));
  set(row.name, "tabindex", active ? 0 : -1);
  say(row.folder, job.status === "Failed" && job.reason ? job.reason : folderOf(job.path));
  row.folder.classList.toggle("reason", job.status === "Failed" && Boolean(job.reason));
  set(row.folder, "title", job.reason || job.path);
  say(row.range, frameRange(job.first, job.last));
  row.progress.show(job.progress, job.status.toLowerCase(), (100 * job.failed) / job.total);
  say(row.percent, percent(job.progress));
  say(row.done, `${count(job.done)} / ${count(job.total)}`);
  say(row.elapsed, duration(farm.elapsed(job)));
  say(row.remaining, job.status === "Rendering" ? duration(farm.remaining(job)) : "–");
  showActions(row, job, active);
}

function showActions(row, job, active) {
  const [action] = possible(job);
  set(row.first, "tabindex", active ? 0 : -1);
  set(row.more, "tabindex", active ? 0 : -1);
  set(row.more, "aria-label", `More for ${job.name}`);
  row.first.classList.toggle("absent", !action);
  row.first.disabled = !action;
  if (!action) return;
  set(row.first, "aria-label", `${action.label} ${job.name}`);
  set(row.first, "title", action.label);
  // Only where it differs: what is pressed must still be there when it is let go.
  if (row.first.dataset.sign === action.sign) return;
  row.first.dataset.sign = action.sign;
  row.first.replaceChildren(icon(action.sign));
}
