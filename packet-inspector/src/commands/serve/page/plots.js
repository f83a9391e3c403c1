// Plots in SVG.

import { counted, el, seconds, svg } from "./dom.js";

const WIDTH = 480;
const HEIGHT = 150;
const LEFT = 66;
const BOTTOM = 20;

function frame(title, legend, children) {
  return el("div", { class: "card" }, el("h2", {}, title),
    svg("svg", { class: "plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${title}: ${legend}` },
      svg("line", { class: "axis", x1: LEFT, x2: WIDTH, y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM }), children),
    el("p", { class: "legend" }, legend));
}

/** Packets over time, of clients and of servers. */
export function drawRates({ width, bars }) {
  const most = Math.max(1, ...bars.map(([clients, servers]) => clients + servers));
  const step = (WIDTH - LEFT) / Math.max(1, bars.length);
  const scale = (HEIGHT - BOTTOM - 14) / most;
  const floor = HEIGHT - BOTTOM;
  const shapes = bars.flatMap(([clients, servers], index) => {
    const x = LEFT + index * step;
    const bar = (kind, count, y) =>
      svg("rect", { class: kind, x, y: y - count * scale, width: Math.max(1, step - 0.6), height: count * scale });
    return [bar("up", clients, floor), bar("down", servers, floor - clients * scale)];
  });
  return frame("Packets over time", `Blue: from clients; amber: from servers. A bar is ${seconds(width)} wide.`, [
    ...shapes,
    svg("text", { x: LEFT - 6, y: 18, "text-anchor": "end" }, String(most)),
    svg("text", { x: LEFT - 6, y: floor, "text-anchor": "end" }, "0"),
    svg("text", { x: LEFT, y: HEIGHT - 6 }, "0"),
    svg("text", { x: WIDTH, y: HEIGHT - 6, "text-anchor": "end" }, seconds(width * bars.length)),
  ]);
}

/** How long handshakes took, sorted: half of them took less than the middle. */
export function drawLatencies(exchanges) {
  const complete = exchanges.filter((exchange) => exchange.latency !== null).sort((a, b) => a.latency - b.latency);
  if (!complete.length) return frame("Latencies of QoS 1 and 2", "No handshake is complete.", []);
  const values = complete.map((exchange) => Math.max(1e-6, exchange.latency));
  const [low, high] = [Math.log10(values[0]) - 0.1, Math.log10(values.at(-1)) + 0.1];
  const x = (index) => LEFT + 8 + (index + 0.5) * ((WIDTH - LEFT - 16) / values.length);
  const y = (value) => HEIGHT - BOTTOM - 6 - ((Math.log10(value) - low) / (high - low)) * (HEIGHT - BOTTOM - 24);
  const at = (share) => values[Math.min(values.length - 1, Math.floor(values.length * share))];
  const dots = complete.map((exchange, index) =>
    svg("circle", { class: exchange.qos === 2 ? "dot q2" : "dot", cx: x(index), cy: y(values[index]), r: 3.5 },
      svg("title", {}, `${exchange.topic}: ${seconds(exchange.latency)}`)));
  const legend = `Blue: QoS 1; red: QoS 2; sorted. Median ${seconds(at(0.5))}, 99th percentile ${seconds(at(0.99))}.`;
  return frame("Latencies of QoS 1 and 2", legend, [
    ...dots,
    svg("text", { x: LEFT - 6, y: y(values.at(-1)) + 4, "text-anchor": "end" }, seconds(values.at(-1))),
    svg("text", { x: LEFT - 6, y: HEIGHT - BOTTOM, "text-anchor": "end" }, seconds(values[0])),
  ]);
}

/** How many packets of each type. */
export function drawTypes(types) {
  const entries = Object.entries(types).sort((a, b) => b[1] - a[1]);
  const most = Math.max(1, ...entries.map(([, count]) => count));
  const step = Math.min(16, (HEIGHT - BOTTOM) / Math.max(1, entries.length));
  const bars = entries.flatMap(([name, count], index) => {
    const y = 4 + index * step;
    const length = (count / most) * (WIDTH - 190);
    return [
      svg("rect", { class: "up", x: 110, y, width: length, height: Math.max(1, step - 3) }),
      svg("text", { x: 104, y: y + step - 5, "text-anchor": "end" }, name),
      svg("text", { x: 116 + length, y: y + step - 5 }, String(count)),
    ];
  });
  return frame("Packets of each type", counted(entries.length, "type"), bars);
}
