/** Dragging a job to another place in the queue; with the keyboard it is Alt and the arrows. */

import { move } from "/page/actions.js";
import { h } from "/page/dom.js";

/** Pixels from an edge within which the list scrolls by itself. */
const EDGE = 40;

/** Return what a queue's rows call when they are dragged. */
export function dragging(queue) {
  const line = h("div.drop-line");
  let job = null;
  let target = 0;
  let gesture = null;

  function follow(event) {
    const box = queue.body.getBoundingClientRect();
    if (event.clientY < box.top + EDGE) queue.body.scrollTop -= 14;
    if (event.clientY > box.bottom - EDGE) queue.body.scrollTop += 14;
    target = Math.max(
      0,
      Math.min(Math.round(queue.list.indexAt(event.clientY)), queue.list.items.length),
    );
    line.style.transform = `translateY(${target * queue.list.rowHeight - 1}px)`;
  }

  function end(event) {
    const { items } = queue.list;
    const from = items.indexOf(job);
    if (event?.type === "pointerup" && target !== from && target !== from + 1) {
      move(job, items[target] ?? null, `moved to place ${target > from ? target : target + 1}`);
    }
    job = null;
    gesture.abort();
    line.remove();
    queue.classList.remove("dragging");
    queue.refresh();
  }

  queue.signal.addEventListener("abort", () => job && end());
  return {
    /** Rows must not change places meanwhile. */
    get busy() {
      return job !== null;
    },
    begin(event, row) {
      if (event.button !== 0 || !queue.movable) return;
      event.preventDefault();
      ({ job } = row);
      gesture = new AbortController();
      const { signal } = gesture;
      addEventListener("pointermove", follow, { signal });
      addEventListener("pointerup", end, { signal });
      addEventListener("pointercancel", end, { signal });
      addEventListener("keydown", (pressed) => pressed.key === "Escape" && end(), { signal });
      queue.classList.add("dragging");
      queue.body.firstChild.append(line);
      follow(event);
    },
  };
}
