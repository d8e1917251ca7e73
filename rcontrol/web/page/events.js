/** The server's stream of events: kept open, and opened again when it breaks or falls silent. */

/** The server shows every ten seconds that it lives. */
const SILENCE_MS = 25_000;
const RETRY_MS = 2_000;

/**
 * Follow `/events` for as long as the page is open.
 * @param {{snapshot: (content: object) => void, changes: (content: object) => void,
 *   connected: () => void, lost: () => void}} listener
 */
export function follow(listener) {
  let source = null;
  let silence = 0;

  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(() => again(0), SILENCE_MS);
  };
  const again = (pause) => {
    source.close();
    clearTimeout(silence);
    listener.lost();
    setTimeout(open, pause);
  };
  const on = (kind, act) =>
    source.addEventListener(kind, (event) => {
      heard();
      act(event);
    });

  function open() {
    source = new EventSource("/events");
    on("open", listener.connected);
    on("beat", () => {});
    for (const kind of ["snapshot", "changes"]) {
      on(kind, (event) => listener[kind](JSON.parse(event.data)));
    }
    source.addEventListener("error", () => {
      // A browser tries a broken connection again by itself, but not after an answer other than 200.
      if (source.readyState === EventSource.CLOSED) again(RETRY_MS);
      else listener.lost();
    });
    heard();
  }

  addEventListener("online", () => source.readyState === EventSource.OPEN || again(0));
  open();
}
