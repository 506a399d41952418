# SPDX-License-Identifier: GPL-2.0-only
"""What each knob of the fixture scheduler trips, held against a run of each.

usage: knobs.py RUN_DIRECTORY
"""
import glob
import json
import re
import sys

# test: (what it trips), no more and no less. Checks of the test by the name of
# their limit, the monitor's thresholds, and how the kernel ended the scheduler.
TABLE = {
    "left_alone": set(),
    "crash": {"kernel: error"},
    "stall_all": {"kernel: stall"},
    "stall_pid": {"kernel: stall"},
    "leak_task": {"kernel: stall"},
    "starve_cgroup": {"check: max_gap_ms"},
    "woken": set(),
    "slow_dispatch": {"check: max_p99_wake_latency_ns"},
    "degrade": {"check: max_p99_wake_latency_ns"},
    "one_cpu": {"monitor: imbalance"},
    "one_cpu_crowded": {"monitor: imbalance", "monitor: local_dsq_depth"},
    "wrong_cpu": {"monitor: fallback_rate"},
    "keep_last": {"monitor: keep_last_rate"},
}
NOTES = [
    (r"disabled \(runnable task stall\)", "kernel: stall"),
    (r"sched_ext: ktstr: an error was asked for", "kernel: error"),
    (r"^stuck ", "check: max_gap_ms"),
    (r"^did not end when told to", "check: not_stuck"),
    (r"^p99 wake latency", "check: max_p99_wake_latency_ns"),
    (r"^spread ", "check: max_spread_pct"),
    (r"^ran on cpu", "check: isolation"),
]

runs = {}
for path in glob.glob(sys.argv[1] + "/**/*.ktstr.json", recursive=True):
    run = json.load(open(path))
    runs.setdefault(run["test"]["name"], []).append(run)
wrong = 0
for name, wanted in TABLE.items():
    if len(sys.argv) > 2 and name not in sys.argv[2:]:
        continue
    assert runs.get(name), f"{name} was not run"
    for run in runs[name]:
        monitor = run.get("monitor", {})
        seen = {f"monitor: {violation['rule']}" for violation in monitor.get("violations", [])}
        for note in run["notes"]:
            seen |= {what for pattern, what in NOTES if re.search(pattern, note, re.M)}
        verdict = "fail" if any(not what.startswith("monitor") for what in wanted) else "pass"
        fine = seen == wanted and run["verdict"] == verdict and "unavailable" not in monitor
        wrong += not fine
        print(f"{'as written' if fine else 'WRONG':10} {name:16} {run['verdict']:12} {', '.join(sorted(seen)) or '-'}")
        if not fine:
            print(f"  wanted: {verdict}, {wanted or '-'}")
            for note in run["notes"]:
                print("  note:", note)
            for violation in monitor.get("violations", []):
                print("  violation:", violation)
sys.exit(1 if wrong else 0)
