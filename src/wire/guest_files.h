/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * What the host leaves in the guest's root for PID 1 to read. The host packs
 * these into the initramfs (src/initramfs/), the init is /init itself. A file
 * is absent where it has nothing to say; none is changed after the boot.
 *
 * The list files are sequences of entries, each ended by one NUL byte, so that
 * a value may hold any other byte; an empty file is an empty list.
 */

#define KT_GUEST_DIR "/etc/ktstr"

/* argv[1..] of the init binary: entries. Absent: none. */
#define KT_GUEST_ARGS KT_GUEST_DIR "/args"

/*
 * The one command of exec mode, for `/bin/sh -c`: its bytes as they are, with
 * no terminator. Absent: shell mode, or whatever the init does by itself.
 */
#define KT_GUEST_EXEC KT_GUEST_DIR "/exec"

/* "NAME=value" entries to put into the environment. Absent: none. */
#define KT_GUEST_ENVIRONMENT KT_GUEST_DIR "/env"

/*
 * Variables of that file that are meant for init and that the user's program
 * does not see: the terminal's first size (absent: hvc0's own), and, with any
 * value, that the host will send a KT_FRAME_SYMBOLS, so that even a command
 * that ends at once does not end the guest before it is answered.
 */
#define KT_GUEST_ENV_COLUMNS "KTSTR_COLUMNS"
#define KT_GUEST_ENV_ROWS    "KTSTR_ROWS"
#define KT_GUEST_ENV_SYMBOLS "KTSTR_KERNEL_SYMBOLS"

/*
 * Modules to load, dependencies before what needs them: entries, each the
 * absolute path of one file. A name that ends in ".ko" is a plain module; any
 * other (".ko.xz", ".ko.zst", ".ko.gz") is compressed, for finit_module() with
 * MODULE_INIT_COMPRESSED_FILE. Absent: none.
 */
#define KT_GUEST_MODULES KT_GUEST_DIR "/modules"

/*
 * The very last member of the whole archive. It is there if and only if the
 * kernel unpacked everything: an archive that does not fit into memory ends
 * early, and the kernel goes on regardless.
 */
#define KT_GUEST_SENTINEL KT_GUEST_DIR "/sentinel"

/*
 * Where busybox lies when it was packed, with /bin/sh a link to it and its
 * other applets under their usual names. Absent: there is no shell.
 */
#define KT_GUEST_BUSYBOX "/bin/busybox"

/*
 * The directories that are there before init runs: /dev (with /dev/console),
 * /proc, /sys, /run, /tmp (mode 1777), /root, /mnt, /var, /etc. /usr/bin,
 * /usr/sbin, /usr/lib and /usr/lib64 are links to the ones of the same name in
 * the root, so that a file is found under either path.
 */

/*
 * Where a test's process leaves what came of it, for init to send as a
 * KT_FRAME_TEST_RESULT when that process has ended:
 *
 *	{ "test": NAME, "verdict": "pass"|"fail"|"skip"|"inconclusive",
 *	  "duration_ns": N, "notes": [TEXT...],
 *	  "metrics": [{ "name": TEXT, "value": X, "unit": TEXT }...],
 *	  "left_processes": N }
 *
 * The last is how many processes that the test had started still ran when its
 * own had ended; it may be absent.
 */
#define KT_GUEST_RESULT "/run/ktstr-result.json"

/*
 * While a test runs, init appends to this file what the host measures about
 * ten times a second of each vCPU: the time, since the vCPU's thread began, for
 * which the host kept that thread runnable but not running (steal). Records,
 * of numbers of 64 bits, little-endian:
 *
 *	 0                8               16
 *	+----------------+----------------+----------------+ - +---------------+
 *	| guest's        | n              | stolen ns,     |...| stolen ns,    |
 *	| CLOCK_MONOTONIC|                | CPU 0          |   | CPU n - 1     |
 *	+----------------+----------------+----------------+ - +---------------+
 *
 * The CPU's index is its id in the guest. Only the file's last record can be
 * incomplete to a reader. Times ascend strictly, and are off by at most 50 ms,
 * usually far less; stolen ones never fall. The kernel counts a wait when it
 * ends: one that goes on is in the first record behind its end.
 *
 * Records come in bundles, about once a second, and within some milliseconds
 * when an event was written (below), with a sample taken then. So who needs the
 * record behind a moment writes an event, and waits for it, with a bound, since
 * a host that cannot measure sends none.
 *
 * Absent: no test runs. Empty: nothing was measured.
 */
#define KT_GUEST_RUN_DIR "/run/ktstr"
#define KT_GUEST_STEAL   KT_GUEST_RUN_DIR "/steal"

