"use strict";
(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Theme: that of the system until the reader presses the button. The browser stores the choice if it can.
  const button = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const storedTheme = () => { try { return localStorage.getItem("pslbench-theme"); } catch { return null; } };
  const storeTheme = theme => { try { localStorage.setItem("pslbench-theme", theme); } catch { /* private window */ } };
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const showTheme = theme => {
    if (theme) root.dataset.theme = theme;
    button.setAttribute("aria-pressed", isDark());
    redraw();
  };

  // Charts: drawn when they scroll into view, with the colors of the page.
  const views = new Map();
  const highlighted = new Set();
  const color = name => {
    const probe = document.createElement("i");
    probe.style.color = `var(--${name})`;
    root.append(probe);
    const value = getComputedStyle(probe).color;
    probe.remove();
    return value;
  };
  const config = () => {
    const [ink, soft, line, paper, accent, bad, faint] =
      ["ink", "soft", "line", "paper", "accent", "bad", "faint"].map(color);
    return {
      background: "transparent",
      font: "system-ui, -apple-system, Segoe UI, Roboto, sans-serif",
      view: { stroke: null },
      axis: { labelColor: soft, titleColor: soft, gridColor: line, domainColor: soft, tickColor: soft,
              labelFontSize: 11, titleFontSize: 12, titleFontWeight: "normal" },
      legend: { labelColor: soft, titleColor: soft, labelFontSize: 11 },
      range: { category: ["c0", "c1", "c2", "c3", "c4", "c5", "c6"].map(color),
               heatmap: [color("cold"), color("hot")],
               diverging: ["less", "even", "more"].map(color) },
      style: { value: { color: ink, fill: ink, fontSize: 11 }, front: { color: soft, stroke: soft, strokeWidth: 1.5 },
               diagonal: { color: soft, stroke: soft, strokeDash: [4, 4] }, gap: { color: bad, stroke: bad, strokeWidth: 2, opacity: .6 },
               "accent-line": { color: accent, stroke: accent, strokeWidth: 1.2 },
               accent: { color: accent, fill: accent, stroke: accent, opacity: .9 }, faint: { color: faint, fill: faint, opacity: .8 },
               bad: { color: bad, fill: bad }, ring: { color: ink, stroke: ink, strokeWidth: 1.6 },
               halo: { color: paper, fill: paper, stroke: paper, strokeWidth: 5, fontSize: 15, fontWeight: "bold" },
               name: { color: ink, fill: ink, fontSize: 15, fontWeight: "bold" } },
    };
  };
  const draw = async chart => {
    if (views.has(chart)) return;
    views.set(chart, null);
    const spec = JSON.parse(chart.closest("figure").querySelector("script").textContent);
    const options = { actions: false, renderer: "svg", config: config(), tooltip: { theme: isDark() ? "dark" : "light" } };
    const { view } = await vegaEmbed(chart, spec, options);
    views.set(chart, view);
    if (chart.dataset.colorBy) await set(view, "color_by", chart.dataset.colorBy);
    await set(view, "highlighted", [...highlighted]);
    chart.dataset.drawn = "yes";
  };
  const set = async (view, name, value) => {
    if (name in view.getState({ data: () => false, signals: () => true }).signals) await view.signal(name, value).runAsync();
  };
  const observer = new IntersectionObserver(
    entries => entries.filter(entry => entry.isIntersecting).forEach(entry => draw(entry.target)),
    { rootMargin: "200px" });
  const redraw = () => {
    for (const [chart, view] of views) {
      if (!view) continue;
      const { signals } = view.getState({ data: () => false, signals: name => name === "color_by" });
      if (signals?.color_by) chart.dataset.colorBy = signals.color_by;
      view.finalize();
      views.delete(chart);
      delete chart.dataset.drawn;
      observer.unobserve(chart);
      observer.observe(chart);
    }
  };
  all(".vega").forEach(chart => observer.observe(chart));

  // A menu shows one of its panels. All menus of one name change together.
  document.addEventListener("change", event => {
    const name = event.target.dataset?.switch;
    if (!name) return;
    const value = event.target.value, top = event.target.getBoundingClientRect().top;
    for (const menu of all(`select[data-switch="${name}"]`)) menu.value = value;
    for (const panel of all(`[data-panel^="${name}-"]`)) panel.hidden = panel.dataset.panel !== `${name}-${value}`;
    scrollBy({ top: event.target.getBoundingClientRect().top - top, behavior: "instant" });
    dispatchEvent(new Event("resize"));
  });

  // A button of a legend highlights its series in all charts.
  document.addEventListener("click", event => {
    const series = event.target.closest("[data-series]")?.dataset.series;
    if (series === undefined) return;
    if (!highlighted.delete(series)) highlighted.add(series);
    for (const button of all("[data-series]")) button.setAttribute("aria-pressed", highlighted.has(button.dataset.series));
    for (const view of views.values()) if (view) set(view, "highlighted", [...highlighted]);
  });

  // The leaderboard: column headers sort it, the search field and the menus filter it.
  const table = document.getElementById("table");
  if (table) {
    const body = table.tBodies[0], rows = [...body.rows], headers = all("thead th", table);
    const search = document.getElementById("search"), menus = all("[data-filter]"), count = document.getElementById("count");
    const value = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent;
    const compare = (a, b) => (isNaN(a) || isNaN(b) ? a.localeCompare(b) : a - b);
    const sort = (header, column) => {
      const ascending = header.getAttribute("aria-sort") !== "ascending";
      headers.forEach(other => other.removeAttribute("aria-sort"));
      header.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      body.append(...rows.sort((a, b) => {
        const [x, y] = [value(a, column), value(b, column)];
        return x === "" || y === "" ? (x === "") - (y === "") : (ascending ? 1 : -1) * compare(x, y);
      }));
    };
    const filter = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !(words.every(word => text.includes(word)) &&
                       menus.every(menu => !menu.value || row.dataset[menu.dataset.filter] === menu.value));
      }
      count.value = `${rows.filter(row => !row.hidden).length} of ${rows.length} rows`;
    };
    headers.forEach((header, column) => header.addEventListener("click", () => sort(header, column)));
    search.addEventListener("input", filter);
    menus.forEach(menu => menu.addEventListener("change", filter));
    filter();
  }

  button.hidden = false;
  button.addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    storeTheme(theme);
    showTheme(theme);
  });
  system.addEventListener("change", () => showTheme());
  showTheme(storedTheme());
})();
