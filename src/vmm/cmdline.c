// SPDX-License-Identifier: GPL-2.0-only
#include "base/macro.h"
#include "vmm/cmdline.h"

/* One token an entry, each with the reason why a guest of ours has it. */
static const char *const tokens[] = {
	/* COM1 is the kernel's, COM2 for crash texts; probe no third. */
	"console=ttyS0",
	"8250.nr_uarts=2",
	/* Any end of the guest is a reset that the host sees at once. */
	"reboot=k",
	"panic=-1",
	/* So is an oops: a guest that limps on with a dead task, its locks
	 * held, would be seen as one that hangs. */
	"oops=panic",
	/* There is no PCI, and the timer's wiring needs no test. */
	"pci=off",
	"no_timer_check",
	/* Entropy for the first getrandom(), and no self-tests: half a second
	 * of a boot in an emulated host. */
	"random.trust_cpu=on",
	"cryptomgr.notests",
	/* Schedulers are to be measured, not the host's vulnerabilities. */
	"mitigations=off",
	"schedstats=enable",
	"rdinit=/init",
};

void kt_cmdline_write(const struct kt_cmdline_options *options,
		      struct kt_strbuf *ret)
{
	for (size_t i = 0; i < KT_ARRAY_SIZE(tokens); i++)
		kt_strbuf_addf(ret, "%s ", tokens[i]);
	/*
	 * CPUs that come up in parallel wait for each other spinning. Where
	 * they share too few host CPUs, that is time taken from the one that
	 * works.
	 */
	if (options->n_vcpus > options->host_cpus)
		kt_strbuf_add(ret, "cpuhp.parallel=0 ");
	if (options->large_root)
		kt_strbuf_add(ret, KT_CMDLINE_ROOT_WORD "size=90% ");
	/* A panic raises the level by itself, but not from 0: then it would be
	 * silent (console_verbose()). */
	kt_strbuf_add(ret, options->dmesg ? "loglevel=7" : "loglevel=1");
	if (options->extra && *options->extra)
		kt_strbuf_addf(ret, " %s", options->extra);
}
