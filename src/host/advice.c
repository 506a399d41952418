// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/macro.h"
#include "host/capacity.h"
#include "host/lock.h"

/* A test's memory by default, which is what hugepages are advised for. */
#define ADVISED_MEMORY_MIB 2048u
#define ADVICE_MAX         8

void kt_advices_deinit(struct kt_advices *advices)
{
	for (size_t i = 0; i < advices->n; i++) {
		free(advices->list[i].text);
		free(advices->list[i].command);
	}
	free(advices->list);
	*advices = (struct kt_advices){ 0 };
}

/* What was formatted; NULL stays NULL. */
static char *KT_PRINTF(1, 0) formatted(const char *fmt, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, args) < 0)
		return NULL;
	return text;
}

static char *KT_PRINTF(1, 2) text_of(const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = formatted(fmt, args);
	va_end(args);
	return text;
}

/* Takes both over; the command may have been meant to be none. */
static int advise(struct kt_advices *to, char *text, char *command,
		  bool has_command)
{
	if (!text || (has_command && !command) || to->n == ADVICE_MAX) {
		free(text);
		free(command);
		return -ENOMEM;
	}
	to->list[to->n++] = (struct kt_advice){ text, command };
	return 0;
}

static int advise_kvm(const struct kt_capacity *c, const char *user,
		      struct kt_advices *to)
{
	if (c->kvm.kind == KTSTR_ERROR_NONE)
		return 0;
	if (c->kvm.code == -EACCES || c->kvm.code == -EPERM)
		return advise(
			to,
			text_of("This user may not open /dev/kvm: join the "
				"group that owns it, and log in again."),
			text_of("sudo usermod -aG kvm %s", user), true);
	if (c->kvm.code == -ENOENT || c->kvm.code == -ENODEV ||
	    c->kvm.code == -ENXIO)
		return advise(
			to,
			text_of("There is no KVM: load its module. Where "
				"the CPU or the hypervisor below has no "
				"virtualization to give, ktstr emulates a "
				"machine that has."),
			text_of("sudo modprobe kvm_intel || "
				"sudo modprobe kvm_amd"),
			true);
	return advise(to, text_of("KVM will not do: %s.", c->kvm.message), NULL,
		      false);
}

static int advise_locks(const struct kt_capacity *c, struct kt_advices *to)
{
	if (c->locks.kind == KTSTR_ERROR_NONE)
		return 0;
	return advise(to,
		      text_of("Runs cannot reserve CPUs: %s.", c->locks.message),
		      text_of("mkdir -p /run/user/$(id -u)/ktstr && export "
			      "KTSTR_LOCK_DIR=/run/user/$(id -u)/ktstr"),
		      true);
}

static int advise_llcs(const struct kt_capacity *c, struct kt_advices *to)
{
	if (kt_capacity_performance_llcs(c) > 0)
		return 0;
	return advise(to,
		      text_of("Performance mode needs an LLC for each of the "
			      "guest's and CPUs beside them, and there is only "
			      "one LLC: use a machine with more, or --no-perf-"
			      "mode."),
		      NULL, false);
}

static int advise_hugepages(const struct kt_capacity *c, struct kt_advices *to)
{
	uint64_t wanted = kt_hugepages_needed(ADVISED_MEMORY_MIB);

	if (c->hugepages.free >= wanted)
		return 0;
	return advise(
		to,
		text_of("%" PRIu64 " hugepages of %u MiB are free, and a guest "
			"of %u MiB wants %" PRIu64 ": reserve more, best after "
			"booting, while memory is not in pieces.",
			c->hugepages.free, KT_HUGEPAGE_MIB, ADVISED_MEMORY_MIB,
			wanted),
		text_of("echo %" PRIu64 " | sudo tee /sys/kernel/mm/hugepages/"
			"hugepages-2048kB/nr_hugepages",
			c->hugepages.total - c->hugepages.free + wanted),
		true);
}

static int advise_fifo(const struct kt_capacity *c, const char *user,
		       struct kt_advices *to)
{
	if (!c->fifo)
		return advise(
			to,
			text_of("This user may not use SCHED_FIFO: vCPUs "
				"will share their CPUs with whatever else "
				"runs there. Log in again afterwards."),
			text_of("echo '%s - rtprio %d' | sudo tee "
				"/etc/security/limits.d/ktstr.conf",
				user, KT_PRIORITY_SERVICE),
			true);
	if (c->fifo_runtime_us < 0 || c->fifo_runtime_us >= c->fifo_period_us)
		return 0;
	return advise(
		to,
		text_of("SCHED_FIFO may run %lld of every %lld ms: a vCPU "
			"that is busy for longer can be held up for the "
			"rest.",
			(long long)c->fifo_runtime_us / 1000,
			(long long)c->fifo_period_us / 1000),
		text_of("sudo sysctl kernel.sched_rt_runtime_us=-1"), true);
}

static int advise_allowed(const struct kt_capacity *c, struct kt_advices *to)
{
	const struct kt_host_topology *host = c->host;

	if (host->n_allowed == host->n_cpus)
		return 0;
	return advise(
		to,
		text_of("Only %zu of %zu CPUs may be used: a control group "
			"or an affinity keeps this process off the others.",
			host->n_allowed, host->n_cpus),
		text_of("cat /proc/self/cgroup; taskset -pc $$"), true);
}

int kt_advise(const struct kt_capacity *capacity, const char *user,
	      struct kt_advices *ret)
{
	_cleanup_advices_ struct kt_advices advices = {
		.list = calloc(ADVICE_MAX, sizeof(*advices.list)),
	};
	int r = advices.list ? 0 : -ENOMEM;

	if (!r)
		r = advise_kvm(capacity, user, &advices);
	if (!r)
		r = advise_locks(capacity, &advices);
	if (!r)
		r = advise_llcs(capacity, &advices);
	if (!r)
		r = advise_allowed(capacity, &advices);
	if (!r)
		r = advise_hugepages(capacity, &advices);
	if (!r)
		r = advise_fifo(capacity, user, &advices);
	if (r < 0)
		return r;
	*ret = advices;
	advices = (struct kt_advices){ 0 };
	return 0;
}
