// The test client, and what passes live: its own packets and those of proxies.

import { get, post, remove } from "./api.js";
import { $, attempt, choosable, counted, el, markChosen, say, stopOnce } from "./dom.js";
import { drawFrame } from "./frame.js";
import { drawLadder } from "./ladder.js";

/** As many rows, and packets behind them, are kept by the page. */
const MOST = 1000;
const PACKETS = 10000;

let current = null;
/** The run of the program whose packets are shown, and the id of the event that came last. */
let instance = "";
let last = "";
let chosen = null;
const packets = new Map();
const rows = new Map();

/** Sets the tab up. */
export function start() {
  form("connect-form", connect);
  form("subscribe-form", subscribe);
  form("publish-form", publish);
  $("clear").addEventListener("click", clear);
  $("show-all").addEventListener("change", redraw);
  attempt(listSessions);
  listen();
}

/** Takes what passes; a feed that breaks off is taken up again where it was. */
function listen() {
  const feed = new EventSource(`/api/live?after=${encodeURIComponent(last)}`);
  let broken = false;
  feed.addEventListener("open", () => {
    if (broken) say("Live again.");
    broken = false;
  });
  feed.addEventListener("message", (event) => {
    last = event.lastEventId;
    const [run] = last.split("-");
    if (run !== instance) {
      // The program was started again: its numbers begin anew.
      if (instance) {
        clear();
        attempt(listSessions);
      }
      instance = run;
    }
    JSON.parse(event.data).forEach(take);
  });
  feed.addEventListener("error", () => {
    broken = true;
    if (feed.readyState !== EventSource.CLOSED) {
      say("The live list broke off; it is tried again.", true);
      return;
    }
    // The program refused: a browser does not ask again by itself.
    say("The live list is not to be had now, perhaps as too many pages are open; it is tried again.", true);
    setTimeout(listen, 5000);
  });
}

function form(id, work) {
  $(id).addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(() => work(new FormData(event.target), event.target));
  });
}

async function connect(data) {
  const will = { topic: data.get("will_topic"), payload: data.get("will_payload"), qos: Number(data.get("will_qos")), retain: data.has("will_retain") };
  const answer = await post("/api/clients", {
    broker: data.get("broker"), client_id: data.get("client_id"), user: data.get("user"), password: data.get("password"),
    keep_alive: Number(data.get("keep_alive")), clean_session: data.has("clean_session"), will,
  });
  current = answer.id;
  say(`Connected to ${answer.broker}${answer.session_present ? ", session present" : ""}.`);
  $("subscriptions").replaceChildren();
  await listSessions();
}

async function listSessions() {
  const sessions = await get("/api/clients");
  if (!sessions.some((session) => session.id === current)) current = sessions.at(-1)?.id ?? null;
  $("sessions").replaceChildren(...sessions.map((session) => {
    const select = el("input", { type: "radio", name: "session", checked: session.id === current, change: () => { current = session.id; } });
    const end = el("button", { type: "button", click: () => attempt(async () => {
      await remove(`/api/clients/${session.id}`);
      await listSessions();
    }) }, "Disconnect");
    return el("li", {}, el("label", { class: "grow check" }, select, ` ${session.broker} ${session.client_id ? `as ${session.client_id}` : ""}`), end);
  }));
}

function session() {
  if (current === null) throw new Error("Connect to a broker first.");
  return `/api/clients/${current}`;
}

async function subscribe(data) {
  const request = { filter: data.get("filter"), qos: Number(data.get("qos")) };
  const path = session();
  const { return_code } = await post(`${path}/subscribe`, request);
  const granted = return_code === 128 ? "refused" : `granted QoS ${return_code}`;
  const item = el("li", {}, el("span", { class: "grow mono" }, request.filter), granted);
  item.append(el("button", { type: "button", click: () => attempt(async () => {
    await post(`${path}/unsubscribe`, request);
    item.remove();
  }) }, "Unsubscribe"));
  $("subscriptions").append(item);
}

async function publish(data) {
  const request = { topic: data.get("topic"), payload: data.get("payload"), qos: Number(data.get("qos")), retain: data.has("retain") };
  $("outcome").textContent = "…";
  try {
    const { outcome } = await post(`${session()}/publish`, request);
    $("outcome").textContent = outcome;
  } catch (error) {
    $("outcome").textContent = "";
    throw error;
  }
}

