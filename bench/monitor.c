// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs to look at a guest: a sample of all runqueues, and a snapshot
 * of all domains, of machines of 2, 8 and 64 CPUs, over images of their memory;
 * and what comes once, to learn the kernel's types.
 *
 * usage: monitor [IMAGE...]	without, guests are booted for them
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "bench.h"
#include "host.h"
#include "monitor/domain_store.h"
#include "monitor/image.h"
#include "monitor/sample.h"

#define ROUNDS  100
#define REPEATS 20 /* a round's value is the mean of so many */

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static void run(const char *ktstr, const char *topology, const char *image)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		/* Figures alone go to standard output. */
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execl(ktstr, ktstr, "shell", "--kernel", bench_kernel(),
		      "--topology", topology, "--timeout", "15m", "--exec",
		      "true", "--save", image, NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status)
		bench_fail("no guest of %s could be saved", topology);
}

static void figure(const char *what, uint32_t cpus, double value)
{
	char name[64];

	snprintf(name, sizeof(name), "%s_%ucpu_us", what, cpus);
	bench_print_value(name, value, "us");
}

static double time_samples(struct kt_sampler *sampler,
			   struct ktstr_monitor_sample *sample)
{
	struct bench_samples times = { .n = 0 };

	for (int i = 0; i < ROUNDS; i++) {
		double start_us = now_us();

		for (int k = 0; k < REPEATS; k++) {
			if (kt_sampler_take(sampler, sample) < 0)
				bench_fail("the runqueues cannot be read");
		}
		bench_add(&times, (now_us() - start_us) / REPEATS);
	}
	return bench_median(&times);
}

static double time_domains(struct kt_guest_kernel *kernel)
{
	struct bench_samples times = { .n = 0 };

	for (int i = 0; i < ROUNDS; i++) {
		struct kt_domain_store store = { 0 };
		double start_us = now_us();

		if (kt_domain_store_take(&store, kernel) < 0)
			bench_fail("the domains cannot be read");
		bench_add(&times, now_us() - start_us);
		kt_domain_store_deinit(&store);
	}
	return bench_median(&times);
}

static void measure(const char *path)
{
	struct kt_kernel_types types = { 0 };
	struct ktstr_monitor_sample sample = { 0 };
	struct kt_guest_kernel kernel;
	struct kt_sampler sampler;
	struct ktstr_error err;
	struct kt_image image;
	double start_us;

	if (kt_image_open(&image, path, &err) < 0)
		bench_fail("%s", err.message);
	start_us = now_us();
	if (kt_kernel_types_init(&types, image.btf, image.btf_bytes, &err) < 0)
		bench_fail("%s", err.message);
	figure("types", image.n_cpus, now_us() - start_us);
	start_us = now_us();
	if (kt_guest_kernel_init(&kernel, &image.memory, &image.symbols, &types,
				 image.n_cpus, &err) < 0 ||
	    kt_sampler_init(&sampler, &kernel, &err) < 0)
		bench_fail("%s", err.message);
	figure("find", image.n_cpus, now_us() - start_us);
	sample.cpus = calloc(image.n_cpus, sizeof(*sample.cpus));
	if (!sample.cpus)
		bench_fail("no memory");
	figure("sample", image.n_cpus, time_samples(&sampler, &sample));
	figure("domains", image.n_cpus, time_domains(&kernel));
	free(sample.cpus);
	kt_sampler_deinit(&sampler);
	kt_guest_kernel_deinit(&kernel);
	kt_kernel_types_deinit(&types);
	kt_image_close(&image);
}

int main(int argc, char **argv)
{
	static const char *const topologies[] = { "1n1l2c1t", "1n2l4c1t",
						  "2n4l8c2t" };
	char directory[] = "/tmp/ktstr-bench-XXXXXX";
	_cleanup_free_ char *ktstr = bench_beside("../ktstr");
	char path[64];

	for (int i = 1; i < argc; i++)
		measure(argv[i]);
	if (argc > 1)
		return 0;
	if (!mkdtemp(directory))
		bench_fail("no directory for images");
	snprintf(path, sizeof(path), "%s/image", directory);
	for (size_t i = 0; i < sizeof(topologies) / sizeof(topologies[0]); i++) {
		run(ktstr, topologies[i], path);
		measure(path);
		unlink(path);
	}
	rmdir(directory);
	return 0;
}
