// Keys for the pages; everything also works without them.
// Never while typing, never while an input method composes, never with a modifier.
document.documentElement.classList.add("keys");

const rows = Array.from(document.querySelectorAll("[data-row]"));
const help = document.getElementById("keys");

function isTyping(target) {
  return target instanceof Element && target.closest("input, textarea, select, [contenteditable]") !== null;
}

function move(step) {
  const link = document.querySelector(step > 0 ? "a[rel=next]" : "a[rel=prev]");
  if (rows.length === 0) {
    if (link) link.click();
    return;
  }
  const at = rows.indexOf(document.activeElement);
  const to = at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + step));
  rows[to].focus();
  rows[to].closest("li").scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229) return;
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (help && help.open && event.key !== "?") return;
  switch (event.key) {
    case "j": move(1); break;
    case "k": move(-1); break;
    case "/": {
      const search = document.querySelector("[data-search]");
      if (!search) return;
      search.focus();
      search.select();
      break;
    }
    case "?":
      if (!help) return;
      if (help.open) help.close(); else help.showModal();
      break;
    default: return;
  }
  event.preventDefault();
});
