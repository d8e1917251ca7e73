// Not a module: it runs before anything is painted, so that no page flashes in the other theme.
(() => {
  const KEY = "rcontrol.theme";
  const system = matchMedia("(prefers-color-scheme: dark)");

  function chosen() {
    try {
      return localStorage.getItem(KEY) ?? "system";
    } catch {
      return "system";
    }
  }

  function apply() {
    const dark = chosen() === "dark" || (chosen() === "system" && system.matches);
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    dispatchEvent(new Event("themechange"));
  }

  system.addEventListener("change", apply);
  addEventListener("storage", (event) => event.key === KEY && apply());
  window.rcontrolTheme = {
    chosen,
    /** @param {"system" | "light" | "dark"} theme kept in this browser */
    choose(theme) {
      localStorage.setItem(KEY, theme);
      apply();
    },
  };
  apply();
})();
