/** Quantities in words. */

const COUNT = new Intl.NumberFormat("en");
const DAY = new Intl.DateTimeFormat("en", { day: "numeric", month: "short" });
const CLOCK = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", hour12: false });
const MOMENT = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium" });

/** `1234` -> "1,234" */
export const count = (number) => COUNT.format(number);

/** "1 frame", "2 frames" */
export const plural = (number, one, many = `${one}s`) =>
  `${count(number)} ${number === 1 ? one : many}`;

/** A length of time from seconds: "4.2 s", "3 min 05 s", "2 h 10 min", "3 d 4 h". */
export function duration(seconds) {
  if (!(seconds > 0)) return "–";
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
  const hours = Math.round(seconds / 3600);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

const two = (number) => String(number).padStart(2, "0");

/** Unix seconds: "14:05" today, "3 May, 14:05" before. */
export function moment(at) {
  if (!at) return "–";
  const then = new Date(at * 1000);
  const clock = CLOCK.format(then);
  return then.toDateString() === new Date().toDateString()
    ? clock
    : `${DAY.format(then)}, ${clock}`;
}

/** Unix seconds in full. */
export const momentInFull = (at) => (at ? MOMENT.format(new Date(at * 1000)) : "");

/** "12 %" below a hundred only when it is below: 99.9 is not done. */
export function percent(value) {
  return `${value >= 100 ? 100 : Math.min(99, Math.floor(value))} %`;
}

/** Bytes: "3.4 MB" */
export function size(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** First and last frame of a job: "1–240". */
export const frameRange = (first, last) => (first === last ? `${first}` : `${first}–${last}`);

/** The folder of a path. */
export const folderOf = (path) => path.slice(0, Math.max(1, path.lastIndexOf("/")));
