// SPDX-License-Identifier: GPL-2.0-only
/*
 * scribble IMAGE SECONDS: watches a guest's memory, out of an image of it, while
 * all that the watcher looks at is rewritten: tables of maps and programs, lists,
 * pointers, counts, and the page tables that lead to them. To the watcher it is
 * all the same who writes there, a guest or this. It has to go on to its end,
 * stop when told to, and take no more memory for it than it may.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "monitor/bpf.h"
#include "monitor/bpf_entries.h"
#include "monitor/image.h"
#include "monitor/tasks.h"
#include "vmm/monitor.h"

#define PLACES_MAX  200000
/* Most of what is there is as it was, or nothing would be walked far. */
#define BAD_AT_ONCE 3
#define PAUSE_US    50
#define STOP_NS     5000000000ULL
#define GROWTH_KIB  (256 * 1024)

struct place {
	uint8_t *hva;
	uint64_t before;
};

static struct {
	struct kt_image image;
	struct place places[PLACES_MAX];
	size_t n_places;
	uint64_t random;
	atomic_bool stop;
	unsigned long long n_writes;
	unsigned long long n_entries; /* that walks came to */
	unsigned long long n_tasks;
} s;

static uint64_t draw(uint64_t below)
{
	s.random ^= s.random << 13;
	s.random ^= s.random >> 7;
	s.random ^= s.random << 17;
	return s.random % below;
}

/* All that is looked at becomes a place to write to. */
static int note(void *userdata, uint64_t gpa, uint8_t *hva, uint64_t length)
{
	uint8_t *at = hva - gpa % 8;

	(void)userdata;
	(void)length;
	if (s.n_places < PLACES_MAX && (gpa | 4095) - gpa >= 16) {
		memcpy(&s.places[s.n_places].before, at, 8);
		s.places[s.n_places++].hva = at;
	}
	return 0;
}

static int pass_entry(void *userdata, const struct kt_bpf_entry *entry)
{
	(void)userdata;
	(void)entry;
	s.n_entries++;
	return 0;
}

static int pass_map(void *userdata, const struct kt_bpf_map *map)
{
	(void)kt_bpf_entries_walk(userdata, map, pass_entry, NULL);
	return 0;
}

static int pass_task(void *userdata, const struct kt_task *task)
{
	(void)userdata;
	(void)task;
	s.n_tasks++;
	return 0;
}

static int by_address(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return (x->hva > y->hva) - (x->hva < y->hva);
}

/* Page tables are looked at all the time: each place counts once. */
static void count_places_once(void)
{
	size_t n = 0;

	qsort(s.places, s.n_places, sizeof(s.places[0]), by_address);
	for (size_t i = 0; i < s.n_places; i++) {
		if (n == 0 || s.places[i].hva != s.places[n - 1].hva)
			s.places[n++] = s.places[i];
	}
	s.n_places = n;
}

/* Once round with nothing written, so that there are places. */
static void look_once(struct kt_guest_kernel *kernel)
{
	kt_view_forget(&kernel->view);
	(void)kt_bpf_maps_walk(kernel, pass_map, kernel);
	kt_view_forget(&kernel->view);
	(void)kt_tasks_walk(kernel, pass_task, NULL);
}

static uint64_t bad_value(const struct place *place)
{
	const struct place *other = &s.places[draw(s.n_places)];

	switch (draw(5)) {
	case 0:
		return s.random;
	case 1:
		return place->before ^ 1ULL << draw(64);
	case 2:
		return other->before; /* another list's pointer, often */
	case 3:
		return draw(256);
	default:
		return place->before + draw(256) - 128;
	}
}

static void *scribble(void *userdata)
{
	struct place *bad[BAD_AT_ONCE] = { NULL };

	(void)userdata;
	while (!atomic_load(&s.stop)) {
		size_t i = draw(BAD_AT_ONCE);

		if (bad[i])
			*(volatile uint64_t *)bad[i]->hva = bad[i]->before;
		bad[i] = &s.places[draw(s.n_places)];
		*(volatile uint64_t *)bad[i]->hva = bad_value(bad[i]);
		s.n_writes++;
		usleep(PAUSE_US);
	}
	return NULL;
}

