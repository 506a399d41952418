// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "guest.h"

#define STATUS_CRASHED 123
#define STATUS_TIMEOUT 124

#define INPUT_BYTES (4u * 1024 * 1024)
#define LINES       2000000
#define BULK_BYTES  (100u * 1000 * 1000)

static void lines_are_all_there(const struct kt_strbuf *output,
				struct kt_strbuf *report)
{
	const char *at = kt_strbuf_text(output);

	for (long number = 1; number <= LINES; number++) {
		char *end;

		if (strtol(at, &end, 10) != number || *end != '\n') {
			kt_strbuf_addf(report, "  line %ld reads \"%.*s\"\n",
				       number, (int)strcspn(at, "\n"), at);
			return;
		}
		at = end + 1;
	}
	if (*at)
		kt_strbuf_addf(report, "  after the last line: \"%.40s\"\n", at);
}

static void bulk_is_all_zero(const struct kt_strbuf *output,
			     struct kt_strbuf *report)
{
	size_t zeros = 0;

	while (zeros < output->length && output->data[zeros] == '\0')
		zeros++;
	if (output->length != BULK_BYTES || zeros != BULK_BYTES)
		kt_strbuf_addf(report,
			       "  %zu bytes, the first %zu of them zero\n",
			       output->length, zeros);
}

static void input_came_back(const struct kt_strbuf *output,
			    struct kt_strbuf *report)
{
	_cleanup_strbuf_ struct kt_strbuf input = { 0 };

	guest_numbered_lines(INPUT_BYTES, &input);
	if (output->length != input.length ||
	    memcmp(output->data, input.data, input.length) != 0)
		kt_strbuf_addf(report, "  %zu bytes went in, %zu came out\n",
			       input.length, output->length);
}

#define LIST(...)                                                              \
	(const char *const[])                                                  \
	{                                                                      \
		__VA_ARGS__, NULL                                              \
	}

const struct guest_case guest_cases[] = {
	{
		.name = "zero",
		.command = "echo out; echo err >&2",
		.output = "out\n",
		.says = LIST("err\n"),
	},
	{
		.name = "seventy-seven",
		.command = "exit 77",
		.status = 77,
		.output = "",
	},
	{
		.name = "killed",
		.command = "kill -9 $$",
		.status = 137,
		.output = "",
	},
	{
		.name = "surroundings",
		.command =
			"set -e; cd /; hostname; id -u; echo $PATH $HOME $PWD;"
			" cat /proc/self/oom_score_adj /proc/1/oom_score_adj;"
			" for d in proc sys dev dev/pts dev/shm run tmp"
			" sys/fs/cgroup sys/fs/bpf sys/kernel/debug"
			" sys/kernel/tracing; do grep -q \" /$d \" "
			"/proc/mounts ||"
			" echo no /$d; done; readlink /dev/stdin; readlink "
			"/dev/fd;"
			" env | grep KTSTR || echo clean",
		.output = "ktstr\n0\n"
			  "/bin:/sbin:/usr/bin:/usr/sbin /root /\n"
			  "0\n-1000\n"
			  "/proc/self/fd/0\n/proc/self/fd\nclean\n",
	},
	{
		.name = "included",
		.command = "cat /tmp/given; touch /tmp/other",
		.options = LIST("--include-files", "/etc/hostname:/tmp/given"),
	},
	{
		.name = "input",
		.command = "cat",
		.input_bytes = INPUT_BYTES,
		.check = input_came_back,
	},
	{
		.name = "input-unread",
		.command = "head -n 1; exit 5",
		.input_bytes = INPUT_BYTES,
		.status = 5,
		.output = "line 0\n",
	},
	{
		.name = "lines",
		.command = "seq 2000000",
		.check = lines_are_all_there,
	},
	{
		.name = "bulk",
		.command = "head -c 100000000 /dev/zero",
		.check = bulk_is_all_zero,
		.slow = true,
	},
	{
		.name = "orphans",
		.command = "sleep 1000 & (setsid sleep 1000 &);"
			   " (while :; do :; done) & echo started; exit 9",
		.status = 9,
		.output = "started\n",
	},
	{
		.name = "reaped",
		.command = "for i in 1 2 3 4 5; do (setsid sh -c 'exit 3' &)"
			   " done; i=0; while ps -o stat | grep -q Z; do"
			   " i=$((i + 1)); [ $i -lt 100 ] || exit 1;"
			   " usleep 50000; done; echo none",
		.output = "none\n",
	},
	{
		.name = "panic",
		.command = "echo before; echo c >/proc/sysrq-trigger",
		.status = STATUS_CRASHED,
		.output = "before\n",
		.says = LIST("the guest crashed",
			     "kernel panicked: sysrq triggered crash",
			     "Call Trace"),
	},
	{
		/* An oops is none of the command's business to survive. */
		.name = "oops-panics",
		.command = "tr ' ' '\\n' </proc/cmdline | grep oops;"
			   " cat /proc/sys/kernel/panic_on_oops",
		.output = "oops=panic\n1\n",
	},
	{
		.name = "panic-before-init",
		.command = "true",
		.options = LIST("--cmdline", "rdinit=/nowhere"),
		.status = STATUS_CRASHED,
		.says = LIST("the guest crashed", "kernel panicked: VFS:"),
	},
	{
		.name = "out-of-memory",
		.command = "tail /dev/zero",
		.status = STATUS_CRASHED,
		.says = LIST("the guest ran out of memory", "Killed process",
			     "(tail)", "oom-kill:constraint"),
	},
	{
		.name = "init-faults",
		.command = "kill -SEGV 1; sleep 100",
		.status = STATUS_CRASHED,
		.says = LIST("init (PID 1) died of SIGSEGV"),
	},
	{
		.name = "init-is-safe",
		.command = "kill -9 1; kill -TERM 1; kill -INT 1; echo alive",
		.output = "alive\n",
	},
	{
		/* However far it comes in that time. */
		.name = "out-of-time",
		.command = "sleep 1000",
		.options = LIST("--timeout", "5"),
		.status = STATUS_TIMEOUT,
		.says = LIST("still running after 5 seconds",
			     "where the guest was:", "vCPU", ", rip ",
			     "init: had", "queue ktstr.wire to guest: "),
	},
	{
		.name = "rebooted",
		.command = "reboot -f; sleep 100",
		.status = STATUS_CRASHED,
		.says = LIST("restarted before its init reported"),
	},
};

const size_t n_guest_cases = KT_ARRAY_SIZE(guest_cases);
