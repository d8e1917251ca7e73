/** The page's frame: navigation, the state of the connection, and the view that is looked at. */

import { act } from "/page/actions.js";
import { call } from "/page/api.js";
import { fill, h, say, set } from "/page/dom.js";
import { farm } from "/page/farm.js";
import { plural } from "/page/format.js";
import { icon } from "/page/icons.js";
import { hideTip } from "/page/parts/tooltip.js";
import { HOME, find } from "/page/router.js";
import { View } from "/page/view.js";
import "/page/views/queue.js";
import "/page/views/job.js";
import "/page/views/frame.js";
import "/page/views/nodes.js";
import "/page/views/new-job.js";
import "/page/views/missing.js";
import "/page/views/settings.js";

const CLOCK = new Intl.DateTimeFormat("en", { timeStyle: "medium", hour12: false });

const PLACES = [
  { hash: "#/queue", label: "Queue", sign: "queue", views: ["rc-queue", "rc-job", "rc-frame"] },
  { hash: "#/nodes", label: "Nodes", sign: "node", views: ["rc-nodes"] },
  { hash: "#/new", label: "New job", sign: "plus", views: ["rc-new-job"] },
  { hash: "#/missing", label: "Missing frames", sign: "missing", views: ["rc-missing"] },
  { hash: "#/settings", label: "Settings", sign: "settings", views: ["rc-settings"] },
];

class Shell extends View {
  build() {
    this.links = new Map(
      PLACES.map((place) => [
        place,
        h("a", { href: place.hash }, icon(place.sign, 18), h("span", {}, place.label)),
      ]),
    );
    this.queueCount = h("span.count.number");
    this.nodeCount = h("span.count.number");
    this.links.get(PLACES[0]).append(this.queueCount);
    this.links.get(PLACES[1]).append(this.nodeCount);
    this.links.get(PLACES[2]).classList.add("new");
    this.autostart = h(
      "button.switch",
      {
        role: "switch",
        "aria-labelledby": "autostart-label",
        onclick: () => this.toggleAutostart(),
      },
      h("span"),
    );
    this.state = h("p.connection", { role: "status" });
    this.banner = h("div.banner", { role: "alert", hidden: true });
    this.main = h("main", { id: "main", tabindex: -1 });
    this.append(
      h(
        "nav.side",
        { "aria-label": "Main" },
        h(
          "a.brand",
          { href: HOME, "aria-label": "rcontrol, to the queue" },
          h("img", { src: "/page/icon.svg", alt: "", width: 22, height: 22 }),
          h("span", {}, "rcontrol"),
        ),
        h(
          "ul",
          {},
          [...this.links.values()].map((link) => h("li", {}, link)),
        ),
        h(
          "div.foot",
          {},
          h("div.autostart", {}, h("span", { id: "autostart-label" }, "Autostart"), this.autostart),
          this.state,
        ),
      ),
      h("div.stage", {}, this.banner, this.main),
    );
    addEventListener("hashchange", () => this.route(), { signal: this.signal });
    addEventListener("click", (event) => this.skip(event), { signal: this.signal });
    this.route(true);
  }

  /** Follow the link that skips to the content, which is no address of a view. */
  skip(event) {
    if (event.target.closest?.(".skip")) {
      event.preventDefault();
      this.main.focus();
    }
  }

  route(first = false) {
    const found = find(location.hash);
    if (!found || !customElements.get(found.element)) {
      location.replace(HOME);
      return;
    }
    hideTip();
    const view = Object.assign(document.createElement(found.element), { told: found.told });
    fill(this.main, view);
    this.main.scrollTop = 0;
    for (const [place, link] of this.links) {
      set(link, "aria-current", place.views.includes(found.element) ? "page" : null);
    }
    // Screen readers are told of the new view by its heading.
    if (!first) view.querySelector("h1")?.focus();
  }

  update() {
    const rendering = farm.inOrder().filter((job) => job.status === "Rendering").length;
    const members = farm.nodes.filter((node) => node.duty !== "leaving");
    const online = members.filter(
      (node) => node.state === "online" && node.duty === "serving",
    ).length;
    say(this.queueCount, rendering || "");
    set(this.queueCount, "title", rendering ? `${plural(rendering, "job")} rendering` : null);
    say(this.nodeCount, `${online}/${members.length}`);
    set(this.nodeCount, "title", `${online} of ${plural(members.length, "node")} can work`);
    set(this.autostart, "aria-checked", String(farm.autostart));
    const words = { connecting: "Connecting…", live: "Live", lost: "Connection lost" };
    this.state.dataset.state = farm.connection;
    say(this.state, words[farm.connection]);
    this.showTrouble();
  }

  showTrouble() {
    const lost =
      farm.connection === "lost" &&
      `The connection to the server is lost. What is shown is as of ${CLOCK.format(farm.lostAt * 1000)}; it is tried again and again.`;
    const text =
      lost ||
      (farm.trouble &&
        `The farm does not answer: ${farm.trouble}. What is shown may be out of date.`) ||
      farm.notice;
    this.banner.hidden = !text;
    if (text && this.banner.textContent !== text)
      fill(this.banner, icon("warning"), h("span", {}, text));
  }

  toggleAutostart() {
    const on = !farm.autostart;
    act(
      () => call(`/config/autostart/${on ? "enable" : "disable"}`),
      on
        ? "Autostart is on: waiting jobs start by themselves"
        : "Autostart is off: waiting jobs wait for you",
    );
  }
}

farm.open();
customElements.define("rc-shell", Shell);