/* Walks of its own, one after the other, beside the monitor's. */
static unsigned long long walk_until(struct kt_guest_kernel *kernel,
				     uint64_t end_ns)
{
	unsigned long long n = 0;

	for (; kt_now_ns() < end_ns; n++)
		look_once(kernel);
	return n;
}

static long peak_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

int main(int argc, char **argv)
{
	static const struct ktstr_monitor_thresholds thresholds = { 0 };
	static const struct kt_map_write write = { .map = ".bss", .value = 1 };
	struct kt_memory_source source = { note, NULL };
	struct kt_monitor_config config = { .thresholds = &thresholds,
					    .watchdog_timeout_ms = 5000,
					    .map_writes = &write,
					    .n_map_writes = 1 };
	struct ktstr_monitor_report *report = NULL;
	struct kt_kernel_types types = { 0 };
	struct kt_guest_kernel kernel;
	struct ktstr_error err = { 0 };
	struct kt_monitor *monitor;
	unsigned long long n_walks;
	pthread_t writer;
	uint64_t stop_ns;
	pid_t *tids;
	bool fine;
	long kib;

	if (argc != 3)
		return 2;
	s.random = kt_now_ns() | 1;
	printf("random numbers from %llu on\n", (unsigned long long)s.random);
	if (kt_image_open(&s.image, argv[1], &err) < 0 ||
	    kt_kernel_types_init(&types, s.image.btf, s.image.btf_bytes, &err) <
		    0 ||
	    kt_guest_kernel_init(&kernel, &s.image.memory, &s.image.symbols,
				 &types, s.image.n_cpus, &err) < 0) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	config.memory = &s.image.memory;
	config.n_cpus = s.image.n_cpus;
	config.btf = s.image.btf;
	config.btf_bytes = s.image.btf_bytes;
	s.image.memory.source = &source;
	look_once(&kernel);
	s.image.memory.source = NULL;
	count_places_once();
	if (s.n_places < 1000) {
		fprintf(stderr, "there are %zu places to write to\n", s.n_places);
		return 1;
	}
	if (kt_monitor_start(&config, &monitor, &err) < 0) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	tids = calloc(s.image.n_cpus, sizeof(*tids));
	kt_monitor_begin(monitor, &s.image.symbols, tids);
	kt_monitor_write_maps(monitor);
	usleep(500000);
	kib = peak_kib();
	pthread_create(&writer, NULL, scribble, NULL);
	n_walks = walk_until(&kernel, kt_now_ns() + (uint64_t)atoi(argv[2]) *
							    1000000000ULL);
	stop_ns = kt_now_ns();
	kt_monitor_stop(monitor, &report);
	stop_ns = kt_now_ns() - stop_ns;
	atomic_store(&s.stop, true);
	pthread_join(writer, NULL);
	kib = peak_kib() - kib;
	printf("%llu writes to %zu places; %llu walks to %llu entries and %llu "
	       "tasks; %llu samples and %llu dropped ones; stopped in %.1f ms; "
	       "%ld KiB more\n",
	       s.n_writes, s.n_places, n_walks, s.n_entries, s.n_tasks,
	       (unsigned long long)report->summary.n_samples,
	       (unsigned long long)report->summary.n_dropped,
	       (double)stop_ns / 1e6, kib);
	if (report->unavailable)
		printf("unavailable: %s\n", report->unavailable);
	fine = s.n_writes >= 100 && n_walks >= 10 && stop_ns <= STOP_NS &&
	       kib <= GROWTH_KIB && report->summary.n_samples;
	kt_monitor_report_free(report);
	kt_guest_kernel_deinit(&kernel);
	kt_kernel_types_deinit(&types);
	kt_image_close(&s.image);
	free(tids);
	return !fine;
}
