"""Runs the generators in turns and prints a table of medians. Called by run.sh."""

import json
import os
import re
import resource
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

SCIMRIG, GOOSE, LOCUST, ROUNDS, SECONDS = sys.argv[1:4] + [int(text) for text in sys.argv[4:6]]
HERE = os.path.dirname(os.path.abspath(__file__))
WORKERS = 5
TOKEN = secrets.token_urlsafe(24)
ENVIRONMENT = {**os.environ, "SCIM_SECRET_TOKEN": TOKEN}


class Tenant:
    """A fresh built-in tenant on a port of its own."""

    def __enter__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/scim"
        command = [SCIMRIG, "serve", "--profile", "strict", "--listen", f"127.0.0.1:{port}"]
        self.process = subprocess.Popen(
            command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(100):
            try:
                urllib.request.urlopen(self.url + "/ServiceProviderConfig", timeout=1)
                return self
            except OSError:
                time.sleep(0.05)
        raise SystemExit("the tenant did not start")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def run(command, **options):
    """Runs a command; its output, its seconds, and its processor time in seconds."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=600, **options,
    )
    took, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return done.stdout, took, cpu


def wrk(url, _):
    output, _, cpu = run(
        ["wrk", "-t1", f"-c{WORKERS}", f"-d{SECONDS}s", "-s", f"{HERE}/pairs.lua", url, "--",
         TOKEN, f"{HERE}/user.json"]
    )
    requests = int(re.search(r"(\d+) requests in", output).group(1))
    return requests, float(re.search(r"Requests/sec:\s+([\d.]+)", output).group(1)), cpu


def goose(url, users):
    output, _, cpu = run([GOOSE, url, str(users), str(WORKERS)])
    requests, seconds = output.strip().splitlines()[-1].split()
    return int(requests), int(requests) / float(seconds), cpu


def scimrig(url, users, *more):
    folder = tempfile.mkdtemp()
    command = [
        SCIMRIG, "load", "--tenant-url", url, "--profile", "strict", "--users", str(users),
        "--groups", "0", "--members-per-group", "0", "--sample", "0",
        "--concurrency", str(WORKERS), "--reports", folder, *more,
    ]
    _, _, cpu = run(command)
    with open(f"{folder}/load-strict/report.json") as file:
        report = json.load(file)
    shutil.rmtree(folder)
    users_phase = next(it for it in report["load"]["phases"] if it["phase"] == "users")
    # Processor time is that of the whole run: managers, count and clean-up included.
    return report["requests"]["sent"], users_phase["requests"] / users_phase["seconds"], cpu


def locust(url, client):
    host = url.removesuffix("/scim")
    output, _, cpu = run(
        [LOCUST, "-f", f"{HERE}/locustfile.py", "--headless", "--host", host, "-u", str(WORKERS),
         "-r", str(WORKERS), "-t", f"{SECONDS}s", "--only-summary", client]
    )
    row = re.search(r"Aggregated\s+(\d+)\s+\d+\(.*?\|.*?\|\s+([\d.]+)", output, re.S)
    return int(row.group(1)), float(row.group(2)), cpu


def main():
    def judging_a_share(url, users):
        return scimrig(url, users, "--judge", "share")

    def fast_locust(url, _):
        return locust(url, "Quick")

    def usual_locust(url, _):
        return locust(url, "Usual")

    ours = {"scimrig load": scimrig, "… a share": judging_a_share}
    theirs = {"Locust, quick": fast_locust, "Locust, usual": usual_locust}
    generators = {"wrk": wrk, "bare goose": goose, **ours, **theirs}
    figures = {name: [] for name in generators}
    users = 20_000
    for number in range(1, ROUNDS + 1):
        for name, generator in generators.items():
            with Tenant() as tenant:
                requests, rate, cpu = generator(tenant.url, users)
            figures[name].append((rate, cpu / requests * 1e6))
            print(f"round {number}  {name:<13} {rate:>10.0f} requests a second", flush=True)
    medians = {
        name: [statistics.median(column) for column in zip(*rows)]
        for name, rows in figures.items()
    }
    all_judged, share_judged = (medians[name][0] for name in ours)
    print(f"\nmedians of {ROUNDS} rounds, {WORKERS} requests in flight, both ends on this machine")
    print(f"{'generator':<14} {'requests/s':>11} {'µs of CPU each':>15} {'scimrig is':>11} {'a share':>8}")
    for name, (rate, cpu) in medians.items():
        ratios = f"{all_judged / rate:>10.2f}x {share_judged / rate:>7.2f}x"
        print(f"{name:<14} {rate:>11.0f} {cpu:>15.1f} {ratios}")


main()
