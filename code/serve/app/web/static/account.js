// Log in, see and forget what was asked, make and revoke keys. Started only where accounts are on.
import { call, isSignedIn, keepToken } from "./api.js";
import { find, make, tell } from "./dom.js";

const PAGE = 10;
let oldest = null;

export function startAccount() {
  find("login-form").addEventListener("submit", attempt(logIn));
  find("register").addEventListener("click", attempt(register));
  find("logout").addEventListener("click", () => { keepToken(null); show(false); });
  find("older").addEventListener("click", attempt(() => readHistory(oldest)));
  find("forget").addEventListener("click", attempt(forget));
  find("key-form").addEventListener("submit", attempt(makeKey));
  document.addEventListener("predicted", attempt(() => readHistory()));
  if (isSignedIn()) attempt(enter)();
}

// Every action of the card: no page load, its problem told below, and an expired token leads back to the login.
function attempt(action) {
  return async (event) => {
    event?.preventDefault();
    tell("account-problem");
    try {
      await action();
    } catch (problem) {
      if (problem.status === 401 && isSignedIn()) { keepToken(null); show(false); }
      tell("account-problem", problem);
    }
  };
}

const readForm = () => ({ username: find("username").value.trim(), password: find("password").value });

async function logIn() {
  const { body } = await call("POST", "/auth/token", readForm());
  keepToken(body.access_token);
  find("password").value = "";
  await enter();
}

async function register() {
  if (!find("login-form").reportValidity()) return;
  await call("POST", "/auth/", readForm());
  await logIn();
}

async function enter() {
  const { body } = await call("GET", "/");
  find("who").textContent = body.username;
  show(true);
  await Promise.all([readHistory(), readKeys()]);
}

function show(signedIn) {
  find("login-form").hidden = signedIn;
  find("signed-in").hidden = !signedIn;
  find("new-key").hidden = true;
}

async function readHistory(before = null) {
  const { body } = await call("GET", `/data?limit=${PAGE}${before ? `&before=${before}` : ""}`);
  const entries = body.data.map(showEntry);
  if (before) find("history").append(...entries);
  else find("history").replaceChildren(...entries);
  oldest = body.next_before;
  find("older").hidden = !oldest;
  find("forget").hidden = !find("history").children.length;
}

function showEntry({ text, label, score, created_at: at, model_version: version }) {
  const entry = make("li");
  entry.append(make("span", text || "(empty)", "what"), make("strong", `${score.toFixed(2)}`, `label-small ${label}`));
  entry.append(make("span", `${label.toLowerCase()} · ${new Date(at).toLocaleString()} · ${version}`, "when quiet small"));
  return entry;
}

async function forget() {
  await call("DELETE", "/data");
  await readHistory();
}

async function readKeys() {
  const { body } = await call("GET", "/auth/keys");
  find("keys").replaceChildren(...body.keys.map(showKey));
}

function showKey({ id, name, created_at: at }) {
  const entry = make("li");
  const revoke = make("button", "Revoke");
  revoke.addEventListener("click", attempt(async () => { await call("DELETE", `/auth/keys/${id}`); await readKeys(); }));
  entry.append(make("span", name, "what"), revoke, make("span", `made ${new Date(at).toLocaleString()}`, "when quiet small"));
  return entry;
}

async function makeKey() {
  const { body } = await call("POST", "/auth/keys", { name: find("key-name").value });
  find("key-name").value = "";
  find("secret").textContent = body.key;
  find("new-key").hidden = false;
  await readKeys();
}
