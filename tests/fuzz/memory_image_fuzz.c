// SPDX-License-Identifier: GPL-2.0-only
/*
 * An image of a guest's memory, with all that it holds: headers, notes, BTF,
 * symbols, page tables, runqueues, domains, counters. Whatever is in it, each
 * walk ends, in bounds, and keeps to what it promises.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "fuzz.h"
#include "monitor/domain_store.h"
#include "monitor/image.h"
#include "monitor/sample.h"
#include "monitor/tasks.h"
#include "monitor/watchdog.h"

#define CPUS_MAX 64

static void check_domains(struct kt_guest_kernel *kernel)
{
	struct kt_domain_store store = { 0 };

	for (uint32_t cpu = 0; cpu < kernel->n_cpus; cpu++) {
		struct ktstr_sched_domain chain[KT_DOMAINS_MAX];
		uint32_t n;

		if (kt_domains_take(kernel, cpu, chain, &n) < 0)
			continue;
		fuzz_check(n <= KT_DOMAINS_MAX);
		for (uint32_t i = 0; i < n; i++) {
			fuzz_check(chain[i].span_weight >= 1 &&
				   chain[i].span_weight <= kernel->n_cpus);
			fuzz_check(memchr(chain[i].name, 0,
					  sizeof(chain[i].name)));
		}
	}
	(void)kt_domain_store_take(&store, kernel);
	kt_domain_store_deinit(&store);
}

static void check_samples(struct kt_guest_kernel *kernel)
{
	struct ktstr_monitor_sample sample = {
		.cpus = calloc(kernel->n_cpus, sizeof(*sample.cpus)),
	};
	struct kt_sampler sampler;

	fuzz_check(sample.cpus);
	if (kt_sampler_init(&sampler, kernel, NULL) == 0) {
		fuzz_check(sampler.n_counters <= KTSTR_COUNTERS_MAX);
		if (kt_sampler_take(&sampler, &sample) == 0 &&
		    sample.has & KTSTR_SAMPLE_SCX) {
			for (uint32_t i = 0; i < kernel->n_cpus; i++)
				fuzz_check(sample.cpus[i].local_dsq_depth <=
					   KT_SAMPLE_DSQ_DEPTH_MAX);
		}
		kt_sampler_deinit(&sampler);
	}
	free(sample.cpus);
}

static int check_task(void *userdata, const struct kt_task *task)
{
	uint32_t *n = userdata;

	fuzz_check(task->pid > 0 && task->tgid > 0 && task->state);
	fuzz_check(memchr(task->comm, 0, sizeof(task->comm)));
	fuzz_check(++*n <= KT_TASKS_MAX);
	return 0;
}

static void look_into(struct kt_image *image)
{
	struct kt_kernel_types types = { 0 };
	struct kt_watchdog watchdog = { .timeout_ms = 5000 };
	struct kt_guest_kernel kernel;
	uint32_t n_tasks = 0;

	if (kt_kernel_types_init(&types, image->btf, image->btf_bytes, NULL) < 0)
		return;
	if (kt_guest_kernel_init(&kernel, &image->memory, &image->symbols,
				 &types, image->n_cpus, NULL) == 0) {
		check_samples(&kernel);
		check_domains(&kernel);
		(void)kt_tasks_walk(&kernel, check_task, &n_tasks);
		kt_watchdog_tick(&watchdog, &kernel);
		kt_guest_kernel_deinit(&kernel);
	}
	kt_kernel_types_deinit(&types);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_close_ int fd = memfd_create("image", MFD_CLOEXEC);
	struct ktstr_error err = { 0 };
	struct kt_image image;
	char path[64];

	fuzz_check(fd >= 0 && kt_write_all(fd, data, size) == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (kt_image_open(&image, path, &err) < 0) {
		fuzz_check(*err.message);
		return 0;
	}
	fuzz_check(image.n_cpus > 0);
	/* The rest is the same for each CPU, and time is short. */
	if (image.n_cpus <= CPUS_MAX)
		look_into(&image);
	kt_image_close(&image);
	return 0;
}
