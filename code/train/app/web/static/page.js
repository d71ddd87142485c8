// The page asks /runs and /models again and again and shows what they say. Text from outside is only ever set as text.
const STAGES = ["dataset", "clean", "vectors", "network", "evaluate", "publish"];
const POLL_BUSY_MS = 1000, POLL_IDLE_MS = 5000;
const by = (id) => document.getElementById(id);
const token = by("token");
let going = null;

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function cell(name, content, className = "") {
  const made = element("td", typeof content === "object" ? undefined : content, className);
  made.dataset.name = name;
  if (typeof content === "object") made.append(content);
  return made;
}

async function call(method, path) {
  const headers = token.value ? { Authorization: `Bearer ${token.value}` } : {};
  const answer = await fetch(path, { method, headers });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.detail || answer.statusText);
  return body;
}

async function act(method, path) {
  by("problem").hidden = true;
  try {
    await call(method, path);
    await refresh();
  } catch (error) {
    by("problem").textContent = error.message;
    by("problem").hidden = false;
  }
}

function duration(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  return seconds < 90 ? `${Math.round(seconds)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

const percent = (value) => (typeof value === "number" ? `${(value * 100).toFixed(1)} %` : "–");
const day = (text) => new Date(text).toLocaleString();

function showLive(run) {
  going = run;
  by("live").hidden = by("cancel").hidden = !run;
  by("start").disabled = Boolean(run);
  if (!run) {
    by("now").textContent = "Nothing runs. One run at a time; it goes on when this page is closed.";
    return;
  }
  const left = run.seconds_left === null ? "" : ` · about ${duration(run.seconds_left)} left`;
  by("now").textContent = `${run.run_id} · ${run.stage || run.status} · ${Math.floor(run.progress * 100)} %${left}`;
  const at = STAGES.indexOf(run.stage);
  by("stages").replaceChildren(...STAGES.map((stage, place) => {
    const seconds = run.stage_seconds[stage];
    const text = seconds === undefined ? stage : `${stage} · ${duration(seconds)}`;
    return element("li", text, place < at ? "done" : place === at ? "now" : "");
  }));
  by("progress").value = run.progress;
  by("figures").replaceChildren(...Object.entries(run.figures).map(([name, value]) => {
    const pair = element("div");
    pair.append(element("dt", name.replaceAll("_", " ")), element("dd", typeof value === "number" ? String(Number(value.toPrecision(4))) : String(value)));
    return pair;
  }));
}

function outcome(run) {
  if (run.status === "failed") return `${run.error}`;
  const accuracy = run.metrics.accuracy === undefined ? "" : `accuracy ${percent(run.metrics.accuracy)} · `;
  if (run.status === "succeeded") return `${accuracy}${run.promoted ? "live" : "not promoted"}: ${run.reason}`;
  return run.reason || run.stage || "";
}

function reportLink(version, files) {
  const link = element("a", "report");
  link.href = `/models/${encodeURIComponent(version)}/${files && !files.includes("report.html") ? "report.json" : "report.html"}`;
  return link;
}

function runRow(run) {
  const row = element("tr");
  const seconds = (new Date(run.finished_at || Date.now()) - new Date(run.started_at || run.requested_at)) / 1000;
  row.append(
    cell("", run.run_id, "name bare"), cell("", element("span", run.status, `chip ${run.status}`), "bare"),
    cell("took", duration(seconds)), cell("", outcome(run), "why bare"), cell("", run.model_version ? reportLink(run.model_version) : "", "bare"));
  return row;
}

function modelRow(model) {
  const row = element("tr"), metrics = model.metrics || {}, actions = element("div", undefined, "actions");
  const data = (model.datasets || []).map((entry) => `${entry.name} (${entry.rows.toLocaleString()})`).join(", ");
  if (model.files) actions.append(reportLink(model.version, model.files));
  if (model.current) actions.append(element("span", "live", "chip live"));
  else if (!model.error) {
    const button = element("button", "Promote");
    button.type = "button";
    button.addEventListener("click", () => confirm(`Make ${model.version} live?`) && act("POST", `/models/${encodeURIComponent(model.version)}/promote`));
    actions.append(button);
  }
  const why = model.error || [model.reason, ...(model.warnings || [])].filter(Boolean).join(" · ");
  row.append(cell("", model.version, "name bare"), cell("accuracy", percent(metrics.accuracy)), cell("macro recall", percent(metrics.macro_recall)),
    cell("trained on", data), cell("", why, "why bare"), cell("", actions, "bare"));
  return row;
}

function fill(id, rows) {
  by(id).hidden = !rows.length;
  by(`no-${id}`).hidden = Boolean(rows.length);
  by(id).tBodies[0].replaceChildren(...rows);
}

async function refresh() {
  const [runs, models] = await Promise.all([call("GET", "/runs?limit=20"), call("GET", "/models")]);
  showLive(runs.runs.find((run) => run.status === "running" || run.status === "queued") || null);
  fill("runs", runs.runs.map(runRow));
  fill("models", models.models.map(modelRow));
  by("rollback").hidden = models.models.length < 2;
}

async function poll() {
  try {
    await refresh();
  } catch (error) {
    by("now").textContent = `No answer: ${error.message}`;
  }
  setTimeout(poll, going ? POLL_BUSY_MS : POLL_IDLE_MS);
}

by("token-field").hidden = document.body.dataset.guarded !== "yes";
by("start").addEventListener("click", () => act("POST", "/train"));
by("cancel").addEventListener("click", () => going && act("DELETE", `/runs/${going.run_id}`));
by("rollback").addEventListener("click", () => confirm("Make the release before the live one live again?") && act("POST", "/models/rollback"));
poll();
