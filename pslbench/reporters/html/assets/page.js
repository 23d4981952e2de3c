"use strict";
(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Theme: the system's, unless the button was pressed; remembered where the browser lets us.
  const button = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const remembered = () => { try { return localStorage.getItem("pslbench-theme"); } catch { return null; } };
  const remember = theme => { try { localStorage.setItem("pslbench-theme", theme); } catch { /* private window */ } };
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const showTheme = theme => {
    if (theme) root.dataset.theme = theme;
    button.setAttribute("aria-pressed", isDark());
    redraw();
  };

  // Charts: drawn when they come into view, in the colours of the page.
  const views = new Map();
  const chosen = new Set();
  const colour = name => {
    const probe = document.createElement("i");
    probe.style.color = `var(--${name})`;
    root.append(probe);
    const said = getComputedStyle(probe).color;
    probe.remove();
    return said;
  };
  const config = () => {
    const [ink, soft, line, paper, accent, bad, faint] =
      ["ink", "soft", "line", "paper", "accent", "bad", "faint"].map(colour);
    return {
      background: "transparent",
      font: "system-ui, -apple-system, Segoe UI, Roboto, sans-serif",
      view: { stroke: null },
      axis: { labelColor: soft, titleColor: soft, gridColor: line, domainColor: soft, tickColor: soft,
              labelFontSize: 11, titleFontSize: 12, titleFontWeight: "normal" },
      legend: { labelColor: soft, titleColor: soft, labelFontSize: 11 },
      range: { category: ["c0", "c1", "c2", "c3", "c4", "c5", "c6"].map(colour),
               heatmap: [colour("cold"), colour("hot")],
               diverging: ["less", "even", "more"].map(colour) },
      style: { value: { color: ink, fill: ink, fontSize: 11 }, front: { color: soft, stroke: soft, strokeWidth: 1.5 },
               diagonal: { color: soft, stroke: soft, strokeDash: [4, 4] }, gap: { color: bad, stroke: bad, strokeWidth: 2, opacity: .6 },
               "accent-line": { color: accent, stroke: accent, strokeWidth: 1.2 },
               accent: { color: accent, fill: accent, stroke: accent, opacity: .9 }, faint: { color: faint, fill: faint, opacity: .8 },
               bad: { color: bad, fill: bad }, ring: { color: ink, stroke: ink, strokeWidth: 1.6 },
               halo: { color: paper, fill: paper, stroke: paper, strokeWidth: 5, fontSize: 15, fontWeight: "bold" },
               name: { color: ink, fill: ink, fontSize: 15, fontWeight: "bold" } },
    };
  };
  const draw = async place => {
    if (views.has(place)) return;
    views.set(place, null);
    const spec = JSON.parse(place.closest("figure").querySelector("script").textContent);
    const options = { actions: false, renderer: "svg", config: config(), tooltip: { theme: isDark() ? "dark" : "light" } };
    const { view } = await vegaEmbed(place, spec, options);
    views.set(place, view);
    if (place.dataset.way) await set(view, "way", place.dataset.way);
    await set(view, "chosen", [...chosen]);
    place.dataset.drawn = "yes";
  };
  const set = async (view, name, value) => {
    if (name in view.getState({ data: () => false, signals: () => true }).signals) await view.signal(name, value).runAsync();
  };
  const seen = new IntersectionObserver(
    entries => entries.filter(entry => entry.isIntersecting).forEach(entry => draw(entry.target)),
    { rootMargin: "200px" });
  const redraw = () => {
    for (const [place, view] of views) {
      if (!view) continue;
      const { signals } = view.getState({ data: () => false, signals: name => name === "way" });
      if (signals?.way) place.dataset.way = signals.way;
      view.finalize();
      views.delete(place);
      delete place.dataset.drawn;
      seen.unobserve(place);
      seen.observe(place);
    }
  };
  all(".vega").forEach(place => seen.observe(place));

  // Menus show one panel of their kind; those of one kind move together.
  document.addEventListener("change", event => {
    const kind = event.target.dataset?.switch;
    if (!kind) return;
    const value = event.target.value, top = event.target.getBoundingClientRect().top;
    for (const menu of all(`select[data-switch="${kind}"]`)) menu.value = value;
    for (const panel of all(`[data-panel^="${kind}-"]`)) panel.hidden = panel.dataset.panel !== `${kind}-${value}`;
    scrollBy({ top: event.target.getBoundingClientRect().top - top, behavior: "instant" });
    dispatchEvent(new Event("resize"));
  });

  // Buttons of the legends bring out series, in all charts that have them.
  document.addEventListener("click", event => {
    const series = event.target.closest("[data-series]")?.dataset.series;
    if (series === undefined) return;
    if (!chosen.delete(series)) chosen.add(series);
    for (const each of all("[data-series]")) each.setAttribute("aria-pressed", chosen.has(each.dataset.series));
    for (const view of views.values()) if (view) set(view, "chosen", [...chosen]);
  });

  // The leaderboard: sorted by its heads, filtered by words and menus.
  const table = document.getElementById("table");
  if (table) {
    const body = table.tBodies[0], rows = [...body.rows], heads = all("thead th", table);
    const find = document.getElementById("find"), menus = all("[data-filter]"), count = document.getElementById("count");
    const value = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent;
    const compare = (a, b) => (isNaN(a) || isNaN(b) ? a.localeCompare(b) : a - b);
    const sort = (head, column) => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      heads.forEach(each => each.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      body.append(...rows.sort((a, b) => {
        const [x, y] = [value(a, column), value(b, column)];
        return x === "" || y === "" ? (x === "") - (y === "") : (up ? 1 : -1) * compare(x, y);
      }));
    };
    const filter = () => {
      const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !(words.every(word => text.includes(word)) &&
                       menus.every(menu => !menu.value || row.dataset[menu.dataset.filter] === menu.value));
      }
      count.value = `${rows.filter(row => !row.hidden).length} of ${rows.length} rows`;
    };
    heads.forEach((head, column) => head.addEventListener("click", () => sort(head, column)));
    find.addEventListener("input", filter);
    menus.forEach(menu => menu.addEventListener("change", filter));
    filter();
  }

  button.hidden = false;
  button.addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    remember(theme);
    showTheme(theme);
  });
  system.addEventListener("change", () => showTheme());
  showTheme(remembered());
})();
