// Calls to this server; a problem+json answer becomes an Error with its sentence.
const TRIES = 8;
let token = sessionStorage.getItem("token");

export const isSignedIn = () => Boolean(token);

export function keepToken(value) {
  token = value;
  if (value) sessionStorage.setItem("token", value);
  else sessionStorage.removeItem("token");
}

export async function call(method, path, body, accept = "application/json") {
  const headers = { Accept: accept };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const read = answer.status === 204 ? null : await answer.json().catch(() => null);
  if (answer.ok) return { body: read, headers: answer.headers };
  const problem = new Error(read?.detail ?? `the server answered ${answer.status}`);
  throw Object.assign(problem, { status: answer.status, wait: Number(answer.headers.get("Retry-After") ?? 0) });
}

// 429 and 503 say when to come back; a long file waits instead of failing.
export async function callPatiently(method, path, body) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call(method, path, body);
    } catch (problem) {
      if (!problem.wait || tries === TRIES) throw problem;
      await new Promise((wake) => setTimeout(wake, problem.wait * 1000));
    }
  }
}
