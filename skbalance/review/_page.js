
"use strict";
(() => {
  const all = (selector, at = document) => [...at.querySelectorAll(selector)];
  const id = (name) => document.getElementById(name);
  const made = (name, text, classes) => {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = text;
    if (classes) element.className = classes;
    return element;
  };
  const data = JSON.parse(id("data").textContent);
  const table = id("tag-table"), find = id("find"), group = id("group"), found = id("found"), tip = id("tip");
  const rows = [...table.tBodies[0].rows], more = id("more");
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const names = new Map(rows.map((row) => [row, plain(row.cells[0].textContent)]));

  // Examples of a tag, in a row below its own.
  const close = (row) => {
    const button = row.querySelector("button");
    if (button.getAttribute("aria-expanded") === "true") row.nextElementSibling.remove();
    button.setAttribute("aria-expanded", "false");
  };
  const list = (heading, positions, total) => {
    const part = made("section");
    part.append(made("h3", `${heading} (${total})`));
    const items = made("ul");
    for (const position of positions) {
      const item = made("li", data.texts ? data.texts[position] : `Row ${data.rows[position]}`);
      item.dir = "auto";
      items.append(item);
    }
    if (positions.length < total) items.append(made("li", `and ${total - positions.length} more`, "quiet"));
    part.append(items);
    return part;
  };
  const open = (row) => {
    close(row);
    const [right, missed, wrong] = data.examples[row.dataset.tag];
    const below = made("tr", undefined, "more"), cell = made("td"), box = made("div");
    const [nRight, nMissed, nWrong] = [5, 6, 7].map((column) => Number(row.cells[column].textContent));
    cell.colSpan = row.cells.length;
    box.append(list("Right", right, nRight), list("Missed", missed, nMissed), list("Wrongly given", wrong, nWrong));
    cell.append(box);
    below.append(cell);
    row.after(below);
    row.querySelector("button").setAttribute("aria-expanded", "true");
  };
  for (const row of rows) {
    const button = made("button"), name = row.cells[0];
    button.type = "button";
    button.append(...name.childNodes);
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("click", () => (button.getAttribute("aria-expanded") === "true" ? close(row) : open(row)));
    name.append(button);
  }

  // Search, and a group of tags; the first hundred are shown until more are asked for.
  let most = 100;
  const filter = () => {
    rows.forEach(close);
    const words = plain(find.value).split(/\s+/);
    let fitting = 0;
    for (const row of table.tBodies[0].rows) {
      const fits = words.every((word) => names.get(row).includes(word));
      const shown = fits && (!group.value || row.dataset.group === group.value);
      fitting += shown;
      row.hidden = !shown || fitting > most;
    }
    const part = fitting > most ? `, the first ${most} shown` : "";
    found.textContent = `${fitting} of ${rows.length} tags${part}`;
    more.hidden = fitting <= most;
  };
  find.addEventListener("input", filter);
  group.addEventListener("change", filter);
  more.addEventListener("click", () => {
    most = Infinity;
    filter();
  });
  id("tools").hidden = false;
  filter();

  // Any column sorts its table; what has no number comes last.
  const sort = (sorted, column, descending) => {
    if (sorted === table) rows.forEach(close);
    const body = sorted.tBodies[0], way = descending ? -1 : 1;
    const keyed = [...body.rows].map((row) => {
      const text = row.cells[column].textContent.trim();
      return [row, sorted.tHead.rows[0].cells[column].classList.contains("number") ? parseFloat(text) : text];
    });
    keyed.sort(([, a], [, b]) => {
      if (typeof a === "string") return way * a.localeCompare(b, undefined, { numeric: true });
      return Number.isNaN(a) - Number.isNaN(b) || way * (a - b) || 0;
    });
    body.append(...keyed.map(([row]) => row));
    if (sorted === table) filter();
    [...sorted.tHead.rows[0].cells].forEach((head, i) => {
      if (i === column) head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
  };
  for (const sorted of all("table.sortable")) {
    [...sorted.tHead.rows[0].cells].forEach((head, column) => {
      const button = made("button", head.textContent), numeric = head.classList.contains("number");
      button.type = "button";
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const now = head.getAttribute("aria-sort");
        sort(sorted, column, now ? now === "ascending" : numeric);
      });
    });
  }

  // Links within the page, also where it is shown in a frame; one to a tag opens its examples.
  const byTag = new Map(rows.map((row) => [row.dataset.tag, row]));
  const go = (tag) => {
    const row = byTag.get(tag);
    if (row.hidden) {
      find.value = group.value = "";
      most = Infinity;
      filter();
    }
    open(row);
    row.scrollIntoView({ block: "center" });
    row.querySelector("button").focus({ preventScroll: true });
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (!link) return;
    event.preventDefault();
    const target = id(link.getAttribute("href").slice(1));
    if (byTag.has(target.dataset.tag)) return go(target.dataset.tag);
    target.scrollIntoView();
    target.focus({ preventScroll: true });
  });

  // The dot that is nearest to the pointer, shown in each of the panels.
  const panels = all("svg").map((svg) => [svg, all("circle", svg)]).filter(([, dots]) => dots.length);
  const light = (tag) => {
    for (const [, dots] of panels) for (const dot of dots) dot.classList.toggle("hot", dot.dataset.tag === tag);
  };
  for (const [svg, dots] of panels) {
    const places = dots.map((dot) => [dot.cx.baseVal.value, dot.cy.baseVal.value]);
    const nearest = (event) => {
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      let best = -1, least = 12;
      places.forEach(([x, y], i) => {
        const away = Math.hypot(x - at.x, y - at.y);
        if (away < least) [best, least] = [i, away];
      });
      return best < 0 ? undefined : dots[best].dataset.tag;
    };
    svg.addEventListener("pointermove", (event) => {
      const tag = nearest(event);
      light(tag);
      tip.hidden = tag === undefined;
      if (tip.hidden) return;
      const cells = byTag.get(tag).cells, heads = table.tHead.rows[0].cells;
      const numbers = [1, 2, 3, 4].map((i) => `${heads[i].textContent} ${cells[i].textContent}`);
      tip.textContent = `${cells[0].textContent}: ${numbers.join(", ")}`;
      tip.style.left = `${Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8)}px`;
      tip.style.top = `${event.clientY + 16}px`;
    });
    svg.addEventListener("pointerleave", () => {
      light();
      tip.hidden = true;
    });
    svg.addEventListener("click", (event) => {
      const tag = nearest(event);
      if (tag !== undefined) go(tag);
    });
  }
})();
