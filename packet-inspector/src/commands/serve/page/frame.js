// A frame: hex with each byte in the colour of its field, the tree beside it, each lighting up the other; findings.

import { el, stopAt } from "./dom.js";

const ROW = 16;
const COLOURS = 8;
/** Longer frames are shown by their start: a page is no place for megabytes of hex. */
const LONGEST = 16384;

/** Draws an outline as `render::outline` gives it. */
export function drawFrame(outline, title) {
  const digits = outline.bytes;
  const count = Math.min(digits.length / 2, LONGEST);
  const cells = Array.from({ length: count }, () => ({ byte: null, char: null, colour: null, item: null }));
  const lit = [];

  const light = (start, length, item) => {
    for (const element of lit.splice(0)) element.classList.remove("lit");
    for (const cell of cells.slice(start, start + length)) lit.push(cell.byte, cell.char);
    if (item) lit.push(item);
    for (const element of lit) element.classList.add("lit");
  };

  // Fields of packets have colours of their own; a layer below MQTT has one, and its fields are folded away.
  let colour = 0;
  const drawItem = (part, depth, isLayer) => {
    const children = part.children ?? [];
    const isColoured = isLayer ? depth === 0 : depth === 1;
    const mine = isColoured ? colour++ % COLOURS : null;
    const item = el("span", { class: "item", tabindex: "-1", role: "treeitem", "aria-level": depth + 1, "data-field": part.wireshark },
      mine === null ? null : el("span", { class: `swatch c${mine}`, "aria-hidden": "true" }), part.text);
    const on = () => light(part.offset, part.length, item);
    item.addEventListener("mouseenter", on);
    item.addEventListener("focus", on);
    if (mine !== null) {
      for (const cell of cells.slice(part.offset, part.offset + part.length)) {
        cell.colour = mine;
        cell.item = item;
        cell.part = part;
      }
    }
    const kind = depth === 0 ? (isLayer ? "layer" : "packet") : "field";
    const inner = children.length ? el("ul", { role: "group" }, children.map((child) => drawItem(child, depth + 1, isLayer))) : null;
    if (inner && isLayer) foldable(item, inner);
    return el("li", { class: kind, role: "none" }, item, inner);
  };
  const tree = el("div", { class: "tree" },
    el("ul", { role: "tree", "aria-label": "Fields" }, outline.parts.map((part) => drawItem(part, 0, !part.packet))));
  const items = () => tree.querySelectorAll(".item");
  tree.addEventListener("keydown", moveInTree);
  tree.addEventListener("focusin", (event) => stopAt(items(), event.target));
  stopAt(items());

  const hex = el("div", { class: "hex", role: "group", "aria-label": "Bytes" });
  for (let start = 0; start < count; start += ROW) {
    const bytes = el("span", { class: "bytes" });
    const chars = el("span", { class: "chars" });
    for (let at = start; at < Math.min(start + ROW, count); at++) {
      const cell = cells[at];
      const pair = digits.slice(2 * at, 2 * at + 2);
      const code = Number.parseInt(pair, 16);
      const name = cell.colour === null ? null : `c${cell.colour}`;
      cell.byte = el("i", { class: name }, pair);
      cell.char = el("i", { class: name }, pair === "**" ? "*" : code >= 32 && code < 127 ? String.fromCharCode(code) : "·");
      const on = () => {
        if (!cell.item) return;
        light(cell.part.offset, cell.part.length, cell.item);
        cell.item.scrollIntoView({ block: "nearest" });
      };
      cell.byte.addEventListener("mouseenter", on);
      cell.char.addEventListener("mouseenter", on);
      bytes.append(cell.byte, at % ROW === 7 ? "  " : "");
      chars.append(cell.char);
    }
    hex.append(el("span", { class: "offset" }, start.toString(16).padStart(4, "0")), bytes, chars);
  }

  const findings = [outline, ...outline.parts].flatMap((part) => part.findings ?? []);
  return el("article", { class: "card frame" },
    el("h2", {}, title),
    findings.map((finding) => drawFinding(finding, () => light(finding.offset, finding.length, null))),
    el("div", { class: "frame-parts" }, hex, tree),
    digits.length / 2 > count || outline.left_out ? el("p", { class: "faint" }, "It is shown by its start.") : null);
}

/** What is wrong, with its clause and our words for it. */
export function drawFinding(finding, on) {
  const clauses = finding.clauses ?? (finding.clause ? [{ id: finding.clause, statement: finding.statement }] : []);
  const frames = finding.frames?.length ? ` (frame ${finding.frames.join(", ")})` : "";
  return el("div", { class: `finding ${finding.severity}`, tabindex: on ? "0" : null, role: on ? "note" : null, mouseenter: on, focus: on },
    el("b", {}, finding.severity), `: ${finding.message}`,
    finding.field ? ` in ${finding.field}` : "", frames, finding.hint ? ` — ${finding.hint}` : "",
    clauses.map((clause) => el("span", { class: "clause" }, `[${clause.id}] ${clause.statement ?? ""}`)));
}

/** Shows and hides what is inside, by mouse and keyboard. */
function foldable(item, inner) {
  const fold = (open) => {
    // Where the Tab key stops stays to be seen.
    if (!open && inner.querySelector('[tabindex="0"]')) stopAt(item.closest(".tree").querySelectorAll(".item"), item);
    inner.hidden = !open;
    item.setAttribute("aria-expanded", String(open));
  };
  fold(false);
  item.addEventListener("click", () => fold(inner.hidden));
}

/** The keys of a tree: up, down, first, last; right opens and goes in, left closes and goes out. */
function moveInTree(event) {
  const { currentTarget: tree, target: item, key } = event;
  const items = [...tree.querySelectorAll(".item")].filter((other) => other.offsetParent);
  const at = items.indexOf(item);
  const expanded = item.getAttribute("aria-expanded");
  const inner = item.nextElementSibling;
  const fold = { ArrowRight: expanded === "false", ArrowLeft: expanded === "true", Enter: expanded, " ": expanded }[key];
  if (fold) item.click();
  const next = fold ? item : {
    ArrowDown: items[at + 1],
    ArrowUp: items[at - 1],
    Home: items[0],
    End: items.at(-1),
    ArrowRight: inner?.querySelector(".item"),
    ArrowLeft: item.parentElement.parentElement.closest("li")?.querySelector(".item"),
  }[key];
  if (!next) return;
  event.preventDefault();
  next.focus();
}
