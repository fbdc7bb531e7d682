// Tables that are sorted by the column whose heading is pressed, and in the other direction if it is pressed again.
function sortable(table) {
  const heads = [...table.querySelectorAll("thead th")];
  const body = table.tBodies[0];
  heads.forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      // Where the highest values are the best, the keys are negative: they ascend while the values fall.
      const falls = head.hasAttribute("data-falls");
      const down = head.getAttribute("aria-sort") === (falls ? "descending" : "ascending");
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down === falls ? "ascending" : "descending");
      const key = (row) => row.cells[column].dataset.sort;
      const rows = [...body.rows].sort((a, b) => compare(key(a), key(b)) * (down ? -1 : 1));
      body.append(...rows);
    });
  });
}

function compare(a, b) {
  const [first, second] = [Number(a), Number(b)];
  if (Number.isNaN(first) || Number.isNaN(second)) return a < b ? -1 : a > b ? 1 : 0;
  return first === second ? 0 : first < second ? -1 : 1;
}
