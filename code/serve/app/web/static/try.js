// One text, its label, its score, and what each word added.
import { call } from "./api.js";
import { find, make, tell } from "./dom.js";

export function startTrying() {
  find("try-form").addEventListener("submit", (event) => { event.preventDefault(); ask(); });
  find("text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); ask(); }
  });
  find("words").addEventListener("focusin", ({ target }) => detail(`${target.textContent} ${target.title}`));
  for (const chip of document.querySelectorAll("[data-example]")) {
    chip.addEventListener("click", () => { find("text").value = chip.dataset.example; ask(); });
  }
}

async function ask() {
  tell("problem");
  find("ask").disabled = true;
  try {
    const { body } = await call("POST", "/predict?explain=true", { text: find("text").value });
    show(body);
    document.dispatchEvent(new Event("predicted"));
  } catch (problem) {
    find("answer").hidden = true;
    tell("problem", problem);
  } finally {
    find("ask").disabled = false;
  }
}

function show({ label, score, words }) {
  find("label").textContent = label;
  find("label").className = `label ${label}`;
  find("score").textContent = score.toFixed(3);
  find("mark").style.left = `${score * 100}%`;
  const strongest = Math.max(1, ...words.map((word) => Math.abs(word.weight)));
  find("words").replaceChildren(...words.flatMap((word) => [colour(word, strongest), " "]));
  detail("");
  find("method").hidden = !words.length;
  find("answer").hidden = false;
}

function colour({ word, weight, exact, approximate }, strongest) {
  const mark = make("mark", word);
  mark.title = `${sign(weight)}: exactly ${sign(exact)} by itself and in phrases, about ${sign(approximate)} in context`;
  mark.tabIndex = 0;
  const strength = (0.75 * Math.abs(weight)) / strongest;
  if (strength > 0.03) mark.style.backgroundColor = `rgba(var(--${weight > 0 ? "positive" : "negative"}-soft), ${strength})`;
  return mark;
}

function detail(text) {
  find("detail").textContent = text;
  find("detail").hidden = !text;
}

function sign(number) {
  return `${number > 0 ? "+" : ""}${number.toFixed(2)}`;
}
