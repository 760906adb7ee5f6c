#!/usr/bin/env python3
"""Run every system over one loaded topic, in turn, and report what each took; run.sh calls it.

    compare.py --brokers HOST:PORT --broker-pid PID --bin DIR --streams CLASSPATH --work DIR
               --articles FILE --mix JSON --compression lz4 --rounds 3 --results FILE [SYSTEM…]

A system is one process that reads the input topic from its beginning to its end and then exits. The
broker stamps each output record when it arrives, so nothing has to watch the output meanwhile; it
is read afterwards, as a read_committed reader sees it. CPU and memory are the kernel's numbers."""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

PARTITIONS = 4
TIMEOUT_S = 900
SAMPLE_S = 0.05
HERE = os.path.dirname(os.path.abspath(__file__))
TICKS = os.sysconf("SC_CLK_TCK")


class Setup:
    """What all runs share."""

    def __init__(self, args):
        self.args = args
        self.mix = json.loads(args.mix)
        self.topic_in = "peers.in"
        version = subprocess.run([f"{args.bin}/newsmill", "version", "--json"], check=True,
                                 capture_output=True, text=True)
        self.build = json.loads(version.stdout)["build"]

    def topics(self, *words):
        done = subprocess.run([f"{self.args.bin}/peers_topics", words[0], self.args.brokers,
                               *map(str, words[1:])], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"compare.py: {done.stderr.strip()}")
        return done.stdout


# ---- The systems: each gives the command of one run --------------------------------------------

def passthrough(mode):
    def command(setup, run):
        return [f"{setup.args.bin}/peers_passthrough", mode, setup.args.brokers, run["IN"],
                run["OUT"], run["GROUP"], setup.args.compression]
    return command


def streams(mode):
    def command(setup, run):
        return ["java", "-Xmx2g", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                "-cp", setup.args.streams, "StreamsPeer", setup.args.brokers, run["IN"], run["OUT"],
                run["GROUP"], setup.args.compression, str(setup.mix["articles"]), run["STATE"], mode]
    return command


def newsmill(*settings):
    def command(setup, _run):
        sets = [word for setting in settings for word in ("--set", setting)]
        return [f"{setup.args.bin}/newsmill", "run", "-c", f"{HERE}/newsmill.toml", "--until-eof",
                *sets]
    return command


SYSTEMS = {
    "passthrough": ("librdkafka, bytes only, plain", passthrough("plain")),
    "passthrough_tx": ("librdkafka, bytes only, transactions", passthrough("transactions")),
    "streams_local": ("Kafka Streams, parse + dedup in each partition", streams("local")),
    "streams_global": ("Kafka Streams, parse + dedup over all", streams("global")),
    "newsmill": ("newsmill, all stages", newsmill()),
    "newsmill_untagged": ("newsmill, no quotes and topics",
                          newsmill("quotes.enabled=false", "topics.enabled=false")),
}


# ---- One run -----------------------------------------------------------------------------------

