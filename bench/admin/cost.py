#!/usr/bin/env python3
"""What the admin server costs the pipeline: `newsmill run --until-eof` over one loaded topic, in
pairs, without the server and with it under load: /metrics 50 times a second, and the page's own
questions and a tap five times a second.

    cost.py NEWSMILL BROKERS TOPIC [ROUNDS]

TOPIC holds the articles (bench/peers/run.sh and peers_topics load one). Prints one JSON line a
pair and the medians. Each run has a group, journal and output topics of its own, which are left."""
import http.client
import json
import os
import statistics
import subprocess
import sys
import threading
import time

SCRAPES_PER_S = 50
ASKS_PER_S = 5
PORT = 19477


class Caller(threading.Thread):
    """Asks for a path so many times a second, over one connection."""

    def __init__(self, path, per_s, done):
        super().__init__(daemon=True)
        self.path, self.per_s, self.done = path, per_s, done
        self.times = []

    def run(self):
        connection = None
        due = time.monotonic()
        while not self.done.is_set():
            begun = time.monotonic()
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
                connection.request("GET", self.path)
                connection.getresponse().read()
                self.times.append(time.monotonic() - begun)
            except OSError:
                connection = None  # not up yet, or already gone
            due = max(due + 1 / self.per_s, time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))


def run(newsmill, brokers, topic, name, served):
    sets = {
        "input.kafka.brokers": brokers, "input.kafka.topics": f'["{topic}"]',
        "input.kafka.group": name, "input.kafka.instance": name,
        "output.kafka.topic": name + ".out", "output.kafka.dead_letter_topic": name + ".dead",
        "output.kafka.notices_topic": name + ".notices", "dedup.kafka.topic": name + ".journal",
        "admin.enabled": "true" if served else "false", "admin.port": str(PORT),
        "admin.socket": "",
    }
    command = [newsmill, "run", "-c", os.devnull, "--until-eof"]
    for key, value in sets.items():
        command += ["--set", f"{key}={value}"]
    done = threading.Event()
    callers = []
    if served:
        callers = [Caller("/metrics", SCRAPES_PER_S, done), Caller("/v1/status", ASKS_PER_S, done),
                   Caller("/v1/stages", ASKS_PER_S, done),
                   Caller("/v1/tap?kind=records&max=100", ASKS_PER_S, done)]
    begun = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for caller in callers:
        caller.start()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - begun
    done.set()
    if status != 0:
        sys.exit(f"cost.py: newsmill ended with status {status}")
    times = sorted(time_s for caller in callers for time_s in caller.times)
    return {"wall_s": round(wall, 2), "cpu_s": round(usage.ru_utime + usage.ru_stime, 2),
            "requests": len(times),
            "request_p99_ms": round(1000 * times[len(times) * 99 // 100], 1) if times else None}


def main():
    newsmill, brokers, topic = sys.argv[1:4]
    rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 5
    pairs = []
    for number in range(rounds):
        # Who comes first changes, so that a warm cache helps both alike.
        order = (False, True) if number % 2 == 0 else (True, False)
        pair = {}
        for served in order:
            name = f"cost-{os.getpid()}-{number}-{'with' if served else 'without'}"
            pair["with" if served else "without"] = run(newsmill, brokers, topic, name, served)
        pairs.append(pair)
        print(json.dumps({"bench": "admin_cost", "round": number, **pair}), flush=True)
    for key in ("wall_s", "cpu_s"):
        ratios = [pair["with"][key] / pair["without"][key] for pair in pairs]
        print(f"{key}: with / without {statistics.median(ratios):.3f} "
              f"({min(ratios):.3f} to {max(ratios):.3f}), median of {rounds}")


if __name__ == "__main__":
    main()
