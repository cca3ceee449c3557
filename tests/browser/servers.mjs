// What the dashboard is tried against: holdfast, a simulated exchange and a Redis, each a child of this process.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const program = process.env.HOLDFAST_PROGRAM;
const children = new Set();
const folders = [];
process.on("exit", () => folders.forEach((path) => rmSync(path, { recursive: true, force: true })));

function start(command, args, ready, environment = {}) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, ...environment } });
  children.add(child);
  child.on("exit", () => children.delete(child));
  return new Promise((resolve, reject) => {
    let said = "";
    child.on("error", reject);
    child.on("exit", () => reject(new Error(`${command} ended: ${said}`)));
    child.stdout.on("data", (data) => {
      said += data;
      const found = said.match(ready);
      if (found) resolve({ child, found });
    });
  });
}

export function end(child, signal = "SIGKILL") {
  return new Promise((resolve) => {
    if (!children.has(child)) return resolve();
    child.on("exit", resolve);
    child.kill(signal);
  });
}

export const endAll = () => Promise.all([...children].map((child) => end(child)));

export function freePort() {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export function temporaryFolder() {
  const path = mkdtempSync(join(tmpdir(), "holdfast-browser-"));
  folders.push(path);
  return path;
}

export async function startExchange(port = 0) {
  const { child, found } = await start(program, ["simulate", `--port=${port}`], /on (http:\S+)/);
  return { child, url: found[1] };
}

export async function startRedis(port, folder) {
  const { child } = await start("redis-server", ["--port", port, "--bind", "127.0.0.1", "--dir", folder, "--save", ""], /Ready to accept connections/);
  return child;
}

export async function startHoldfast(folder, options) {
  const { child, found } = await start(program, ["serve", "--http=127.0.0.1:0", `--state-dir=${folder}/state`, ...options], /on (http:\S+)/,
    { HOLDFAST_STATE_DIR: "", REDIS_URL: "", CELERY_BROKER_URL: "" });
  return { child, url: found[1] };
}

// Counts with a running serve, many at once.
export function count(folder, counters) {
  for (const [key, amount] of Object.entries(counters)) execFileSync(program, ["incr", key, String(amount), `--state-dir=${folder}/state`]);
}

// What a serve would have recorded of counters that it knows by now, had it run all the time: each went up by so many per
// second until a minute ago.
export function fillHistory(folder, rates, minutes) {
  const last = Math.floor(Date.now() / 60_000) - 1;
  const rows = Object.entries(rates).flatMap(([key, rate]) => [10, 60].map((step) => `
    INSERT OR REPLACE INTO point(step, series, slot, value)
      SELECT ${step}, (SELECT id FROM series WHERE key = '${key}'), at / ${step}, (at - ${last * 60}) * ${rate} FROM moment WHERE at % ${step} = 0;
    INSERT OR IGNORE INTO seen(step, slot) SELECT ${step}, at / ${step} FROM moment WHERE at % ${step} = 0;`));
  execFileSync("sqlite3", ["-bail", "-cmd", ".timeout 20000", `${folder}/state/history.sqlite`], { stdio: ["pipe", "ignore", "inherit"], input: `
    CREATE TEMP TABLE moment AS WITH RECURSIVE every(at) AS
      (SELECT ${(last - minutes) * 60} UNION ALL SELECT at + 10 FROM every WHERE at < ${last * 60}) SELECT at FROM every;
    BEGIN IMMEDIATE; ${rows.join("")} COMMIT;` });
}
