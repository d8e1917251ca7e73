/** What holds for the whole farm, and how this page looks. */

import { act } from "/page/actions.js";
import { call } from "/page/api.js";
import { h, say, set } from "/page/dom.js";
import { farm } from "/page/farm.js";
import { plural } from "/page/format.js";
import { icon } from "/page/icons.js";
import { ask } from "/page/parts/dialog.js";
import { View } from "/page/view.js";

const THEMES = [
  ["system", "As the system"],
  ["light", "Light"],
  ["dark", "Dark"],
];

class Settings extends View {
  build() {
    document.title = "Settings – rcontrol";
    this.autostart = h(
      "button.switch",
      { role: "switch", "aria-labelledby": "setting-autostart", onclick: () => this.toggle() },
      h("span"),
    );
    this.finished = h("p.hint", { role: "status" });
    this.clear = h(
      "button",
      { onclick: () => this.clearFinished() },
      icon("trash"),
      "Clear finished jobs",
    );
    const themes = h(
      "div.segments",
      { role: "radiogroup", "aria-labelledby": "setting-theme" },
      THEMES.map(([theme, label]) =>
        h(
          "label",
          {},
          h("input", {
            type: "radio",
            name: "theme",
            value: theme,
            checked: rcontrolTheme.chosen() === theme,
            onchange: () => rcontrolTheme.choose(theme),
          }),
          h("span", {}, label),
        ),
      ),
    );
    this.append(
      h("header.top", {}, h("h1", { tabindex: -1 }, "Settings")),
      h(
        "div.settings",
        {},
        group(
          "Farm",
          setting(
            "setting-autostart",
            "Autostart",
            "The first waiting job starts by itself when no job renders.",
            this.autostart,
          ),
          setting("setting-clear", "Finished jobs", this.finished, this.clear),
          setting(
            "setting-reload",
            "Nodes of the configuration file",
            "Take them from the file as it is now. Nodes that were added here stay.",
            h("button", { onclick: () => this.reload() }, icon("again"), "Reload"),
          ),
        ),
        group("This browser", setting("setting-theme", "Theme", "", themes)),
        group(
          "For programs",
          setting(
            "setting-api",
            "API",
            "Everything this page does can be done over HTTP.",
            h(
              "div.row",
              {},
              h("a.button", { href: "/openapi.json" }, "OpenAPI"),
              h("a.button", { href: "/metrics" }, "Metrics"),
            ),
          ),
        ),
      ),
    );
  }

  update() {
    set(this.autostart, "aria-checked", String(farm.autostart));
    const finished = farm.inOrder().filter((job) => job.status === "Finished").length;
    say(
      this.finished,
      finished
        ? `${plural(finished, "job")} in the queue ${finished === 1 ? "is" : "are"} finished. Rendered files stay.`
        : "No job in the queue is finished.",
    );
    this.clear.disabled = !finished;
    this.number = finished;
  }

  toggle() {
    const on = !farm.autostart;
    act(
      () => call(`/config/autostart/${on ? "enable" : "disable"}`),
      on ? "Autostart is on" : "Autostart is off",
    );
  }

  async clearFinished() {
    const what = plural(this.number, "finished job");
    const sure = await ask({
      title: `Clear ${what}?`,
      text: "They leave the queue. Rendered files stay where they are.",
      confirm: "Clear",
      bad: true,
    });
    if (sure) act(() => call("/job/clear"), `${what} cleared`);
  }

  reload() {
    act(
      () => call("/node/reload"),
      "The nodes are those of the configuration file, and those that were added",
    );
  }
}

function group(title, ...settings) {
  return h("section.panel", {}, h("h2", {}, title), settings);
}

function setting(id, name, about, control) {
  return h(
    "div.setting",
    {},
    h(
      "div",
      {},
      h("p", { id }, name),
      about instanceof Node ? about : about ? h("p.hint", {}, about) : null,
    ),
    control,
  );
}

customElements.define("rc-settings", Settings);
