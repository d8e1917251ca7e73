/** What a person does to the farm, and what came of it in words. */

import { ApiError, call, path } from "/page/api.js";
import { ask } from "/page/parts/dialog.js";
import { toast } from "/page/parts/toast.js";

/**
 * Do something and say what came of it; the server's own words where it refuses.
 * @returns {Promise<boolean>} whether it was done
 */
export async function act(doing, done) {
  try {
    await doing();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast(error.message, { detail: error.explanation, bad: true });
    return false;
  }
  if (done) toast(done);
  return true;
}

const onJob = (verb, done) => (job) =>
  act(() => call(path("job", verb, job.id)), `${job.name}: ${done}`);

export const start = onJob("start", "started");
export const stop = onJob("stop", "stopped; its renders were killed");
export const enqueue = onJob("enqueue", "back in the queue");

/** Ask, then delete. Returns whether it is gone. */
export async function remove(job) {
  const sure = await ask({
    title: `Delete ${job.name}?`,
    text: "The job and what is known of its frames are removed. Rendered files stay where they are.",
    confirm: "Delete job",
    bad: true,
  });
  return sure && act(() => call(path("job", "delete", job.id)), `${job.name}: deleted`);
}

/** Put a job before another one in the queue; null: last. */
export function move(job, before, done = "moved") {
  return act(
    () => call(path("job", "move", job.id), { body: { before: before?.id ?? null } }),
    `${job.name}: ${done}`,
  );
}

/** What can be done with a job in its status, the likeliest first. */
export function possible(job) {
  const all = {
    start: { label: "Start", sign: "start", run: start },
    stop: { label: "Stop", sign: "stop", run: stop },
    enqueue: { label: "Return to queue", sign: "again", run: enqueue },
  };
  return {
    Waiting: [all.start, all.stop],
    Rendering: [all.stop],
    Stopped: [all.start, all.enqueue],
    Failed: [all.start, all.enqueue],
    Finished: [],
  }[job.status];
}

/** The address of the form, filled in with a job. */
export const duplicateOf = (job) => `#/new?from=${encodeURIComponent(job.id)}`;
