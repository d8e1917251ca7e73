/** The address after `#` says which view is shown: `#/job/ID/frame/12`. */

const ROUTES = [
  [/^\/queue$/, "rc-queue", []],
  [/^\/job\/([^/]+)$/, "rc-job", ["job"]],
  [/^\/job\/([^/]+)\/frame\/(-?\d+)$/, "rc-frame", ["job", "frame"]],
  [/^\/nodes$/, "rc-nodes", []],
  [/^\/new$/, "rc-new-job", []],
  [/^\/missing$/, "rc-missing", []],
  [/^\/settings$/, "rc-settings", []],
];

export const HOME = "#/queue";

/**
 * Return what an address means: the view's element and what it is told.
 * @param {string} hash
 */
export function find(hash) {
  const [path, query = ""] = hash.slice(1).split("?");
  for (const [pattern, element, names] of ROUTES) {
    const found = pattern.exec(path);
    if (found) {
      const values = names.map((name, index) => [name, decoded(found[index + 1])]);
      return { element, told: Object.fromEntries([...new URLSearchParams(query), ...values]) };
    }
  }
  return null;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // mistyped: it will name no job
  }
}

/** The address of a job's view. */
export const jobAddress = (id) => `#/job/${encodeURIComponent(id)}`;

/** The address of a frame's view. */
export const frameAddress = (id, frame) => `${jobAddress(id)}/frame/${frame}`;
