// The tab where captures are looked at.

import { get, upload } from "./api.js";
import { $, attempt, choosable, counted, el, markChosen, say, seconds, stopOnce } from "./dom.js";
import { drawFinding, drawFrame } from "./frame.js";
import { ladderCard } from "./ladder.js";
import { drawLatencies, drawRates, drawTypes } from "./plots.js";

/** What the program takes; a browser that is refused in the middle of sending tells nothing of it. */
const LONGEST = 64 * 1024 * 1024;

let capture = null;
let shown = 0;

/** Sets the tab up; `show` brings it to the front. */
export function start(show) {
  for (const id of ["capture-file", "decode-file"]) {
    $(id).addEventListener("change", (event) => {
      const [file] = event.target.files;
      if (file) open(file, show);
      event.target.value = "";
    });
  }
  addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  addEventListener("dragleave", () => document.body.classList.remove("dropping"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    const [file] = event.dataTransfer.files;
    if (file) open(file, show);
  });
  $("filter-form").addEventListener("submit", (event) => {
    event.preventDefault();
    list(0);
  });
  $("packets-more").addEventListener("click", () => list(shown));
}

function open(file, show) {
  return attempt(async () => {
    show();
    if (file.size > LONGEST) throw new Error(`${file.name}: a capture is at most ${LONGEST >> 20} MiB.`);
    say(`${file.name} is read…`);
    capture = await upload(file);
    $("capture-name").textContent = file.name;
    for (const id of ["capture-detail", "capture-ladder"]) $(id).replaceChildren();
    $("filter").value = "";
    await Promise.all([list(0), overview()]);
    $("capture-body").hidden = false;
    say("");
  });
}

async function list(from) {
  const error = $("filter-error");
  error.textContent = "";
  try {
    const query = new URLSearchParams({ filter: $("filter").value, from, count: 200 });
    const { rows, matched, total, ended } = await get(`/api/captures/${capture}/packets?${query}`);
    const body = $("packets").tBodies[0];
    if (from === 0) body.replaceChildren();
    body.append(...rows.map(drawRow));
    stopOnce(body);
    shown = from + rows.length;
    $("filter-count").textContent = matched === total ? counted(total, "packet") : `${matched} of ${counted(total, "packet")}`;
    $("packets-more").hidden = shown >= matched;
    if (ended) error.textContent = ended;
  } catch (failure) {
    error.textContent = failure.message;
  }
}

function drawRow(row) {
  const way = row.from === "server" ? el("span", { class: "way down" }, "← server") : el("span", { class: "way up" }, "→ client");
  const element = el("tr", { class: row.severity ?? "", "data-frame": row.frame },
    el("td", { class: "number" }, String(row.frame)),
    el("td", { class: "mono" }, Number(row.time_relative).toFixed(6)),
    el("td", { class: "number" }, `#${row.stream}`),
    el("td", { class: "number", title: `${row.source} → ${row.destination}` }, row.from ? way : row.source),
    el("td", {}, row.info ?? ""),
    el("td", { class: "number" }, String(row.length)));
  return choosable(element, () => attempt(async () => {
    markChosen($("packets"), element);
    $("capture-detail").replaceChildren(await packet(row.number));
  }));
}

/** One packet, with a way to its conversation. */
async function packet(number) {
  const outline = await get(`/api/captures/${capture}/packets/${number}`);
  const info = outline.parts.find((part) => part.packet)?.info ?? "";
  const drawn = drawFrame(outline, `Frame ${outline.frame}, connection #${outline.stream} — ${info}`);
  drawn.querySelector("h2").append(" ", el("button", { type: "button", click: () => ladder(outline.stream) }, "Ladder"));
  return drawn;
}

function ladder(stream) {
  return attempt(async () => {
    const answer = await get(`/api/captures/${capture}/ladders/${stream}`);
    const card = ladderCard({ ...answer, title: `Conversation #${stream}` }, (rung) => packet(rung.number));
    $("capture-ladder").replaceChildren(card);
    card.scrollIntoView({ block: "start" });
  });
}

async function overview() {
  const answer = await get(`/api/captures/${capture}/overview`);
  $("capture-plots").replaceChildren(drawRates(answer.rates), drawLatencies(answer.exchanges), drawTypes(answer.types));
  $("conversations").replaceChildren(
    table(["Conn.", "Client", "Ends", "Packets", "Took"], answer.conversations, (row) => [
      `#${row.stream}`, row.client_id ?? "(CONNECT not captured)", `${row.client} → ${row.server}`, String(row.packets), seconds(row.took),
    ], (row) => ladder(row.stream)),
    leftOut(answer.conversations_left_out));
  $("exchanges").replaceChildren(
    table(["Topic", "QoS", "Id", "By", "Frames", "Latency"], answer.exchanges, (row) => [
      row.topic, String(row.qos), String(row.packet_id), row.from, row.frames.join(", "),
      row.complete ? `${seconds(row.latency)} = ${row.gaps.map(seconds).join(" + ")}` : "incomplete",
    ], (row) => ladder(row.stream)),
    leftOut(answer.exchanges_left_out));
  const findings = answer.findings.map((finding) => drawFinding(finding));
  $("findings").replaceChildren(...(findings.length ? findings : [el("p", { class: "faint" }, "Nothing is wrong.")]),
    leftOut(answer.findings_left_out));
}

function table(heads, rows, cells, choose) {
  const body = el("tbody", {}, rows.map((row) =>
    choosable(el("tr", {}, cells(row).map((cell) => el("td", {}, cell))), () => choose(row))));
  stopOnce(body);
  return el("table", {}, el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))), body);
}

const leftOut = (count) => (count ? el("p", { class: "faint" }, `${count} more are left out.`) : "");
