// SPDX-License-Identifier: GPL-2.0-only
#include "monitor_loss.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <ktstr/monitor.h>
#include <ktstr/vm.h>

#include "base/affinity.h"
#include "base/cleanup.h"
#include "base/macro.h"
#include "bench.h"
#include "host.h"

#define PAIRS     24
#define CPUS_MAX  8
#define SECONDS   "4"
#define MEMORY_MB 384
/* Student's t of 23 degrees of freedom, two-sided, 95 percent. */
#define T_95      2.069

static double units_of(const struct ktstr_vm_result *result)
{
	const char *at = result->output;
	double sum = 0, units;
	int n = 0, length;

	while (at && sscanf(at, "%lf%n", &units, &length) == 1) {
		sum += units;
		at += length;
		n++;
	}
	if (!n || result->exit_code != 0)
		bench_fail("the guest did not spin: it ended with %d and "
			   "said \"%s\"",
			   result->exit_code, result->output ?: "");
	return sum;
}

static double spin(const char *program, uint32_t cpus, bool watched)
{
	const struct ktstr_include_file files[] = { { "bin/spin", program } };
	struct ktstr_vm_result *result = NULL;
	struct ktstr_error err = { 0 };
	struct ktstr_vm *vm = NULL;
	char command[256] = "";
	size_t length = 0;
	double units;

	for (uint32_t i = 0; i < cpus; i++)
		length += (size_t)snprintf(command + length,
					   sizeof(command) - length,
					   "/bin/spin " SECONDS " & ");
	snprintf(command + length, sizeof(command) - length, "wait");
	struct ktstr_vm_config config =
		KTSTR_VM_CONFIG(.kernel = bench_kernel(),
				.topology = KTSTR_TOPOLOGY(1, 1, cpus, 1),
				.memory_mib = MEMORY_MB, .timeout_ms = 300000,
				.busybox = true, .include_files = files,
				.n_include_files = 1, .exec_cmd = command,
				.monitor = watched);

	if (ktstr_vm_build(&config, &vm, &err) || ktstr_vm_run(vm, &result, &err))
		bench_fail("%s", err.message);
	ktstr_vm_destroy(vm);
	if (watched && (!result->monitor || result->monitor->unavailable))
		bench_fail("the guest was not watched: %s",
			   result->monitor ? result->monitor->unavailable :
					     "there was no monitor");
	units = units_of(result);
	ktstr_vm_result_free(result);
	return units;
}

void bench_guest_loss_here(void)
{
	_cleanup_free_ char *program = bench_beside("guest/spin");
	uint32_t cpus = KT_MIN(kt_allowed_cpus(), (uint32_t)CPUS_MAX);
	double sum = 0, squares = 0, mean, error;

	for (int i = 0; i < PAIRS; i++) {
		double units[2], loss;

		units[i % 2] = spin(program, cpus, i % 2);
		units[!(i % 2)] = spin(program, cpus, !(i % 2));
		loss = 1 - units[1] / units[0];
		fprintf(stderr, "bench: pair %d: %.0f watched, %.0f not: %+.4f\n",
			i, units[1], units[0], loss);
		sum += loss;
		squares += loss * loss;
	}
	mean = sum / PAIRS;
	error = T_95 *
		sqrt((squares - PAIRS * mean * mean) / (PAIRS - 1) / PAIRS);
	bench_print_value("guest_loss", mean, "share");
	bench_print_value("guest_loss_low", mean - error, "share");
	bench_print_value("guest_loss_high", mean + error, "share");
}

void bench_guest_loss(const char *argument)
{
	_cleanup_free_ char *self = bench_beside(NULL);

	if (bench_where_kvm_works(self, argument))
		bench_fail("the guest's loss was not measured");
}