/** One item of the feed. */
function take(item) {
  packets.set(item.number, item);
  if (packets.size > PACKETS) packets.delete(packets.keys().next().value);
  if (item.message && item.message !== item.number) {
    const row = rows.get(item.message);
    if (row) {
      row.packets.push(item);
      row.draw();
      if (chosen === row) detail(row);
    }
  }
  if (item.packet === "PUBLISH" && (item.message === item.number || !item.message)) addMessage(item);
  else if ($("show-all").checked) addOther(item);
}

function place(element, key, row) {
  const body = $("messages").tBodies[0];
  body.prepend(element);
  rows.set(key, row);
  while (body.rows.length > MOST) {
    body.lastElementChild.remove();
    rows.delete(rows.keys().next().value);
  }
  if (!body.querySelector('[tabindex="0"]')) stopOnce(body);
}

const source = (item) => `${item.client ? "client" : "proxy"}${item.stream === undefined ? "" : ` #${item.stream}`}`;
const clock = (item) => (item.time ? new Date(Number(item.time) * 1000).toISOString().slice(11, 23) : "");

function addMessage(item) {
  const steps = el("td", { class: "handshake" });
  const payload = item.payload ?? (item.payload_length ? `(${counted(item.payload_length, "byte")})` : "");
  const up = item.from === "client";
  const element = el("tr", { "data-topic": item.topic },
    el("td", { class: "mono" }, clock(item)), el("td", {}, source(item)),
    el("td", { class: `way ${up ? "up" : "down"}` }, up ? "→ sent" : "← received"),
    el("td", { class: "mono" }, item.topic ?? ""),
    el("td", { class: "number" }, String(item.qos ?? ""), item.retain ? el("span", { class: "tag" }, "RETAIN") : null),
    el("td", {}, el("span", { class: "payload" }, payload)), steps);
  const row = { packets: [item], element, draw() {
    const names = row.packets.map((packet) => (packet.dup && packet !== item ? "DUP" : packet.packet));
    const last = { 0: "PUBLISH", 1: "PUBACK", 2: "PUBCOMP" }[item.qos];
    const done = names.includes(last);
    steps.replaceChildren(...names.map((name) => el("span", { class: `tag ${done ? "done" : "open"}` }, name)));
  } };
  row.draw();
  choosable(element, () => attempt(() => detail(row)));
  place(element, item.number, row);
}

function addOther(item) {
  const what = item.kind === "packet" ? item.label : item.text;
  const element = el("tr", { class: item.severity ?? "" },
    el("td", { class: "mono" }, clock(item)), el("td", {}, source(item)),
    el("td", { class: item.from === "server" ? "way down" : "way up" }, item.from ? (item.from === "client" ? "→" : "←") : "–"),
    el("td", { colspan: "4" }, what));
  const row = { packets: [item], element, draw() {} };
  if (item.kind === "packet") choosable(element, () => attempt(() => detail(row)));
  place(element, item.number, row);
}

/** The packets that carried a message: the handshake, and each byte by byte. */
async function detail(row) {
  markChosen($("messages"), row.element);
  chosen = row;
  const list = row.packets.filter((packet) => packet.kind === "packet");
  let before = Number(list[0].time_relative);
  const rungs = list.map((packet) => {
    const gap = Number(packet.time_relative) - before;
    before = Number(packet.time_relative);
    return { from: packet.from, label: packet.label, gap, number: packet.number };
  });
  const frames = el("div", {});
  const one = async (number) => {
    const outline = await get(`/api/live/${number}`);
    return drawFrame(outline, outline.parts.find((part) => part.packet)?.info ?? "Packet");
  };
  const ladder = drawLadder({ rungs, title: "Handshake" }, (rung) => attempt(async () => frames.replaceChildren(await one(rung.number))));
  const drawn = await Promise.all(list.slice(0, 8).map((packet) => one(packet.number)));
  if (chosen !== row) return;
  frames.append(...drawn);
  $("message-detail").replaceChildren(el("div", { class: "card" }, el("h2", {}, "How it was carried"), ladder), frames);
}

function clear() {
  rows.clear();
  packets.clear();
  chosen = null;
  $("messages").tBodies[0].replaceChildren();
  $("message-detail").replaceChildren();
}

function redraw() {
  const all = [...packets.values()];
  clear();
  all.forEach(take);
}
