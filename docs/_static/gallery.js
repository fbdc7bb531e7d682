// The gallery of recipes: shows the form, and hides the cards that do not fit what it says.
"use strict";
(() => {
    const form = document.querySelector(".filters");
    const cards = [...document.querySelectorAll(".gallery li")];

    function fits(card, wanted) {
        const [first, last] = (wanted.year || "0-9999").split("-").map(Number);
        const year = Number(card.dataset.year);
        return (
            wanted.words.toLowerCase().split(/\s+/).every(word => card.dataset.words.includes(word)) &&
            (!wanted.group || card.dataset.group === wanted.group) &&
            (!wanted.state || card.dataset.state === wanted.state) &&
            first <= year && year <= last
        );
    }

    function filter() {
        const wanted = Object.fromEntries(new FormData(form));
        for (const card of cards) card.hidden = !fits(card, wanted);
        for (const list of document.querySelectorAll(".gallery"))
            list.closest("section").hidden = list.querySelector("li:not([hidden])") === null;
        const count = cards.filter(card => !card.hidden).length;
        form.querySelector("output").textContent = `${count} of ${cards.length} recipes`;
    }

    form.hidden = false;
    form.addEventListener("input", filter);
    form.addEventListener("submit", event => event.preventDefault());
    filter(); // a browser that goes back keeps what was typed
})();
