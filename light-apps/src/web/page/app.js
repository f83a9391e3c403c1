// Draws what the program tells. Texts are set as text, so that nothing that came over a network is ever taken for HTML.

const $ = (id) => document.getElementById(id);
const cards = new Map();
const lines = new Map();
/** How far this device's clock is behind the program's, in seconds. */
let behind = 0;
let connected = null;

// --- lights

function card(id) {
  if (cards.has(id)) return cards.get(id);
  const root = $("light").content.firstElementChild.cloneNode(true);
  const part = (name) => root.querySelector(`.${name}`);
  const made = { root, face: { id }, button: part("switch"), state: part("state"), since: part("since"), trip: part("trip"), note: part("note") };
  const number = cards.size;
  part("name").textContent = id;
  part("name").id = `name-${number}`;
  part("facts").id = `facts-${number}`;
  made.note.id = `note-${number}`;
  made.button.setAttribute("aria-labelledby", `name-${number}`);
  made.button.setAttribute("aria-describedby", `facts-${number} note-${number}`);
  made.button.addEventListener("click", () => send(id, wanted(made.face)));
  root.dataset.light = id;
  // By name, as the program sorts them.
  const next = [...$("lights").children].find((other) => other.dataset.light > id);
  $("lights").insertBefore(root, next ?? null);
  cards.set(id, made);
  return made;
}

/** What a click asks for: the opposite of what the light is, or was told last. */
function wanted(face) {
  const is = face.sent ?? (face.state === "ON" || face.state === "OFF" ? face.state : face.asked);
  return is === "ON" ? "OFF" : "ON";
}

function draw(face) {
  const made = card(face.id);
  made.face = face;
  const state = face.state ?? "";
  made.root.dataset.state = state;
  made.state.textContent = state || "nothing said yet";
  made.trip.textContent = face.round_trip === null ? "–" : `${face.round_trip.toFixed(1)} ms`;
  made.button.setAttribute("aria-checked", String(state === "ON"));
  made.button.setAttribute("aria-busy", String(face.sent !== null));
  made.note.textContent = face.sent ? `sent ${face.sent}` : (face.note ?? "");
  made.note.classList.toggle("bad", !face.sent && face.note !== null);
  age(made);
}

function age({ face, since }) {
  if (face.since === null || face.since === undefined) {
    since.textContent = "–";
    return;
  }
  const seconds = Math.max(0, Math.floor(Date.now() / 1000 + behind - face.since));
  const ago = seconds < 60 ? `${seconds} s` : seconds < 3600 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
  since.textContent = `${clock(face.since)} (${ago})`;
}

const clock = (time) => new Date((time - behind) * 1000).toLocaleTimeString();

/** For who does not see it: what changed, in a sentence. */
function tell(faces) {
  const words = (face) => (face.sent ? `sent ${face.sent}` : (face.note ?? face.state?.toLowerCase() ?? "nothing said yet"));
  $("news").textContent = faces.length > 3 ? `${faces.length} lights changed` : faces.map((face) => `${face.id}: ${words(face)}`).join(", ");
}

// --- messages

const WAYS = { sent: "→ sent", received: "← received", event: "•" };

function write(line) {
  let made = lines.get(line.number);
  if (!made) {
    const root = $("line").content.firstElementChild.cloneNode(true);
    made = { root, shown: 0 };
    if (line.way === "event") {
      const flat = document.createElement("div");
      flat.className = "event";
      flat.append(...root.querySelector("summary").childNodes);
      root.replaceChildren(flat);
    }
    const time = root.querySelector("time");
    time.textContent = clock(line.time);
    time.dateTime = new Date(line.time * 1000).toISOString();
    const way = root.querySelector(".way");
    way.textContent = WAYS[line.way] ?? "";
    way.classList.add(line.way);
    root.querySelector(".text").textContent = line.text;
    root.querySelector("details")?.addEventListener("toggle", () => unfold(made));
    $("log").prepend(root);
    lines.set(line.number, made);
  }
  made.line = line;
  const packets = made.root.querySelector(".packets");
  if (line.way === "event") packets.remove();
  else packets.textContent = line.packets.length === 1 ? "1 packet" : `${line.packets.length} packets`;
  unfold(made);
}

/** The packets of an open line, as the inspector shows them. */
async function unfold(made) {
  const details = made.root.querySelector("details");
  const count = made.line.packets.length;
  if (!details?.open || made.shown === count) return;
  made.shown = count;
  try {
    const response = await fetch(`log/${made.line.number}`);
    if (!response.ok) throw new Error((await response.text()).trim());
    const { packets } = await response.json();
    details.querySelector(".trees").replaceChildren(...packets.flatMap((packet) => [element("h3", packet.summary), element("pre", packet.tree)]));
  } catch (error) {
    made.shown = 0;
    details.querySelector(".trees").replaceChildren(element("p", error.message));
  }
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

// --- commands

async function send(light, command) {
  try {
    const headers = { "content-type": "application/json" };
    const response = await fetch("command", { method: "POST", headers, body: JSON.stringify({ light, command }) });
    if (!response.ok) throw new Error((await response.text()).trim() || response.statusText);
    warn("");
  } catch (error) {
    warn(`${command} was not sent: ${error.message}`);
  }
}

function warn(text) {
  $("alert").textContent = text;
  $("alert").hidden = text === "";
}

// --- what the program tells

function link(kind, words) {
  $("link").dataset.link = kind;
  $("link").querySelector(".words").textContent = words;
}

function show(news) {
  behind = news.now - Date.now() / 1000;
  if (news.all) {
    for (const made of [...cards.values(), ...lines.values()]) made.root.remove();
    cards.clear();
    lines.clear();
  }
  news.lights.forEach(draw);
  news.log.forEach(write);
  for (const [number, made] of lines) {
    if (number >= news.oldest) break;
    made.root.remove();
    lines.delete(number);
  }
  link(news.connected ? "good" : "bad", news.connected ? "broker connected" : "no broker: what is shown may be old");
  if (!news.all && news.lights.length > 0) tell(news.lights);
  if (connected !== null && connected !== news.connected) $("news").textContent = news.connected ? "broker connected" : "broker lost";
  connected = news.connected;
  $("none").hidden = cards.size > 0;
  const on = [...cards.values()].filter((made) => made.face.state === "ON").length;
  $("count").textContent = cards.size === 0 ? "" : `${on} of ${cards.size} on`;
  $("lost").hidden = news.lost === 0;
  $("lost").textContent = `${news.lost} packets came too fast to be shown`;
}

function follow() {
  const events = new EventSource("events");
  events.addEventListener("message", (event) => show(JSON.parse(event.data)));
  events.addEventListener("error", () => {
    link("bad", "the dashboard does not answer");
    // It tries again by itself, unless it was refused.
    if (events.readyState === EventSource.CLOSED) setTimeout(follow, 5000);
  });
}

for (const button of document.querySelectorAll("[data-all]")) {
  button.addEventListener("click", () => send("all", button.dataset.all));
}
setInterval(() => cards.forEach(age), 1000);
follow();
