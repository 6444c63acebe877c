"use strict";

(() => {
  const byId = (id) => document.getElementById(id);
  const [holder, search, label, plugin, order, shown] = ["cards", "search", "label", "plugin", "order", "shown"].map(byId);
  const cards = [...holder.children];
  const ORDERS = {
    name: () => 0, // as they were written
    best: (one, other) => one.dataset.mel - other.dataset.mel,
    worst: (one, other) => other.dataset.mel - one.dataset.mel,
  };

  const inFolder = (card) =>
    !label.value || card.dataset.label === label.value || card.dataset.label.startsWith(`${label.value}/`);

  function filter() {
    const wanted = search.value.trim().toLowerCase();
    let count = 0;
    for (const card of cards) {
      const fits =
        card.dataset.name.toLowerCase().includes(wanted) &&
        inFolder(card) &&
        (!plugin.value || card.dataset.plugin === plugin.value);
      card.hidden = !fits;
      count += fits;
    }
    shown.textContent = `${count} of ${cards.length} shown`;
  }

  const player = new Audio();
  let sounding = null;

  function quiet() {
    player.pause();
    sounding?.classList.remove("playing");
    sounding = null;
  }

  function play(button) {
    const again = button === sounding;
    quiet();
    if (again) return;
    player.src = button.dataset.sound;
    sounding = button;
    button.classList.add("playing");
    player.play().catch((error) => {
      if (error.name === "AbortError") return; // another sound was asked for before this one began
      quiet();
      shown.textContent = `${button.dataset.sound} cannot be played here`;
    });
  }

  player.addEventListener("ended", quiet);
  for (const control of [search, label, plugin]) control.addEventListener("input", filter);
  order.addEventListener("input", () => holder.append(...[...cards].sort(ORDERS[order.value])));
  byId("tools").addEventListener("submit", (event) => event.preventDefault());
  holder.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) play(button);
  });
  document.addEventListener("keydown", (event) => {
    const side = { a: 0, b: 1 }[event.key.toLowerCase()];
    const card = document.activeElement.closest("article");
    if (side === undefined || !card || event.ctrlKey || event.metaKey || event.altKey) return;
    const button = card.querySelectorAll("button")[side];
    button.focus();
    play(button);
  });
  filter();
})();
