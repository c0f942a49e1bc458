// Shows server-made HTML and, when it changes, alters only what differs: scroll, focus, selection and opened details stay.
export default {
  template: "<div></div>",
  props: { html: String },
  mounted() {
    this.$el.innerHTML = this.html || "";
  },
  watch: {
    html(text) {
      const fresh = document.createElement("div");
      fresh.innerHTML = text || "";
      patchChildren(this.$el, fresh);
    },
  },
};

function patchChildren(old, fresh) {
  const keyed = new Map();
  for (const child of old.children) if (child.dataset.key) keyed.set(child.dataset.key, child);
  let at = old.firstChild;
  for (const want of [...fresh.childNodes]) {
    const kept = want.nodeType === 1 && want.dataset.key ? keyed.get(want.dataset.key) : null;
    if (kept && kept !== at) {
      old.insertBefore(kept, at);
      at = kept;
    }
    if (at && alike(at, want)) {
      patch(at, want);
      at = at.nextSibling;
    } else {
      old.insertBefore(want, at);
    }
  }
  while (at) {
    const next = at.nextSibling;
    old.removeChild(at);
    at = next;
  }
}

function alike(a, b) {
  if (a.nodeType !== b.nodeType || a.nodeName !== b.nodeName) return false;
  return a.nodeType !== 1 || (a.dataset.key || "") === (b.dataset.key || "");
}

function patch(old, want) {
  if (old.nodeType !== 1) {
    if (old.nodeValue !== want.nodeValue) old.nodeValue = want.nodeValue;
    return;
  }
  for (const { name } of [...old.attributes])
    if (!want.hasAttribute(name) && !(name === "open" && old.nodeName === "DETAILS")) old.removeAttribute(name);
  for (const { name, value } of [...want.attributes])
    if (!(name === "open" && old.nodeName === "DETAILS") && old.getAttribute(name) !== value) old.setAttribute(name, value);
  patchChildren(old, want);
}
