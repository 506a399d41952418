# SPDX-License-Identifier: GPL-2.0-only
"""The reads of bench/monitor by drgn, out of the same image.

usage: drgn.py IMAGE VMLINUX CPUS
Prints the microseconds of a sample of the runqueues, and of a walk over all
tasks, each the median of its rounds.
"""
import statistics
import sys
import time

import drgn
from drgn.helpers.linux.percpu import per_cpu
from drgn.helpers.linux.pid import for_each_task

image, vmlinux, cpus = sys.argv[1], sys.argv[2], int(sys.argv[3])
prog = drgn.Program()
prog.set_core_dump(image)
prog.load_debug_info([vmlinux])
runqueues = prog["runqueues"]


def sample():
    numbers = []
    for cpu in range(cpus):
        rq = per_cpu(runqueues, cpu)
        info = rq.rq_sched_info
        numbers.append(
            [
                member.value_()
                for member in (
                    rq.nr_running,
                    rq.clock,
                    rq.yld_count,
                    rq.sched_count,
                    rq.sched_goidle,
                    rq.ttwu_count,
                    rq.ttwu_local,
                    rq.rq_cpu_time,
                    info.run_delay,
                    info.pcount,
                )
            ]
        )
    return numbers


def tasks():
    return [
        (
            task.pid.value_(),
            task.tgid.value_(),
            task.comm.string_(),
            task.__state.value_(),
            task.policy.value_(),
            task.prio.value_(),
        )
        for task in for_each_task(prog)
    ]


def median_us(read, rounds):
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        read()
        times.append((time.perf_counter() - start) * 1e6)
    return statistics.median(times)


print(median_us(sample, 100), median_us(tasks, 10))