def cpu_s(pid):
    """User and system time of all threads of a process; None if it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / TICKS


def machine_busy_s():
    """What all CPUs have worked so far, for all processes."""
    with open("/proc/stat", encoding="ascii") as stat:
        user, nice, system, _idle, _wait, irq, softirq = map(int, stat.readline().split()[1:8])
    return (user + nice + system + irq + softirq) / TICKS


def peak_mb(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
            for line in status:
                if line.startswith("VmHWM"):
                    return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def watch(pid):
    """Waits until the process ends: its exit status, usage, peak memory and (Unix ms, CPU s)."""
    samples, peak, killed_at = [], 0.0, time.time() + TIMEOUT_S
    while True:
        samples.append((time.time() * 1000, cpu_s(pid) or 0.0))
        peak = max(peak, peak_mb(pid))
        done, status, usage = os.wait4(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status), usage, peak, samples[:-1]
        if time.time() > killed_at:
            os.kill(pid, 9)
        time.sleep(SAMPLE_S)


def cpu_at(samples, ms):
    """CPU used up to a moment, between two samples on the straight line."""
    before = samples[0]
    for sample in samples:
        if sample[0] >= ms:
            share = (ms - before[0]) / max(sample[0] - before[0], 1e-9)
            return before[1] + share * (sample[1] - before[1])
        before = sample
    return before[1]


def execute(setup, name, number):
    """One system, one round: topics, process, and the output as a reader sees it."""
    tag = f"{name}.{number}"
    run = {"IN": setup.topic_in, "OUT": f"peers.{tag}.out", "DEAD": f"peers.{tag}.dead",
           "JOURNAL": f"peers.{tag}.journal", "GROUP": f"peers-{tag}",
           "STATE": os.path.join(setup.args.work, "state"), "BROKERS": setup.args.brokers,
           "COMPRESSION": setup.args.compression}
    setup.topics("create", PARTITIONS, run["OUT"], run["DEAD"])
    shutil.rmtree(run["STATE"], ignore_errors=True)
    log_path = os.path.join(setup.args.work, f"{name}.log")
    broker_before, busy_before, begun = (cpu_s(setup.args.broker_pid), machine_busy_s(),
                                         time.monotonic())
    with open(log_path, "wb") as log:
        process = subprocess.Popen(SYSTEMS[name][1](setup, run), env={**os.environ, **run},
                                   stdout=log, stderr=subprocess.STDOUT)
        try:
            code, usage, peak, samples = watch(process.pid)
        except BaseException:
            process.kill()
            raise
        process.returncode = code  # it has been waited for
    broker = cpu_s(setup.args.broker_pid) - broker_before
    others = machine_busy_s() - busy_before - broker - usage.ru_utime - usage.ru_stime
    others_percent = 100 * others / (time.monotonic() - begun) / os.cpu_count()
    if code != 0:
        print(f"compare.py: {name} ended with {code}; see {log_path}", file=sys.stderr)
    out = json.loads(setup.topics("read", run["OUT"]))
    dead = json.loads(setup.topics("read", run["DEAD"]))
    setup.topics("delete", run["OUT"], run["DEAD"], run["JOURNAL"],
                 run["GROUP"] + "-by-hash-repartition", run["GROUP"] + "-seen-changelog")
    return code, usage, peak, samples, broker, others_percent, out, dead


def measure(setup, name, number):
    code, usage, peak, samples, broker, others_percent, out, dead = execute(setup, name, number)
    count = setup.mix["articles"]
    later = max(out["records"] - out["first_records"], 1)
    working_s = max(out["last_ms"] - out["first_ms"], 1) / 1000
    second_half_s = max(out["last_ms"] - out["middle_ms"], 1) / 1000
    working_cpu = cpu_at(samples, out["last_ms"]) - cpu_at(samples, out["first_ms"])
    every_article_once = (out["records"] + dead["records"] == count and
                          out["distinct_keys"] == out["records"])
    return {
        "bench": "peers", "system": name, "round": number, "articles": count,
        "articles_source": setup.mix["source"], "article_bytes": setup.mix["bytes"] // count,
        "copies": setup.mix["copies"], "compression": setup.args.compression,
        "ok": code == 0 and every_article_once,
        "articles_per_s": round(later / working_s),
        "articles_per_s_second_half": round(out["records"] / 2 / second_half_s),
        "cpu_us_per_article": round(working_cpu * 1e6 / later, 1),
        "cpu_us_per_article_with_start": round((usage.ru_utime + usage.ru_stime) * 1e6 / count, 1),
        "broker_cpu_us_per_article": round(broker * 1e6 / count, 1),
        "others_cpu_percent": round(max(others_percent, 0), 1),
        "peak_rss_mb": round(peak), "first_record_after_s":
            round((out["first_ms"] - samples[0][0]) / 1000, 2),
        "records": out["records"], "dead_letters": dead["records"],
        "duplicates": out["duplicates"], "output_bytes": out["bytes"] // max(out["records"], 1),
        "build": setup.build, "cpu": cpu_name(),
        "cpus": os.cpu_count(),
    }


def cpu_name():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        for line in info:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return ""


# ---- All runs ----------------------------------------------------------------------------------

COLUMNS = (("articles_per_s", "articles/s"), ("articles_per_s_second_half", "second half"),
           ("cpu_us_per_article", "CPU µs/article"),
           ("cpu_us_per_article_with_start", "with start"),
           ("broker_cpu_us_per_article", "broker's CPU µs"), ("peak_rss_mb", "peak RSS MB"),
           ("duplicates", "copies found"))


def table(lines, systems, copies):
    head = "| median of the rounds | " + " | ".join(title for _, title in COLUMNS) + " |"
    rows = [head, "|---|" + "---:|" * len(COLUMNS)]
    for name in systems:
        mine = [line for line in lines if line["system"] == name]
        cells = [f"{statistics.median(line[key] for line in mine):,.0f}" for key, _ in COLUMNS]
        if name.startswith("passthrough"):
            cells[-1] = "-"
        else:
            cells[-1] += f" of {copies:,}"
        if not all(line["ok"] for line in mine):
            cells[-1] += " (WRONG: see the results)"
        rows.append(f"| {SYSTEMS[name][0]} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for option in ("brokers", "bin", "streams", "work", "articles", "mix", "compression",
                   "results"):
        parser.add_argument("--" + option, required=True)
    parser.add_argument("--broker-pid", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("systems", nargs="*", metavar="SYSTEM", help=", ".join(SYSTEMS))
    setup = Setup(parser.parse_args())
    systems = setup.args.systems or list(SYSTEMS)
    unknown = [name for name in systems if name not in SYSTEMS]
    if unknown:
        parser.error(f"no system {unknown[0]}; there are {', '.join(SYSTEMS)}")
    setup.topics("create", PARTITIONS, setup.topic_in)
    setup.topics("load", setup.topic_in, PARTITIONS, setup.args.compression, setup.args.articles)
    for name in systems:  # the broker's virtual machine compiles its code for minutes
        measure(setup, name, 0)
    lines = []
    with open(setup.args.results, "w", encoding="utf-8") as results:
        for number in range(1, setup.args.rounds + 1):
            first = (number - 1) % len(systems)
            for name in systems[first:] + systems[:first]:
                line = measure(setup, name, number)
                lines.append(line)
                results.write(json.dumps(line, separators=(",", ":")) + "\n")
                results.flush()
                print(f"round {number}: {name}: {line['articles_per_s']:,} articles/s, "
                      f"{line['cpu_us_per_article']} µs, {'ok' if line['ok'] else 'WRONG'}, "
                      f"others took {line['others_cpu_percent']} % of the machine",
                      file=sys.stderr)
    print(table(lines, systems, setup.mix["copies"]))
    if not all(line["ok"] for line in lines):
        sys.exit(1)


if __name__ == "__main__":
    main()
