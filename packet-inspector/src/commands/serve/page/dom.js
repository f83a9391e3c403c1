// Elements from values. Texts are set as text, so that nothing that came over a network is ever taken for HTML.

/** An element: `el("td", { class: "mono" }, "text", otherElement)`. Functions are listeners. */
export function el(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same for SVG. */
export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key, value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

export const $ = (id) => document.getElementById(id);

/** Says something to everybody, also to screen readers. */
export function say(text, bad = false) {
  const status = $("status");
  status.textContent = text;
  status.classList.toggle("bad", bad);
}

/** So many of something: `1 packet`, `2 packets`. */
export const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** Of things that belong together the Tab key stops at one, and arrows go on from there: at this one, or at the first. */
export function stopAt(all, one) {
  const others = [...all];
  const chosen = one ?? others.find((other) => other.getAttribute("tabindex") === "0") ?? others[0];
  for (const other of others) other.setAttribute("tabindex", other === chosen ? "0" : "-1");
}

/** The same for choosable elements beside each other, when some came or went. */
export const stopOnce = (parent) => stopAt([...parent.children].filter((child) => child.hasAttribute("tabindex")));

/** A row, or another element, that can be chosen by mouse and keyboard. */
export function choosable(element, choose) {
  element.setAttribute("tabindex", "-1");
  element.addEventListener("focus", () => {
    stopAt([...element.parentElement.children].filter((child) => child.hasAttribute("tabindex")), element);
  });
  element.addEventListener("click", choose);
  element.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      choose();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const beside = event.key === "ArrowDown" ? "nextElementSibling" : "previousElementSibling";
      let next = element[beside];
      while (next && !next.hasAttribute("tabindex")) next = next[beside];
      event.preventDefault();
      next?.focus();
    }
  });
  return element;
}

/** Marks a row of a table as the one that is looked at, also for screen readers. */
export function markChosen(table, row) {
  for (const other of table.querySelectorAll(".chosen")) {
    other.classList.remove("chosen");
    other.removeAttribute("aria-current");
  }
  row.classList.add("chosen");
  row.setAttribute("aria-current", "true");
}

/** Does work of a form or button, and says what goes wrong. */
export async function attempt(work) {
  try {
    say("");
    return await work();
  } catch (error) {
    say(error.message, true);
  }
}

/** Seconds in a unit that people read. */
export function seconds(value) {
  if (value === null || value === undefined) return "";
  if (value >= 1) return `${value.toFixed(3)} s`;
  if (value >= 0.001) return `${(value * 1000).toFixed(2)} ms`;
  return `${(value * 1e6).toFixed(0)} µs`;
}
