#!/usr/bin/env python3
"""soak.py BUILD MINUTES [--seed N] [--json FILE]

Runs `holdfast serve` and a host process on one real redis-server and one simulated exchange. A client asks the gateway all
the while; the host counts and looks up symbols and measures every call. Phases follow each other: healthy, Redis down,
exchange down, both; what a phase's fault is, follows from the seed.

Judged:
  - hot path: p50, p99 and p99.9 of reads and increments, each the median of the windows of a second, are in every phase at
    most 1.5 times those of the healthy phase (what is within 100 ns of it is the clock's own grain and no difference);
    a run of less than two minutes has too few windows for that: it shows them and does not judge
  - memory: the private memory of either process grows by less than 2 MB from its first healthy phase after warm-up to its last.
    Warm-up is a whole cycle of phases and at least two minutes; a shorter run shows the growth and does not judge it
  - descriptors: as many files in the last healthy phase as before or after the first cycle, at most, and no more sockets than
    those and the links that come and go as they are wanted
  - exactness: every counter is in Redis exactly, the hits and misses of every answered request included
  - answers: no request fails or takes longer than its deadline
Exit status 0 where all of it holds.
"""
import argparse
import http.client
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HOT_RATIO_MAX = 1.5
WARM_UP_SECONDS = 120
GRAIN_NS = 100
LINKS_MAX = 4  # to Redis for long reads and for announcements, to the exchange for either market
MEMORY_GROWTH_MAX = 2 << 20
REQUEST_DEADLINE = 3.5  # the gateway asks actors for at most 2 s; the rest is for a busy machine
REQUESTS_PER_SECOND = 100
PHASES = ("healthy", "redis down", "exchange down", "both down")


def free_port():
    """Below what the kernel gives to clients: one of those could have it while its server is down."""
    while True:
        try:
            with socket.create_server(("127.0.0.1", random.randrange(20000, 32000))) as one:
                return one.getsockname()[1]
        except OSError:
            pass


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))] if values else 0.0


