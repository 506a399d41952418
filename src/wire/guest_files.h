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
 *	  "metrics": [{ "name": TEXT, "value": X, "unit": TEXT }...] }
 */
#define KT_GUEST_RESULT "/run/ktstr-result.json"

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
 *	  "scheduler": null | { "name": TEXT, "binary": TEXT | null,
 *	    "args": [TEXT...], "enable": [TEXT...], "disable": [TEXT...],
 *	    "flags": [{ "name": TEXT, "args": [TEXT...],
 *	                "needs": [TEXT...] }...], "cmdline": TEXT | null },
 *	  "extra_sched_args": [TEXT...] }...] }
 *
 * where the last two may be absent: no scheduler, no arguments.
 */
#define KT_TEST_ARG_RUN  "--ktstr-test-fn"
#define KT_TEST_ARG_LIST "--ktstr-list"
