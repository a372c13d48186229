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

/** Whether the reader asked for as little motion as possible. */
export function prefersLessMotion() {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}