/*
 * The FIFO into which a test writes what it does to the scheduler when it does
 * it. Any number of writers; a line of JSON each, with its newline at most
 * KT_EVENT_MAX_BYTES long (PIPE_BUF: written whole or not at all), in one
 * write(). Init sends it on at once as a KT_FRAME_STIMULUS, without the
 * newline; a longer one is lost, with a note in the log.
 *
 *	{ "kind": TEXT, "step": TEXT, "detail": TEXT, "monotonic_ns": N }
 *
 * The kind is not empty, the time is the guest's CLOCK_MONOTONIC. The host
 * keeps the first KT_EVENTS_MAX events.
 */
#define KT_GUEST_EVENTS    KT_GUEST_RUN_DIR "/events"
#define KT_EVENT_MAX_BYTES 4096
#define KT_EVENTS_MAX      4096

/*
 * The scheduler under a command, or under a test that declares none: entries of
 * which the first is its name, and the others its program's path in the guest
 * and its arguments, if it is a program. With it, or with a list of enable or
 * disable lines (entries too), init serves a command as it does a test, and
 * runs it through KT_EXEC_ARG.
 */
#define KT_GUEST_SCHEDULER KT_GUEST_DIR "/scheduler"
#define KT_GUEST_ENABLE    KT_GUEST_DIR "/enable"
#define KT_GUEST_DISABLE   KT_GUEST_DIR "/disable"

/*
 * There when the host will write to the scheduler's memory before the workload
 * may start. Once the scheduler is attached (an event of kind "scheduler", whose
 * detail is "attached"), the guest waits for the one KT_FRAME_GO, whose text init
 * leaves in KT_GUEST_GO: empty where all was written, else why it was not.
 */
#define KT_GUEST_AWAIT_GO KT_GUEST_DIR "/await-go"
#define KT_GUEST_GO       KT_GUEST_RUN_DIR "/go"
#define KT_GO_MAX_BYTES   4096u
/* The host tries for half of that. */
#define KT_GO_S 60

/* When the guest ends a test that goes on; the host ends its machine later. */
#define KT_TEST_MARGIN_S 30
static inline unsigned int kt_test_timeout_s(unsigned int timeout_s,
					     unsigned int duration_s)
{
	return timeout_s ? timeout_s : duration_s + KT_TEST_MARGIN_S;
}

/*
 * The scheduler under test, when it is a program: KT_GUEST_SCHEDULER_DIR/NAME,
 * with the name that it has on the host. The end of what it wrote is left in
 * KT_GUEST_SCHEDULER_LOG, for init to send as a KT_FRAME_SCHEDULER_LOG.
 */
#define KT_GUEST_SCHEDULER_DIR "/opt/scheduler"
#define KT_GUEST_SCHEDULER_LOG "/run/ktstr-scheduler.log"
#define KT_SCHEDULER_LOG_BYTES (64u * 1024)

/* What the guest allows before and after the test; the host adds it up. */
#define KT_SCHEDULER_LINE_S   30 /* an enable or a disable line */
#define KT_SCHEDULER_ATTACH_S 120
#define KT_SCHEDULER_STOP_S   10

/*
 * Words by which a test binary is told what to do. In the guest KT_GUEST_ARGS
 * is the first, the test's name and, if its scheduler is a program, that one's
 * path in the guest and its arguments. --ktstr-list prints
 *
 *	{ "ktstr_list": 1, "tests": [{ "name": TEXT, "file": TEXT, "line": N,
 *	  "numa_nodes": N, "llcs": N, "cores": N, "threads": N,
 *	  "memory_mib": N, "duration_s": N, "timeout_s": N,
 *	  "expect_err": BOOL, "include_files": [TEXT...],
 *	  "min_numa_nodes": N, "max_numa_nodes": N, "min_llcs": N,
 *	  "max_llcs": N, "min_cpus": N, "max_cpus": N, "requires_smt": BOOL,
 *	  "performance_mode": BOOL, "no_perf_mode": BOOL,
 *	  "scheduler": null | { "name": TEXT, "binary": TEXT | null,
 *	    "args": [TEXT...], "enable": [TEXT...], "disable": [TEXT...],
 *	    "flags": [{ "name": TEXT, "args": [TEXT...],
 *	                "needs": [TEXT...] }...], "cmdline": TEXT | null },
 *	  "extra_sched_args": [TEXT...],
 *	  "bpf_map_writes": [{ "map": TEXT, "variable": null | TEXT,
 *	                       "offset": N, "value": N }...] }...] }
 *
 * What follows include_files may be absent.
 */
#define KT_EXEC_ARG      "--ktstr-exec"
#define KT_TEST_ARG_RUN  "--ktstr-test-fn"
#define KT_TEST_ARG_LIST "--ktstr-list"

/*
 * Of ktstr-scenarios only: NAME HOME SECONDS follow, where HOME is a control
 * group or "". The test runs on the machine that this is, and its result, as
 * KT_GUEST_RESULT has it, goes to standard output.
 */
#define KT_TEST_ARG_HERE "--ktstr-here"
