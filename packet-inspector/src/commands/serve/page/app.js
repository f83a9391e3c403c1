// Tabs, and the parts behind them.

import * as capture from "./capture.js";
import * as client from "./client.js";
import * as decode from "./decode.js";
import { $ } from "./dom.js";

const tabs = ["decode", "capture", "client"];

function show(name) {
  for (const other of tabs) {
    const tab = $(`tab-${other}`);
    tab.setAttribute("aria-selected", String(other === name));
    tab.tabIndex = other === name ? 0 : -1;
    $(other).hidden = other !== name;
  }
  if (!location.hash.startsWith("#dump=")) history.replaceState(null, "", name === "decode" ? "/" : `#${name}`);
}

tabs.forEach((name, index) => {
  $(`tab-${name}`).addEventListener("click", () => show(name));
  $(`tab-${name}`).addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs[(index + step + tabs.length) % tabs.length];
    show(next);
    $(`tab-${next}`).focus();
  });
});

if (tabs.includes(location.hash.slice(1))) show(location.hash.slice(1));
capture.start(() => show("capture"));
client.start();
decode.start();
