/** Questions, in the browser's own modal dialog: it holds the focus and gives it back. */

import { h } from "/page/dom.js";

/**
 * Ask a question and return whether the answer was yes.
 * @param {{title: string, text?: string, confirm: string, bad?: boolean}} question `bad`: what is
 *   asked cannot be undone
 */
export async function ask(question) {
  return (await askFor({ ...question, fields: [] })) !== null;
}

/**
 * Ask for a few values. Returns them by name, or null where the person thought better of it.
 * @param {{title: string, text?: string, confirm: string, bad?: boolean,
 *   fields: Array<{name: string, label: string, hint?: string, value?: string, type?: string,
 *   required?: boolean, max?: number}>}} question
 */
export function askFor({ title, text, confirm, bad = false, fields }) {
  return new Promise((resolve) => {
    const inputs = fields.map((field) =>
      h("input", {
        name: field.name,
        id: `ask-${field.name}`,
        type: field.type ?? "text",
        value: field.value ?? null,
        required: field.required,
        maxlength: field.max,
        autocomplete: "off",
        "aria-describedby": field.hint ? `ask-${field.name}-hint` : null,
      }),
    );
    const form = h(
      "form",
      { method: "dialog" },
      h("h2", { id: "ask-title" }, title),
      text ? h("p", {}, text) : null,
      fields.map((field, index) =>
        h(
          "div.field",
          {},
          h("label", { for: `ask-${field.name}` }, field.label),
          inputs[index],
          field.hint ? h("p.hint", { id: `ask-${field.name}-hint` }, field.hint) : null,
        ),
      ),
      h(
        "div.row.end",
        {},
        h("button", { type: "button", onclick: () => dialog.close() }, "Cancel"),
        h(
          `button.${bad ? "bad" : "primary"}`,
          { value: "yes", autofocus: !fields.length },
          confirm,
        ),
      ),
    );
    const dialog = h("dialog", { "aria-labelledby": "ask-title" }, form);
    dialog.addEventListener("close", () => {
      const said = Object.fromEntries(inputs.map((input) => [input.name, input.value.trim()]));
      dialog.remove();
      resolve(dialog.returnValue === "yes" ? said : null);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
