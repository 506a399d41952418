// SPDX-License-Identifier: GPL-2.0-only
/*
 * linux_test KTSTR KERNEL [TRICK...]: Linux guests whose root means harm, run
 * by the command-line program. The program has to come back with the right
 * words, whatever the guest did to its console and its devices.
 */
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/macro.h"
#include "base/process.h"

#define TIMEOUT_S         "180"
#define TIMEOUT_MARGIN_MS 240000u

/* The first virtio-mmio window; mapping a live device takes iomem=relaxed. */
#define POKE_REGISTERS                                                         \
	"i=0; while [ $i -lt 400 ]; do "                                       \
	"busybox devmem $((0xd0000000 + i * 36 % 512)) 32 "                    \
	"$((i * 2654435761 % 4294967296)) || exit 3; i=$((i + 1)); done; "

struct trick {
	const char *name;
	const char *script;
	const char *cmdline; /* NULL: nothing special */
	bool succeeds;       /* and then says so on standard output */
	const char *words;   /* on standard error when it does not */
};

static const struct trick tricks[] = {
	{ "panic", "echo c > /proc/sysrq-trigger; sleep 100", NULL, false,
	  "sysrq" },
	{ "restart", "echo b > /proc/sysrq-trigger; sleep 100", NULL, false,
	  "the guest crashed" },
	{ "floods",
	  /* Special characters go one by one on hvc0, so few of those. */
	  "head -c 10000 /dev/urandom > /dev/ttyS0; "
	  "head -c 500000 /dev/zero | tr '\\000' y > /dev/hvc0; "
	  "head -c 2000 /dev/urandom > /dev/hvc0; "
	  "for i in $(seq 300); do echo noise $i > /dev/kmsg; done; "
	  "head -c 4000000 /dev/zero | tr '\\000' z; echo; echo alive",
	  NULL, true, NULL },
	{ "registers", POKE_REGISTERS "echo b > /proc/sysrq-trigger; sleep 100",
	  "iomem=relaxed", false, "the guest crashed" },
};

/* Random bytes hold NULs, so the output is searched as bytes. */
static bool says_alive(const struct kt_strbuf *output)
{
	static const char words[] = "zzz\nalive\n";

	return output->length &&
	       memmem(output->data, output->length, words, strlen(words));
}

static bool is_fine(const struct trick *trick, bool ran,
		    const struct kt_strbuf *output, const char *errors)
{
	if (trick->succeeds)
		return ran && says_alive(output);
	return !ran && strstr(errors, trick->words) &&
	       !strstr(errors, "still running");
}

static bool run_trick(const char *ktstr, const char *kernel,
		      const struct trick *trick)
{
	_cleanup_strbuf_ struct kt_strbuf output = { 0 }, errors = { 0 };
	const char *argv[] = { ktstr,       "shell",
			       "--kernel",  kernel,
			       "--memory",  "256M",
			       "--timeout", TIMEOUT_S,
			       "--cmdline", trick->cmdline ?: "quiet",
			       "--exec",    trick->script,
			       NULL };
	struct kt_process process = {
		.argv = argv,
		.silence_ms = 180000 + TIMEOUT_MARGIN_MS,
		.errors = &errors,
	};
	uint64_t start_ns = kt_now_ns();
	struct ktstr_error err = { 0 };
	bool ran, fine;

	ran = kt_process_run(&process, &output, &err) == 0;
	fine = is_fine(trick, ran, &output, kt_strbuf_text(&errors));
	printf("%s %s %s (%.1f s)\n", fine ? "ok  " : "FAIL", kernel,
	       trick->name, (double)(kt_now_ns() - start_ns) / 1e9);
	if (!fine)
		printf("%s\n%s\n", err.message, kt_strbuf_text(&errors));
	fflush(stdout);
	return fine;
}

static bool is_wanted(const struct trick *trick, int argc, char **argv)
{
	for (int i = 3; i < argc; i++)
		if (strcmp(argv[i], trick->name) == 0)
			return true;
	return argc == 3;
}

int main(int argc, char **argv)
{
	size_t n_wanted = 0, n_fine = 0;

	if (argc < 3) {
		fprintf(stderr, "usage: %s KTSTR KERNEL [TRICK...]\n", argv[0]);
		return 2;
	}
	for (size_t i = 0; i < KT_ARRAY_SIZE(tricks); i++) {
		if (!is_wanted(&tricks[i], argc, argv))
			continue;
		n_wanted++;
		n_fine += run_trick(argv[1], argv[2], &tricks[i]);
	}
	printf("%zu of %zu guests were reported as they were\n", n_fine,
	       n_wanted);
	return n_wanted && n_fine == n_wanted ? 0 : 1;
}
