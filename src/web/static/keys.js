// Keys for the pages, and the hold on what somebody is working on; everything also works without them.
// Never while typing, never while an input method composes.
"use strict";
document.documentElement.classList.add("keys");

const all = (selector) => Array.from(document.querySelectorAll(selector));
const one = (selector) => document.querySelector(selector);
const rows = all("[data-row]");

function isTyping(target) {
  return target instanceof Element && target.closest("textarea, select, [contenteditable], input:not([type=radio]):not([type=checkbox])") !== null;
}

function move(step) {
  const link = one(step > 0 ? "a[rel=next]" : "a[rel=prev]");
  if (rows.length === 0) {
    if (link) link.click();
    return;
  }
  const at = rows.indexOf(document.activeElement);
  const to = at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + step));
  rows[to].focus();
  rows[to].closest("li").scrollIntoView({ block: "nearest" });
}

// Chooses a verdict and puts the focus on the button that records it, so that Enter is the browser's own.
function choose(key) {
  const target = one(`[data-key="${key}"]`);
  if (!target) return false;
  const details = target.closest("details");
  details.open = true;
  if (target instanceof HTMLInputElement) target.checked = true;
  const form = details.querySelector("form");
  const note = form.elements.note;
  const needsNote = (note.required || ["other", "duplicate"].includes(target.value)) && note.value === "";
  const goal = needsNote ? form.elements.note : form.querySelector("button.primary");
  goal.focus();
  goal.scrollIntoView({ block: "nearest" });
  return true;
}

function open(selector) {
  const target = one(selector);
  if (!target) return false;
  const details = target.closest("details");
  if (details) details.open = true;
  target.focus();
  return true;
}

function toggle(id) {
  const dialog = document.getElementById(id);
  if (!dialog) return false;
  if (dialog.open) dialog.close(); else dialog.showModal();
  return true;
}

// Ticks the finding that has the focus, for one verdict on several.
function pick() {
  const box = document.activeElement?.closest("li")?.querySelector("[data-pick]");
  if (!box) return false;
  box.click();
  return true;
}

function undo() {
  const form = one("form[data-undo]");
  if (form) form.requestSubmit();
  return form !== null;
}

function act(event) {
  switch (event.key) {
    case "j": move(1); return true;
    case "k": move(-1); return true;
    case "u": return undo();
    case "s": return open("[data-skip]");
    case "c": return open("[data-comment]");
    case "e": return choose("e");
    case "x": return pick();
    case "/": {
      const search = one("[data-search]");
      if (search) { search.focus(); search.select(); } else { location.assign("/queue"); }
      return true;
    }
    case "?": return toggle("keys");
    default: return /^[1-9]$/.test(event.key) && choose(event.key);
  }
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229 || event.repeat && event.key !== "j" && event.key !== "k") return;
  const modified = event.ctrlKey || event.metaKey;
  if (modified && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
    if (toggle("go")) event.preventDefault();
    return;
  }
  if (modified && event.key === "Enter" && event.target instanceof HTMLTextAreaElement && event.target.form) {
    event.preventDefault();
    event.target.form.requestSubmit(event.target.form.querySelector("button.primary") || undefined);
    return;
  }
  if (modified || event.altKey || isTyping(event.target)) return;
  const dialog = one("dialog[open]");
  if (dialog && !(dialog.id === "keys" && event.key === "?")) return;
  if (act(event)) event.preventDefault();
});

// What was sent once is not sent twice by an impatient finger.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "1";
});
addEventListener("pageshow", () => all("form[data-sent]").forEach((form) => delete form.dataset.sent));

// How many are ticked.
const picked = one("[data-picked]");
if (picked) addEventListener("change", () => { const n = all("[data-pick]:checked").length; picked.textContent = n ? `✓ ${n}` : ""; });

// The hold: taken when the page opens, renewed while somebody is at work, let go when the page is left.
const work = one("[data-hold]");
if (work) {
  const RENEW_MS = 60000;
  const note = document.getElementById("held");
  let heldAt = 0;
  let isMine = !note || !note.classList.contains("other");

  const send = (what, extra) => fetch(`${work.dataset.hold}/${what}`, {
    method: "POST",
    keepalive: true,
    headers: { Accept: "application/json", "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ csrf: work.dataset.csrf, ...extra }),
  });

  const show = (text) => {
    if (!note) return;
    note.hidden = false;
    note.querySelector("p").textContent = text;
  };

  const hold = async () => {
    if (!isMine || Date.now() - heldAt < RENEW_MS) return;
    heldAt = Date.now();
    const answer = await send("take", {}).catch(() => null);
    if (!answer) return;
    if (answer.status === 409) {
      isMine = false;
      note.classList.add("other");
      show((await answer.json()).why);
      // The page of now shows who holds it, and offers to take over; nothing was typed yet.
      if (!all("textarea").some((field) => field.value !== field.defaultValue)) location.reload();
    } else if (answer.ok) {
      const held = await answer.json();
      if (note.dataset.mine) show(`${note.dataset.mine} ${held.until}`);
      else { const time = note.querySelector("time"); if (time) time.textContent = held.until; }
    }
  };

  hold();
  for (const kind of ["keydown", "pointerdown", "input", "wheel"]) addEventListener(kind, hold, { passive: true });
  addEventListener("pagehide", () => { if (isMine) send("release", {}).catch(() => null); });
}
