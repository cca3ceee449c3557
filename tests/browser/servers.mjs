// What the dashboard is tried against: holdfast, a simulated exchange and a Redis, each a child of this process.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const program = process.env.HOLDFAST_PROGRAM;
const children = new Set();

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
  process.on("exit", () => rmSync(path, { recursive: true, force: true }));
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
