// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs to look at a guest: a sample of all runqueues, a snapshot of
 * all domains and a walk over all tasks, of machines of 2, 8 and 64 CPUs, over
 * images of their memory; a walk over a thousand tasks, and over all that is in
 * a scheduler's maps; what comes once, to learn the kernel's types; and what it
 * costs the guest.
 *
 * usage: monitor [IMAGE...]	without, guests are booted for them
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "bench.h"
#include "host.h"
#include "monitor_loss.h"
#include "monitor/bpf.h"
#include "monitor/bpf_entries.h"
#include "monitor/domain_store.h"
#include "monitor/image.h"
#include "monitor/sample.h"
#include "monitor/tasks.h"

#define ROUNDS  100
#define REPEATS 20 /* a round's value is the mean of so many */

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

#define HERE "here it is\n"

/* Until the guest has said so, on a descriptor that is closed then. */
static void await_here(int fd, const char *topology)
{
	char said[sizeof(HERE)] = "";
	size_t n = 0;

	while (n < strlen(HERE)) {
		ssize_t got = read(fd, said + n, strlen(HERE) - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			bench_fail("the guest of %s ended early", topology);
		n += (size_t)got;
	}
	if (strcmp(said, HERE) != 0)
		bench_fail("the guest of %s said \"%s\"", topology, said);
	close(fd);
}

/* Saves the memory of a guest in which `command` has run, and goes on. */
static void run(const char *ktstr, const char *topology, const char *command,
		const char *include, const char *image)
{
	int said[2];
	pid_t pid;

	if (pipe2(said, O_CLOEXEC) < 0)
		bench_fail("pipe: %s", strerror(errno));
	pid = fork();
	if (pid == 0) {
		_cleanup_strbuf_ struct kt_strbuf all = { 0 };

		/* By then it is known where its kernel keeps things. */
		kt_strbuf_addf(&all, "%s; sleep 10; printf '" HERE "'; sleep 900",
			       command);
		dup2(said[1], STDOUT_FILENO);
		execl(ktstr, ktstr, "shell", "--kernel", bench_kernel(),
		      "--topology", topology, "--timeout", "15m", "--memory",
		      "1G", "--exec", kt_strbuf_text(&all), "--save", image,
		      "-i", include, NULL);
		_exit(127);
	}
	if (pid < 0)
		bench_fail("fork: %s", strerror(errno));
	close(said[1]);
	await_here(said[0], topology);
	/* The run's end, whichever, is when memory is saved. */
	kill(pid, SIGINT);
	if (waitpid(pid, &(int){ 0 }, 0) < 0 || access(image, R_OK) < 0)
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

static int count_task(void *userdata, const struct kt_task *task)
{
	(void)task;
	++*(size_t *)userdata;
	return 0;
}

/* Of so many tasks as there are. */
static double time_tasks(struct kt_guest_kernel *kernel, size_t *ret_n)
{
	struct bench_samples times = { .n = 0 };

	for (int i = 0; i < ROUNDS; i++) {
		double start_us = now_us();

		*ret_n = 0;
		kt_view_forget(&kernel->view);
		if (kt_tasks_walk(kernel, count_task, ret_n) < 0)
			bench_fail("the tasks cannot be read");
		bench_add(&times, now_us() - start_us);
	}
	return bench_median(&times);
}

struct dump {
	struct kt_guest_kernel *kernel;
	const struct kt_bpf_map *map;
	size_t n_maps;
	size_t n_values;
	uint8_t value[65536];
};

static int dump_entry(void *userdata, const struct kt_bpf_entry *entry)
{
	struct dump *dump = userdata;
	uint32_t bytes = dump->map->value_size;

	for (uint32_t i = 0; i < entry->n_values; i++) {
		if (bytes <= sizeof(dump->value) &&
		    kt_view_read(&dump->kernel->view, entry->values[i],
				 dump->value, bytes) == 0)
			dump->n_values++;
	}
	return 0;
}

static int dump_map(void *userdata, const struct kt_bpf_map *map)
{
	struct dump *dump = userdata;
	int r;

	dump->map = map;
	dump->n_maps++;
	r = kt_bpf_entries_walk(dump->kernel, map, dump_entry, dump);
	return r == -EOPNOTSUPP ? 0 : r;
}

static double time_dump(struct kt_guest_kernel *kernel, struct dump *dump)
{
	struct bench_samples times = { .n = 0 };

	for (int i = 0; i < ROUNDS; i++) {
		double start_us = now_us();

		*dump = (struct dump){ .kernel = kernel };
		kt_view_forget(&kernel->view);
		if (kt_bpf_maps_walk(kernel, dump_map, dump) < 0)
			bench_fail("the maps cannot be read");
		bench_add(&times, now_us() - start_us);
	}
	return bench_median(&times);
}

/* What is measured of an image, beside what all are. */
enum part {
	PART_ALL,
	PART_TASKS,
	PART_MAPS,
};

static void measure_samples(struct kt_guest_kernel *kernel)
{
	struct ktstr_monitor_sample sample = { 0 };
	struct kt_sampler sampler;
	struct ktstr_error err;
	size_t n;

	if (kt_sampler_init(&sampler, kernel, &err) < 0)
		bench_fail("%s", err.message);
	sample.cpus = calloc(kernel->n_cpus, sizeof(*sample.cpus));
	if (!sample.cpus)
		bench_fail("no memory");
	figure("sample", kernel->n_cpus, time_samples(&sampler, &sample));
	figure("domains", kernel->n_cpus, time_domains(kernel));
	figure("tasks", kernel->n_cpus, time_tasks(kernel, &n));
	free(sample.cpus);
	kt_sampler_deinit(&sampler);
}

static void measure_tasks(struct kt_guest_kernel *kernel)
{
	size_t n;
	double us = time_tasks(kernel, &n);

	if (n < 1000)
		bench_fail("there were %zu tasks, not a thousand", n);
	bench_print_value("walk_1000_tasks_us", us * 1000 / (double)n, "us");
}

static void measure_maps(struct kt_guest_kernel *kernel)
{
	static struct dump dump;
	double us = time_dump(kernel, &dump);

	if (!dump.n_values)
		bench_fail("the scheduler's maps hold nothing");

	bench_print_value("map_dump_us", us, "us");
	bench_print_value("map_dump_maps", (double)dump.n_maps, "maps");
	bench_print_value("map_dump_values", (double)dump.n_values, "values");
}

static void measure(const char *path, enum part part)
{
	struct kt_kernel_types types = { 0 };
	struct kt_guest_kernel kernel;
	struct ktstr_error err;
	struct kt_image image;
	double types_us, find_us;

	if (kt_image_open(&image, path, &err) < 0)
		bench_fail("%s", err.message);
	types_us = now_us();
	if (kt_kernel_types_init(&types, image.btf, image.btf_bytes, &err) < 0)
		bench_fail("%s", err.message);
	find_us = now_us();
	types_us = find_us - types_us;
	if (kt_guest_kernel_init(&kernel, &image.memory, &image.symbols, &types,
				 image.n_cpus, &err) < 0)
		bench_fail("%s", err.message);
	find_us = now_us() - find_us;
	if (part == PART_ALL) {
		figure("types", image.n_cpus, types_us);
		figure("find", image.n_cpus, find_us);
		measure_samples(&kernel);
	} else if (part == PART_TASKS) {
		measure_tasks(&kernel);
	} else {
		measure_maps(&kernel);
	}
	kt_guest_kernel_deinit(&kernel);
	kt_kernel_types_deinit(&types);
	kt_image_close(&image);
}

#define THOUSAND                                                               \
	"i=0; while [ $i -lt 1000 ]; do sleep 1000 & i=$((i+1)); done; sleep " \
	"1"
#define SCHEDULED                                                              \
	"/include-files/scx_ktstr >/tmp/log & "                                \
	"until grep -q attached /tmp/log; do sleep 1; done"
#define LOSS_HERE "--loss-here"

static void measure_all(void)
{
	static const struct {
		const char *topology;
		const char *command;
		enum part part;
	} guests[] = {
		{ "1n1l2c1t", "true", PART_ALL },
		{ "1n2l4c1t", "true", PART_ALL },
		{ "2n4l8c2t", "true", PART_ALL },
		{ "1n2l4c1t", THOUSAND, PART_TASKS },
		{ "1n2l4c1t", SCHEDULED, PART_MAPS },
	};
	char directory[] = "/tmp/ktstr-bench-XXXXXX";
	_cleanup_free_ char *ktstr = bench_beside("../ktstr");
	_cleanup_free_ char *fixture = bench_beside("../bpf/scx_ktstr");
	char path[64];

	if (!mkdtemp(directory))
		bench_fail("no directory for images");
	snprintf(path, sizeof(path), "%s/image", directory);
	for (size_t i = 0; i < sizeof(guests) / sizeof(guests[0]); i++) {
		run(ktstr, guests[i].topology, guests[i].command, fixture, path);
		measure(path, guests[i].part);
		unlink(path);
	}
	rmdir(directory);
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], LOSS_HERE) == 0) {
		bench_guest_loss_here();
		return 0;
	}
	for (int i = 1; i < argc; i++)
		measure(argv[i], PART_ALL);
	if (argc > 1)
		return 0;
	measure_all();
	bench_guest_loss(LOSS_HERE);
	return 0;
}
