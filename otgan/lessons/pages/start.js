// How a page begins: its data, and what tests call.

/** The numbers that Python put into the page; JSON's null stands for what is not finite. */
export function pageData() {
  return JSON.parse(document.getElementById("data").textContent);
}

/** Show the page: `values(parameters, data)` gives its numbers, `build(data)` draws it. */
export function start({ values, build }) {
  const data = pageData();
  window.lesson = { values: (parameters) => values(parameters, data) };
  build(data);
  document.documentElement.dataset.ready = "true";
}

/** Where a page begins: at the one value that was asked for, or else where the page likes. */
export function first(list, otherwise) {
  return list.length === 1 ? list[0] : otherwise;
}

/** Whether the reader asked for as little motion as possible. */
export function prefersLessMotion() {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}
