/** Line icons on a grid of 16, drawn for this page. */

const PATHS = {
  queue: "M2.5 4h11M2.5 8h11M2.5 12h7",
  node: "M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.01M5 11h.01",
  plus: "M8 3v10M3 8h10",
  settings:
    "M2.5 5h6M12 5h1.5M2.5 11H4M7.5 11h6M10.2 3.2a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6ZM5.8 9.2a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6Z",
  missing: "M2.5 3h4v4h-4zM9.5 3h4v4h-4zM2.5 9.5h4v4h-4zM10 10l3 3M13 10l-3 3",
  start: "M5 3.2v9.6l7.5-4.8z",
  stop: "M4 4h8v8H4z",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  again: "M3 6.5a5.2 5.2 0 1 1 .4 3.6M3 2.8v3.7h3.7",
  copy: "M5.5 5.5h8v8h-8zM3 10.5h-.5v-8h8V3",
  trash: "M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.6 9h6.8l.6-9M6.7 7.2v3.8M9.3 7.2v3.8",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  up: "M8 13V3.5M4 7.5l4-4 4 4",
  down: "M8 3v9.5M4 8.5l4 4 4-4",
  top: "M3 2.5h10M8 13.5V5.5M4.5 9 8 5.5 11.5 9",
  end: "M3 13.5h10M8 2.5v8M4.5 7 8 10.5 11.5 7",
  left: "M10 3.5 5.5 8l4.5 4.5",
  right: "M6 3.5 10.5 8 6 12.5",
  check: "M3 8.5 6.5 12 13 4.5",
  cross: "M4 4l8 8M12 4l-8 8",
  clock: "M8 2.2a5.8 5.8 0 1 1 0 11.6A5.8 5.8 0 0 1 8 2.2ZM8 5v3.2l2.2 1.4",
  warning: "M8 2.3 14.2 13H1.8zM8 6.5v3M8 11.3h.01",
  info: "M8 2.2a5.8 5.8 0 1 1 0 11.6A5.8 5.8 0 0 1 8 2.2ZM8 7.4v3.4M8 5.2h.01",
  search: "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9ZM10.3 10.3l3.2 3.2",
  grip: "M6 4h.01M10 4h.01M6 8h.01M10 8h.01M6 12h.01M10 12h.01",
  folder: "M1.8 12.8v-9.6h4.4l1.6 2h6.4v7.6z",
  file: "M3.5 1.8h5.5l3.5 3.6v8.8h-9zM9 1.8v3.6h3.5",
  film: "M2 3h12v10H2zM5 3v10M11 3v10M2 6.3h3M2 9.6h3M11 6.3h3M11 9.6h3",
  bolt: "M9 1.8 3.5 9H8l-1 5.2L12.5 7H8z",
  moon: "M13.2 9.4A5.6 5.6 0 0 1 6.6 2.8a5.6 5.6 0 1 0 6.6 6.6Z",
  plug: "M6 2v3.2M10 2v3.2M4 5.2h8v2.3a4 4 0 0 1-8 0zM8 11.5V14",
  exit: "M9.5 2.5h-6v11h6M7 8h7M11.2 5.2 14 8l-2.8 2.8",
  picture: "M2 3h12v10H2zM2.3 11.5l3.5-3.7 2.7 2.7 2-2 3.2 3.2M10.8 5.8h.01",
  log: "M2.5 2.8h11v10.4h-11zM5 6l1.8 1.8L5 9.6M8.2 10h2.8",
};

const SVG = "http://www.w3.org/2000/svg";

/** Return an icon, which says nothing to screen readers: a word stands beside it, or a label. */
export function icon(name, size = 16) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({
    viewBox: "0 0 16 16",
    width: size,
    height: size,
    class: `icon icon-${name}`,
    "aria-hidden": "true",
    focusable: "false",
  })) {
    svg.setAttribute(key, value);
  }
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
