// SPDX-License-Identifier: GPL-2.0-only
#include "scenario/steal_file.h"

#include <endian.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>

#include "base/fd.h"

#define STEAL_MAX_BYTES (64u << 20)
#define STEAL_MAX_CPUS  4096
#define STEAL_HEAD      2 /* numbers before those of the CPUs */

static uint64_t steal_number(const void *data, size_t index)
{
	uint64_t number;

	memcpy(&number, (const char *)data + index * sizeof(number),
	       sizeof(number));
	return le64toh(number);
}

/* The number of whole records of `n_cpus` CPUs, all of which say so. */
static int steal_count(const void *data, size_t n_numbers, size_t n_cpus,
		       size_t *ret, struct ktstr_error *err)
{
	size_t each = STEAL_HEAD + n_cpus;

	for (size_t i = 0; (i + 1) * each <= n_numbers; i++) {
		uint64_t n = steal_number(data, i * each + 1);

		if (n != n_cpus)
			return kt_err(err, -EBADMSG,
				      "record %zu tells of %" PRIu64
				      " CPUs, the ones before of %zu",
				      i, n, n_cpus);
	}
	*ret = n_numbers / each;
	return 0;
}

/* One allocation: the CPUs, and behind them the samples of each. */
static int steal_build(const void *data, size_t n_cpus, size_t n_records,
		       struct kt_steal_file *ret)
{
	size_t each = STEAL_HEAD + n_cpus;
	struct ktstr_cpu_steal *cpus =
		calloc(1, n_cpus * sizeof(*cpus) +
				  n_cpus * n_records *
					  sizeof(struct ktstr_steal_sample));
	struct ktstr_steal_sample *samples;

	if (!cpus)
		return -ENOMEM;
	samples = (struct ktstr_steal_sample *)(cpus + n_cpus);
	for (size_t cpu = 0; cpu < n_cpus; cpu++) {
		struct ktstr_steal_sample *own = samples + cpu * n_records;

		cpus[cpu].samples = own;
		cpus[cpu].n_samples = n_records;
		for (size_t i = 0; i < n_records; i++) {
			own[i].time_ns = steal_number(data, i * each);
			own[i].stolen_ns =
				steal_number(data, i * each + STEAL_HEAD + cpu);
		}
	}
	ret->steal = (struct ktstr_steal){ cpus, n_cpus };
	ret->last_ns = steal_number(data, (n_records - 1) * each);
	return 0;
}

int kt_steal_file_parse(const void *data, size_t length,
			struct kt_steal_file *ret, struct ktstr_error *err)
{
	size_t n_numbers = length / sizeof(uint64_t), n_records = 0;
	uint64_t n_cpus;
	int r;

	*ret = (struct kt_steal_file){ 0 };
	if (n_numbers < STEAL_HEAD)
		return 0;
	n_cpus = steal_number(data, 1);
	if (!n_cpus || n_cpus > STEAL_MAX_CPUS)
		return kt_err(err, -EBADMSG,
			      "a record of %" PRIu64
			      " CPUs; it must be 1 to %d",
			      n_cpus, STEAL_MAX_CPUS);
	r = steal_count(data, n_numbers, n_cpus, &n_records, err);
	if (r < 0 || !n_records)
		return r;
	r = steal_build(data, n_cpus, n_records, ret);
	return r < 0 ? kt_err_errno(err, r, "records of stolen time") : 0;
}

static int steal_read_now(const char *path, struct kt_steal_file *ret,
			  struct ktstr_error *err)
{
	_cleanup_free_ char *data = NULL;
	size_t length = 0;
	int r = kt_read_file(path, STEAL_MAX_BYTES, &data, &length);

	if (r == -ENOENT)
		return r;
	if (r < 0)
		return kt_err_errno(err, r, "%s", path);
	r = kt_steal_file_parse(data, length, ret, err);
	return r < 0 ? kt_err_context(err, r, "%s", path) : 0;
}

int kt_steal_file_read(const char *path, uint64_t until_ns, int timeout_ms,
		       struct kt_steal_file *ret, struct ktstr_error *err)
{
	uint64_t deadline_ns = kt_now_ns() + (uint64_t)timeout_ms * 1000000;
	_cleanup_close_ int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd >= 0 && inotify_add_watch(fd, path, IN_MODIFY) < 0)
		fd = kt_close(fd);
	for (;;) {
		uint64_t now_ns = kt_now_ns();
		struct pollfd p = { .fd = fd, .events = POLLIN };
		char events[4096];
		int r = steal_read_now(path, ret, err);

		if (r < 0 || ret->last_ns >= until_ns || fd < 0 ||
		    now_ns >= deadline_ns)
			return r;
		kt_steal_file_deinit(ret);
		(void)poll(&p, 1, (int)((deadline_ns - now_ns) / 1000000) + 1);
		while (read(fd, events, sizeof(events)) > 0)
			;
	}
}

void kt_steal_file_deinit(struct kt_steal_file *file)
{
	free((void *)file->steal.cpus);
	*file = (struct kt_steal_file){ 0 };
}
