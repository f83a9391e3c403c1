// The tab where dumps are pasted.

import { post } from "./api.js";
import { $, attempt, counted, el, say } from "./dom.js";
import { drawFrame } from "./frame.js";

/** Sets the tab up; a dump in the address is decoded at once. */
export function start() {
  $("decode-form").addEventListener("submit", (event) => {
    event.preventDefault();
    decode();
  });
  $("decode-link").addEventListener("click", () => attempt(copyLink));
  window.addEventListener("hashchange", fromFragment);
  fromFragment();
}

function decode() {
  return attempt(async () => {
    // What fails leaves nothing of the dump before.
    $("decode-frames").replaceChildren();
    const request = { text: $("dump").value, from: $("decode-from").value || null, repair: $("decode-repair").checked };
    const { frames, left_out } = await post("/api/decode", request);
    const title = (frame) => {
      const packets = frame.parts.filter((part) => part.packet).map((part) => part.info);
      const what = packets.length > 3 ? counted(packets.length, "packet") : packets.join(", ");
      return `Frame ${frame.frame}: ${counted(frame.bytes.length / 2, "byte")} (${frame.format})${what ? ` — ${what}` : ""}`;
    };
    $("decode-frames").replaceChildren(...frames.map((frame) => drawFrame(frame, title(frame))),
      left_out ? el("p", { class: "faint" }, `${counted(left_out, "more frame")} ${left_out === 1 ? "is" : "are"} left out.`) : "");
    if (!frames.length) say("There are no bytes in it.");
  });
}

/** The dump stands in the fragment, which no browser sends anywhere. */
async function copyLink() {
  const bytes = new TextEncoder().encode($("dump").value);
  const base64 = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  const fragment = `#dump=${base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
  history.replaceState(null, "", fragment);
  await navigator.clipboard?.writeText(location.href).catch(() => {});
  say("The address of this page holds the dump now: share it.");
}

function fromFragment() {
  const start = "#dump=";
  if (!location.hash.startsWith(start)) return;
  try {
    const binary = atob(location.hash.slice(start.length).replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
    $("dump").value = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    decode();
  } catch {
    $("decode-frames").replaceChildren();
    say("The dump in the address is damaged.", true);
  }
}
