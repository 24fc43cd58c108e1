"use strict";
document.querySelectorAll("table.sortable thead button").forEach((button) => {
  button.addEventListener("click", () => {
    const head = button.closest("th");
    const table = head.closest("table");
    const column = head.cellIndex;
    const value = (row) => row.cells[column].dataset.v ?? row.cells[column].textContent;
    const rows = [...table.tBodies[0].rows];
    const sorted = head.getAttribute("aria-sort");
    const up = sorted ? sorted === "descending" : rows.some((row) => isNaN(value(row)));
    head.parentElement.querySelectorAll("th").forEach((th) => th.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const order = (a, b) => {
      const [x, y] = [value(a), value(b)];
      if (x === "" || y === "") return (x === "") - (y === "");
      const ascending = isNaN(x) || isNaN(y) ? x.localeCompare(y) : x - y;
      return up ? ascending : -ascending;
    };
    table.tBodies[0].append(...rows.sort(order));
  });
});
document.querySelectorAll(".toggles input").forEach((box) => {
  box.addEventListener("change", () => {
    document.getElementById("films").classList.toggle("without-" + box.value, !box.checked);
  });
});
const viewer = document.getElementById("viewer");
document.querySelectorAll(".frame").forEach((frame) => {
  frame.addEventListener("click", () => {
    const caption = frame.closest("figure").querySelector("figcaption").textContent;
    const words = document.createElement("p");
    words.textContent = frame.closest(".film").querySelector("h3").textContent + ", " + caption;
    viewer.replaceChildren(frame.querySelector("svg").cloneNode(true), words);
    viewer.className = document.getElementById("films").className;
    viewer.showModal();
  });
});
if (viewer) viewer.addEventListener("click", () => viewer.close());