class Child:
    """A process that is gone at the end, whatever happens."""

    def __init__(self, words, **more):
        self.process = subprocess.Popen(words, **more)

    @property
    def pid(self):
        return self.process.pid

    def end(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(how)
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class Redis:
    FAULTS = ("kill", "freeze", "full", "cut")

    def __init__(self, folder):
        self.folder, self.port, self.child, self.fault = folder, free_port(), None, None
        self.start()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def start(self):
        self.child = Child(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.folder, "--save", "",
             "--appendonly", "yes", "--appendfsync", "always", "--loglevel", "warning"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                if self.ask("PING") == "PONG":
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise SystemExit("redis-server does not start")

    def ask(self, *words):
        with socket.create_connection(("127.0.0.1", self.port), 5) as link:
            link.sendall(f"*{len(words)}\r\n".encode() + b"".join(f"${len(w)}\r\n{w}\r\n".encode() for w in words))
            reader = link.makefile("rb")
            head = reader.readline().decode().strip()
            if head.startswith("$"):
                return None if head == "$-1" else reader.read(int(head[1:])).decode()
            return head[1:]

    def break_it(self, dice):
        self.fault = dice.choice(self.FAULTS)
        if self.fault == "kill":
            self.child.end(signal.SIGKILL)
        elif self.fault == "freeze":
            os.kill(self.child.pid, signal.SIGSTOP)
        elif self.fault == "full":
            self.ask("CONFIG", "SET", "maxmemory", "1")
        return self.fault

    def again(self):
        """Called every second of a fault."""
        if self.fault == "cut":
            self.ask("CLIENT", "KILL", "TYPE", "normal")

    def mend(self):
        if self.fault == "kill":
            self.start()
        elif self.fault == "freeze":
            os.kill(self.child.pid, signal.SIGCONT)
        elif self.fault == "full":
            self.ask("CONFIG", "SET", "maxmemory", "0")
        self.fault = None


class Exchange:
    FAULTS = ("hang", "hang-body", "500", "502", "reset", "truncate", "html", "empty-list", "half-gone", "trickle", "kill", "freeze")

    def __init__(self, program):
        self.program, self.port, self.child, self.frozen = program, free_port(), None, False
        self.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self, faults=None):
        words = [self.program, "simulate", f"--port={self.port}", "--changes-per-poll=2"]
        words += [f"--faults={faults}"] if faults else []
        self.child = Child(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said = self.child.process.stdout.readline()
        if "simulating" not in said:
            raise SystemExit(f"the simulated exchange does not start: {said}")

    def break_it(self, dice):
        fault = dice.choice(self.FAULTS)
        if fault == "freeze":
            self.frozen = True
            os.kill(self.child.pid, signal.SIGSTOP)
        else:
            self.child.end(signal.SIGKILL)
            if fault != "kill":
                self.start(fault)
        return fault

    def mend(self):
        if self.frozen:
            os.kill(self.child.pid, signal.SIGCONT)
        else:
            self.child.end(signal.SIGKILL)
            self.start()
        self.frozen = False


class Load(threading.Thread):
    """Asks the gateway at a steady pace; notes per phase how long answers took and what failed."""

    PATHS = ("/api/v1/symbols/spot", "/api/v1/symbols/spot/BTCUSDT", "/api/v1/symbols/futures", "/api/v1/counters/metrics:soak:a",
             "/api/v1/status", "/metrics")

    def __init__(self, address, state):
        super().__init__(daemon=True)
        self.host, self.state, self.stop = address, state, False
        self.took = {phase: [] for phase in PHASES}
        self.failed = {phase: [] for phase in PHASES}
        self.lists = {"spot": 0, "futures": 0}

    def run(self):
        link, tags, n = None, {}, 0
        begin = time.monotonic()
        while not self.stop:
            n += 1
            time.sleep(max(0.0, begin + n / REQUESTS_PER_SECOND - time.monotonic()))
            path, phase = self.PATHS[n % len(self.PATHS)], self.state["phase"]
            asked = time.monotonic()
            try:
                link = link or http.client.HTTPConnection(self.host, timeout=REQUEST_DEADLINE * 2)
                headers = {"Accept-Encoding": "gzip"}
                if path in tags and n % 3:
                    headers["If-None-Match"] = tags[path]
                link.request("GET", path, headers=headers)
                answer = link.getresponse()
                answer.read()
                tags[path] = answer.headers.get("ETag") or tags.get(path, "")
                if "/symbols/" in path:
                    self.lists[path.split("/")[4]] += 1
                if answer.status not in (200, 304) and not (answer.status == 503 and "/counters/" in path):
                    self.failed[phase].append(f"{path}: HTTP {answer.status}")
            except (OSError, http.client.HTTPException) as error:
                self.failed[phase].append(f"{path}: {error!r}")
                link = None
            took = time.monotonic() - asked
            self.took[phase].append(took)
            if took > REQUEST_DEADLINE:
                self.failed[phase].append(f"{path}: {took:.1f} s")
            if asked - begin > n / REQUESTS_PER_SECOND + 1:  # behind: no burst to catch up
                begin = time.monotonic() - n / REQUESTS_PER_SECOND


def private_memory(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith("RssAnon"))


def descriptors(pid):
    """How many (sockets, others) there are."""
    sockets, others = 0, 0
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            kind = os.readlink(f"/proc/{pid}/fd/{name}")
        except FileNotFoundError:
            continue
        sockets, others = (sockets + 1, others) if kind.startswith("socket:") else (sockets, others + 1)
    return sockets, others


class Soak:
    def __init__(self, build, minutes, seed, folder):
        self.dice = random.Random(seed)
        self.program = f"{build}/apps/holdfast/holdfast"
        self.seconds = minutes * 60
        self.state = {"phase": "healthy"}
        self.windows = {phase: [] for phase in PHASES}
        self.samples = {"serve": [], "host": []}  # per healthy phase: (begin, median of memory, (least sockets, least others))
        self.verdicts = []
        os.mkdir(f"{folder}/redis")
        self.log = open(f"{folder}/serve.log", "w+")
        self.redis = Redis(f"{folder}/redis")
        self.exchange = Exchange(self.program)
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("HOLDFAST_", "REDIS_URL", "CELERY_"))}
        self.serve = Child([self.program, "serve", "--http=127.0.0.1:0", f"--redis-url={self.redis.url}", f"--state-dir={folder}/serve",
                            f"--spot-urls={self.exchange.url}", f"--futures-urls={self.exchange.url}", "--spot-ttl=2s", "--futures-ttl=2s",
                            "--spot-warmup-interval=1s", "--futures-warmup-interval=1s", "--fetch-timeout=1s"],
                           stdout=subprocess.PIPE, stderr=self.log, text=True, env=environment)
        self.address = self.serve.process.stdout.readline().split("http://")[1].split()[0]
        self.host = Child([f"{build}/tests/soak/soak_host", self.redis.url, f"{folder}/host", self.exchange.url],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
        if self.host.process.stdout.readline().strip() != "ready":
            raise SystemExit("the host does not start")
        self.load = Load(self.address, self.state)

    def ask_host(self, what):
        self.host.process.stdin.write(what + "\n")
        self.host.process.stdin.flush()
        return json.loads(self.host.process.stdout.readline())

    def phase(self, name, seconds):
        faults = []
        if name in ("redis down", "both down"):
            faults.append("redis: " + self.redis.break_it(self.dice))
        if name in ("exchange down", "both down"):
            faults.append("exchange: " + self.exchange.break_it(self.dice))
        print(f"{name:14} {', '.join(faults)}", flush=True)
        self.state["phase"] = name
        self.ask_host("window")  # what was measured while things were broken or mended belongs to no phase
        memory, handles = {"serve": [], "host": []}, {"serve": [], "host": []}
        begin = time.monotonic()
        while time.monotonic() < begin + seconds:
            time.sleep(1)
            self.windows[name].append(self.ask_host("window"))
            self.redis.again()
            for who, child in (("serve", self.serve), ("host", self.host)):
                memory[who].append(private_memory(child.pid))
                handles[who].append(descriptors(child.pid))
        if faults:
            self.redis.mend()
            if name != "redis down":
                self.exchange.mend()
            self.state["phase"] = "healthy"
            time.sleep(1)
        else:
            for who in memory:
                self.samples[who].append((begin - self.begin, statistics.median(memory[who]),
                                          tuple(min(kind) for kind in zip(*handles[who]))))

    def run(self):
        self.load.start()
        self.begin = time.monotonic()
        per_phase = max(3.0, min(15.0, self.seconds / 13 - 1))
        until = time.monotonic() + self.seconds - per_phase
        cycles = 0
        while time.monotonic() < until or cycles < 2:
            order = list(PHASES[1:])
            self.dice.shuffle(order)
            self.phase("healthy", per_phase)
            for name in order:
                self.phase(name, per_phase)
            cycles += 1
        self.phase("healthy", per_phase)
        self.load.stop = True
        self.load.join()

    def judge(self, good, text):
        self.verdicts.append((good, text))

    def hot_path(self):
        table = {}
        for phase, windows in self.windows.items():
            for what in ("reads", "increments"):
                for share in ("p50", "p99", "p999"):
                    table[phase, what, share] = statistics.median(w[what][share] for w in windows)
        for (phase, what, share), value in table.items():
            healthy = table["healthy", what, share]
            good = value <= HOT_RATIO_MAX * healthy or value - healthy <= GRAIN_NS
            if self.seconds >= WARM_UP_SECONDS:
                self.judge(good, f"{what} {share} while {phase}: {value:.0f} ns, healthy {healthy:.0f} ns")
        return table

    def resources(self):
        for who, samples in self.samples.items():
            warm = [memory for begin, memory, _ in samples[1:] if begin >= WARM_UP_SECONDS]
            if len(warm) > 1:
                self.judge(warm[-1] - warm[0] < MEMORY_GROWTH_MAX,
                           f"{who}: memory {warm[0] / 1e6:.1f} MB after warm-up, {(warm[-1] - warm[0]) / 1e6:+.2f} MB at the end")
            sockets, others = (max(kind) for kind in zip(samples[0][2], samples[1][2]))
            sockets_now, others_now = samples[-1][2]
            self.judge(sockets_now <= sockets + LINKS_MAX and others_now <= others,
                       f"{who}: {sockets} sockets and {others} others open around the first cycle, {sockets_now} and {others_now} at the end")

    def exactness(self):
        totals = self.ask_host("totals")
        self.judge(totals["flushed"], "the host's counters are flushed")
        until = time.monotonic() + 20
        wanted = {"metrics:soak:a": totals["a"], "metrics:soak:b": totals["b"]}
        # The host asked once for the spot list, at its start.
        for market, more in (("spot", 1), ("futures", 0)):
            wanted[f"requests of {market}"] = self.load.lists[market] + more
        while True:
            found = {key: int(self.redis.ask("GET", key) or 0) for key in ("metrics:soak:a", "metrics:soak:b")}
            for market in ("spot", "futures"):
                found[f"requests of {market}"] = sum(int(self.redis.ask("GET", f"metrics:cache_{kind}:symbols_{market}") or 0)
                                                     for kind in ("hit", "miss"))
            if found == wanted or time.monotonic() > until:
                break
            time.sleep(0.2)
        for key, value in wanted.items():
            self.judge(found[key] == value, f"{key}: {value} counted, {found[key]} in Redis")
        self.judge(totals["found"] == totals["a"], f"{totals['found']} of {totals['a']} lookups found their symbol")

    def requests(self):
        for phase in PHASES:
            failed = self.load.failed[phase]
            self.judge(not failed, f"requests while {phase}: {len(self.load.took[phase])}, failed {len(failed)} {failed[:3]}")

    def report(self, table):
        print(f"\n{'phase':14} {'requests':>8} {'failed':>6} {'p50 ms':>7} {'p99 ms':>7} {'p99.9':>7}"
              f" | {'reads ns: p50':>13} {'p99':>5} {'p99.9':>6} | {'increments ns: p50':>18} {'p99':>5} {'p99.9':>6}")
        for phase in PHASES:
            took = self.load.took[phase]
            print(f"{phase:14} {len(took):8} {len(self.load.failed[phase]):6}"
                  + "".join(f" {1000 * percentile(took, s):7.1f}" for s in (0.5, 0.99, 0.999))
                  + " |" + "".join(f" {table[phase, 'reads', s]:{w}.0f}" for s, w in (("p50", 13), ("p99", 5), ("p999", 6)))
                  + " |" + "".join(f" {table[phase, 'increments', s]:{w}.0f}" for s, w in (("p50", 18), ("p99", 5), ("p999", 6))))
        for who, samples in self.samples.items():
            print(f"{who}, in healthy phases: MB " + " ".join(f"{m / 1e6:.1f}" for _, m, _ in samples)
                  + "; sockets + others " + " ".join(f"{s}+{o}" for _, _, (s, o) in samples))
        print()
        for good, text in self.verdicts:
            print(f"{'good' if good else 'BAD '}  {text}")

    def end(self):
        self.host.process.stdin.close()
        try:
            self.host.process.wait(20)
        except subprocess.TimeoutExpired:
            pass
        for who, child in (("host", self.host), ("serve", self.serve)):
            status = child.end()
            self.judge(status == 0, f"{who} ended with status {status}")
        self.exchange.child.end()
        self.redis.child.end()
        self.log.close()


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("build")
    words.add_argument("minutes", type=float)
    words.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    words.add_argument("--json")
    wanted = words.parse_args()
    print(f"seed {wanted.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="holdfast-soak-") as folder:
        soak = Soak(wanted.build, wanted.minutes, wanted.seed, folder)
        try:
            soak.run()
            table = soak.hot_path()
            soak.resources()
            soak.requests()
            soak.exactness()
        finally:
            soak.end()
        soak.report(table)
    good = all(one for one, _ in soak.verdicts)
    if wanted.json:
        with open(wanted.json, "w") as file:
            json.dump({"seed": wanted.seed, "good": good, "verdicts": soak.verdicts,
                       "windows": soak.windows, "resources": soak.samples}, file)
    print("soak: everything holds" if good else "soak: FAILED", f"(seed {wanted.seed})")
    return 0 if good else 1


sys.exit(main())
