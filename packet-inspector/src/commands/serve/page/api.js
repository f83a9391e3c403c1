// Questions to the program that serves this page.

async function ask(path, options) {
  const response = await fetch(path, options);
  const text = await response.text();
  let answer = null;
  try {
    answer = JSON.parse(text);
  } catch {
    // Refusals before the application are plain text.
  }
  if (!response.ok) throw new Error(answer?.error ?? (text.trim() || response.statusText));
  return answer;
}

export const get = (path) => ask(path);

export const post = (path, body) =>
  ask(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

export const remove = (path) => ask(path, { method: "DELETE" });

/** Hands a capture over; gives its number. */
export async function upload(file) {
  const headers = { "content-type": "application/octet-stream" };
  return (await ask("/api/captures", { method: "POST", headers, body: file })).id;
}
