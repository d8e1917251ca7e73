/** Elements from code. Text is set as text, so that no name can become markup. */

/**
 * Return a new element.
 * @param {string} tag may carry classes: `button.primary`
 * @param {Object<string, unknown>} attributes functions listen (`onclick`); null and false are left
 *   out, true is an empty attribute
 * @param {...(Node | string | number | null | undefined | false | Array)} children
 */
export function h(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) set(element, key, value);
  element.append(...nodes(children));
  return element;
}

/** Set one attribute as `h` does. */
export function set(element, key, value) {
  if (typeof value === "function") element.addEventListener(key.slice(2), value);
  else if (key === "class") element.classList.add(...value.split(" ").filter(Boolean));
  else if (value === null || value === undefined || value === false) element.removeAttribute(key);
  else if (element.getAttribute(key) !== String(value)) {
    element.setAttribute(key, value === true ? "" : String(value));
  }
}

/** Replace what an element holds. */
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
  return element;
}

/** Set an element's text where it differs: live pages write the same thing again and again. */
export function say(element, text) {
  const words = String(text);
  if (element.textContent !== words) element.textContent = words;
}

function nodes(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : String(child)));
}

/** Call `act` once, `milliseconds` after the first of many calls. */
export function gather(act, milliseconds) {
  let timer = 0;
  return () => {
    timer ||= setTimeout(() => {
      timer = 0;
      act();
    }, milliseconds);
  };
}

/** Return the value of a colour token such as `--failed`, for canvases. */
export function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
