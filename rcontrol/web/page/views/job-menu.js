/** Everything that can be done with a job, in a menu. */

import { duplicateOf, move, possible, remove } from "/page/actions.js";
import { openMenu } from "/page/parts/menu.js";
import { jobAddress } from "/page/router.js";

/**
 * Open a job's menu.
 * @param {object} job
 * @param {Element} anchor
 * @param {Array<object> | null} order the jobs among which it can be moved; null: it cannot
 */
export function openJobMenu(job, anchor, order) {
  const index = order?.indexOf(job) ?? -1;
  const moves =
    index < 0
      ? []
      : [
          {
            label: "Move to the top",
            sign: "top",
            off: index === 0,
            run: () => move(job, order[0], "moved to the top"),
          },
          {
            label: "Move up",
            sign: "up",
            key: "Alt ↑",
            off: index === 0,
            run: () => move(job, order[index - 1], "moved up"),
          },
          {
            label: "Move down",
            sign: "down",
            key: "Alt ↓",
            off: index === order.length - 1,
            run: () => move(job, order[index + 2] ?? null, "moved down"),
          },
          {
            label: "Move to the end",
            sign: "end",
            off: index === order.length - 1,
            run: () => move(job, null, "moved to the end"),
          },
          null,
        ];
  openMenu(anchor, [
    ...possible(job).map((action) => ({ ...action, run: () => action.run(job) })),
    { label: "Open", sign: "right", key: "Enter", run: () => (location.hash = jobAddress(job.id)) },
    null,
    ...moves,
    { label: "Duplicate…", sign: "copy", run: () => (location.hash = duplicateOf(job)) },
    {
      label: "Delete…",
      sign: "trash",
      bad: true,
      key: "Del",
      off: job.status === "Rendering",
      run: () => remove(job),
    },
  ]);
}
