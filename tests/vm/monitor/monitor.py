# SPDX-License-Identifier: GPL-2.0-only
"""Holds the samples of a sidecar against the guest's readings around them.

A counter that only grows must, in a sample between two readings, be no less
than the first and no more than the second; where the two are equal, so is it.
"""
import json
import sys

run = json.load(open(sys.argv[1]))
problems = []
brackets = {}


def bracket(what, before, seen, after):
    """One value that only grows; counts those that had no room to be wrong."""
    n = brackets.setdefault(what, [0, 0])
    n[0] += 1
    n[1] += before == after
    if not before <= seen <= after:
        problems.append(f"{what}: the host saw {seen}, the guest said {before} before and {after} after")


def readings():
    for event in run["events"]:
        if event["kind"] == "reading" and "host_ns" in event:
            reading = json.loads(event["detail"])
            error = event["host_error_ns"]
            reading["from"] = event["host_ns"] - error
            reading["until"] = event["host_ns"] + reading["took_ns"] + error
            yield reading


assert run["verdict"] == "pass", run["verdict"]
monitor = run["monitor"]
assert "unavailable" not in monitor, monitor["unavailable"]
guest = list(readings())
assert len(guest) >= 20, f"only {len(guest)} readings have a time"
cpus = run["topology"]["cpus"]
NAMES = ["yld_count", "sched_count", "sched_goidle", "ttwu_count", "ttwu_local",
         "cpu_time_ns", "run_delay_ns", "pcount"]
steady, lone = [], []

for sample in monitor["samples"]:
    at, until = sample["host_ns"], sample["host_ns"] + sample["took_ns"]
    before = [r for r in guest if r["until"] < at]
    after = [r for r in guest if r["from"] > until]
    if not before or not after:
        continue
    before, after = before[-1], after[0]
    for cpu in range(cpus):
        for i, name in enumerate(NAMES):
            bracket(name, before["schedstat"][cpu][i], sample["schedstat"][name][cpu],
                    after["schedstat"][cpu][i])
    for name, value in sample.get("counters", {}).items():
        if name in before.get("counters", {}) and name in after.get("counters", {}):
            bracket(name, before["counters"][name], value, after["counters"][name])
    # Not a counter: but the last CPU has nothing else to do.
    if before["nr_running"][-1] == after["nr_running"][-1]:
        steady.append(sample["nr_running"][-1] - before["nr_running"][-1])
        lone.append(sample["nr_running"][-1] - min(3, before["nr_running"][-1]))

# Kernels whose domains have the numbers of version 17.
compared = 0
for snapshot in monitor["domains"]:
    at, until = snapshot["host_ns"], snapshot["host_ns"] + snapshot["took_ns"]
    before = [r for r in guest if r["until"] < at]
    after = [r for r in guest if r["from"] > until]
    chain = snapshot["cpus"][-1]
    if not before or not after or not before[-1]["domains"]:
        continue
    before, after = before[-1]["domains"], after[0]["domains"]
    assert [d["name"] for d in chain] == [d[0] for d in before], (chain, before)
    for said, domain, again in zip(before, chain, after):
        assert len(said) == len(domain["stats"]) + 1 == 46, said
        for i, value in enumerate(domain["stats"]):
            bracket(f"domain {said[0]}", said[i + 1], value, again[i + 1])
        compared += 1
if not run["kernel"]["release"].startswith("6.12."):
    assert compared >= 3, f"only {compared} domains were compared"

for what, (n, tight) in brackets.items():
    print(f"{what}: {n} times between the guest's own, {tight} of them equal to both")
print(f"nr_running: {steady.count(0)} of {len(steady)} times what the guest said before and after, "
      f"else by {sorted(set(steady) - {0})} more")
for problem in problems[:20]:
    print("FAIL", problem)
assert not problems, len(problems)
assert brackets["sched_count"][0] >= 40 * cpus, brackets
assert len(steady) >= 20, steady
# A kernel thread may have come and gone in between, but none that spins. Where
# all CPUs take from one queue they come by more often.
assert all(-2 <= more <= 2 for more in steady) and min(lone) >= 0, (steady, lone)
assert steady.count(0) >= (0.5 if run["test"].get("scheduler") else 0.8) * len(steady), steady
if run["test"].get("scheduler"):
    assert any(name.startswith("SCX_EV_") for name in brackets), "no counters were compared"
    took = [max(sample["scx_nr_running"]) for sample in monitor["samples"]]
    assert max(took) >= 3, f"at most {max(took)} tasks of sched_ext on a CPU"
