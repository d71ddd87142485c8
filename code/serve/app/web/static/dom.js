// The page's few ways to touch the document. Text only ever goes in as text, never as markup.
export const find = (id) => document.getElementById(id);

export function make(tag, text = "", className = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  if (className) element.className = className;
  return element;
}

export function tell(id, problem) {
  find(id).textContent = problem ? problem.message : "";
  find(id).hidden = !problem;
}
