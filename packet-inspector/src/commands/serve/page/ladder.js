// A conversation as a ladder: the client at the left, the server at the right.

import { attempt, choosable, el, seconds, stopOnce, svg } from "./dom.js";

const WIDTH = 900;
const LEFT = 120;
const RIGHT = 800;
const STEP = 34;

/** Draws rungs: `from`, `label`, `gap` in seconds; `choose` is called with the rung. */
export function drawLadder({ client, server, rungs, title }, choose) {
  const height = 56 + rungs.length * STEP;
  const picture = svg("svg", { class: "ladder", viewBox: `0 0 ${WIDTH} ${height}`, role: "group", "aria-label": title },
    svg("text", { x: LEFT, y: 18, "text-anchor": "middle" }, "Client"),
    svg("text", { x: RIGHT, y: 18, "text-anchor": "middle" }, "Server"),
    svg("text", { x: 4, y: 34, class: "faint" }, client ?? ""),
    svg("text", { x: WIDTH - 4, y: 34, class: "faint", "text-anchor": "end" }, server ?? ""),
    svg("line", { class: "line", x1: LEFT, x2: LEFT, y1: 42, y2: height - 6 }),
    svg("line", { class: "line", x1: RIGHT, x2: RIGHT, y1: 42, y2: height - 6 }));
  rungs.forEach((rung, index) => picture.append(drawRung(rung, 66 + index * STEP, choose)));
  stopOnce(picture);
  return picture;
}

function drawRung(rung, y, choose) {
  const gap = svg("text", { class: "gap", x: LEFT - 14, y: y + 4 }, `+${seconds(Number(rung.gap))}`);
  const label = rung.label.length > 90 ? `${rung.label.slice(0, 89)}…` : rung.label;
  const middle = (LEFT + RIGHT) / 2;
  if (!rung.from) return svg("g", {}, gap, svg("text", { class: "label faint", x: middle, y: y + 4 }, label));
  const byServer = rung.from === "server";
  const [start, end, way] = byServer ? [RIGHT, LEFT, -1] : [LEFT, RIGHT, 1];
  const kind = byServer ? "server" : "";
  const group = svg("g", { class: "rung", role: "button", "aria-label": `${rung.from}: ${rung.label}` }, gap,
    svg("rect", { x: LEFT, y: y - 18, width: RIGHT - LEFT, height: STEP - 4, fill: "transparent" }),
    svg("line", { class: `arrow ${kind}`, x1: start, x2: end - 8 * way, y1: y, y2: y }),
    svg("path", { class: `head ${kind}`, d: `M${end} ${y} l${-10 * way} -5 v10 z` }),
    svg("text", { class: "label", x: middle, y: y - 6 }, label));
  return choose ? choosable(group, () => choose(rung)) : group;
}

/** A ladder in a card, with room for the packet that is chosen. */
export function ladderCard(ladder, show) {
  const detail = el("div", {});
  const drawn = drawLadder(ladder, (rung) => attempt(async () => detail.replaceChildren(await show(rung))));
  const more = ladder.left_out ? el("p", { class: "faint" }, `${ladder.left_out} more are left out.`) : null;
  return el("div", {}, el("div", { class: "card" }, el("h2", {}, ladder.title),
    el("p", { class: "faint" }, "Choose an arrow to see its packet."), drawn, more), detail);
}
