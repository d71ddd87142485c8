// Drop a CSV, choose its text column, send it in batches, give it back scored.
import { callPatiently } from "./api.js";
import { findSeparator, parseCsv, writeRow } from "./csv.js";
import { find, make, tell } from "./dom.js";

const BATCH = 256;
const LONGEST = 10000;
const LARGEST_BYTES = 200 * 1024 * 1024;
const TEXT_NAMES = ["text", "tweet", "content", "message", "body", "comment", "review", "post"];
let rows = [], separator = ",", fileName = "scored.csv";

export function startFile() {
  const drop = find("drop");
  for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.remove("over"); });
  drop.addEventListener("drop", (event) => readFile(event.dataTransfer.files[0]));
  find("file").addEventListener("change", (event) => readFile(event.target.files[0]));
  find("header").addEventListener("change", showColumns);
  find("run").addEventListener("click", run);
}

async function readFile(file) {
  if (!file) return;
  tell("file-problem");
  find("plan").hidden = find("download").hidden = find("tally").hidden = find("progress").hidden = true;
  find("progress-text").textContent = "";
  try {
    if (file.size > LARGEST_BYTES) throw new Error("files over 200 MB are for the API, not for a page");
    const text = new TextDecoder("utf-8").decode(await file.arrayBuffer());
    separator = findSeparator(text);
    rows = parseCsv(text, separator);
    if (!rows.length) throw new Error(`${file.name} holds no rows`);
  } catch (problem) {
    return tell("file-problem", problem);
  }
  fileName = file.name.replace(/(\.[^.]*)?$/, "-scored.csv");
  find("header").checked = rows.length > 1 && rows[0].every((cell) => cell.trim() && cell.length < 40 && Number.isNaN(Number(cell)));
  find("plan").hidden = false;
  showColumns();
}

function showColumns() {
  const names = find("header").checked ? rows[0] : rows[0].map((_, place) => `column ${place + 1}`);
  const named = names.findIndex((name) => TEXT_NAMES.includes(name.trim().toLowerCase()));
  const lengths = names.map((_, place) => rows.slice(0, 200).reduce((sum, row) => sum + (row[place] ?? "").length, 0));
  find("column").replaceChildren(...names.map((name, place) => Object.assign(make("option", name.slice(0, 60)), { value: place })));
  find("column").value = named >= 0 ? named : lengths.indexOf(Math.max(...lengths));
  find("count").textContent = `${listBody().length.toLocaleString("en")} rows`;
}

const listBody = () => rows.slice(find("header").checked ? 1 : 0);

async function run() {
  tell("file-problem");
  find("run").disabled = true;
  find("progress").hidden = false;
  find("download").hidden = true;
  try {
    offer(await scoreRows(listBody(), Number(find("column").value)));
  } catch (problem) {
    tell("file-problem", problem);
  } finally {
    find("run").disabled = false;
  }
}

async function scoreRows(body, column) {
  const scored = [], tally = { NEGATIVE: 0, NEUTRAL: 0, POSITIVE: 0, failed: 0 };
  for (let start = 0; start < body.length; start += BATCH) {
    const part = body.slice(start, start + BATCH);
    // Cut here so that an over-long cell is scored by its beginning; halves of a surrogate pair are healed.
    const texts = part.map((row) => (row[column] ?? "").slice(0, LONGEST).toWellFormed?.() ?? (row[column] ?? "").slice(0, LONGEST));
    const { body: answer } = await callPatiently("POST", "/predict", { texts });
    answer.predictions.forEach((found, place) => {
      tally[found.error ? "failed" : found.label] += 1;
      scored.push([...part[place], found.label ?? "", found.error ? found.error.code : found.score]);
    });
    find("progress").value = scored.length / body.length;
    find("progress-text").textContent = `${scored.length.toLocaleString("en")} of ${body.length.toLocaleString("en")} rows`;
  }
  showTally(tally, scored.length);
  return scored;
}

function showTally(tally, total) {
  const parts = ["NEGATIVE", "NEUTRAL", "POSITIVE"];
  find("tally").replaceChildren(...parts.map((label) => Object.assign(make("span", "", label), { style: `width:${(100 * tally[label]) / (total || 1)}%`, title: label })));
  find("tally").hidden = false;
  const failed = tally.failed ? `, ${tally.failed} failed` : "";
  find("progress-text").textContent = `${total.toLocaleString("en")} rows: ${parts.map((label) => `${tally[label].toLocaleString("en")} ${label.toLowerCase()}`).join(", ")}${failed}`;
}

function offer(scored) {
  const head = find("header").checked ? [[...rows[0], "label", "score"]] : [];
  const lines = [...head, ...scored].map((row) => `${writeRow(row, separator)}\r\n`);
  URL.revokeObjectURL(find("download").href);
  Object.assign(find("download"), { href: URL.createObjectURL(new Blob(lines, { type: "text/csv;charset=utf-8" })), download: fileName, hidden: false });
}
