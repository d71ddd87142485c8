// Which release answers, and whether this server is ready; looked up again every ten seconds.
import { find, make } from "./dom.js";

const LOOK_SECONDS = 10;

export async function startModel() {
  await look();
  setTimeout(startModel, LOOK_SECONDS * 1000);
}

async function look() {
  const [health, ready, model] = await Promise.all(["/health", "/ready", "/model"].map(ask));
  const good = ready?.ready === true;
  document.querySelector(".dot").className = `dot ${good ? "good" : "bad"}`;
  find("state-text").textContent = good ? `ready · ${ready.model_version}` : ready?.reasons?.[0] ?? "the server cannot be reached";
  const facts = [
    ["Release", model?.version ?? "none yet"],
    ["Trained", model ? new Date(model.created_at).toLocaleString() : ""],
    ["Languages", model?.languages.join(", ") ?? ""],
    ["Classes", model?.labels.join(", ").toLowerCase() ?? ""],
    ["Accuracy", showShare(model?.metrics.accuracy)],
    ["Refused", ready?.refused ? `${ready.refused.version}: ${ready.refused.detail}` : ""],
    ["Store", ready?.store_problem ?? ""],
    ["App", health ? `${health.version} (${health.commit.slice(0, 12)}), up ${showTime(health.uptime_seconds)}` : ""],
  ].filter(([, value]) => value);
  find("facts").replaceChildren(...facts.flatMap(([name, value]) => [make("dt", name), make("dd", value)]));
}

// 503 carries an answer too: /ready says why not, /model that there is none.
const ask = (path) => fetch(path).then((answer) => answer.json()).then((body) => (body.code ? null : body)).catch(() => null);

const showShare = (share) => (typeof share === "number" ? `${(share * 100).toFixed(1)} % on held-out rows` : "");

const showTime = (seconds) => (seconds < 3600 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`);
