// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "scenario/steal_file.h"

/* Two records of two CPUs. */
static const uint64_t records[] = { 100, 2, 10, 20, 200, 2, 30, 20 };

static void parse(const uint64_t *numbers, size_t n, size_t bytes_less,
		  struct kt_steal_file *ret)
{
	struct ktstr_error err = { 0 };
	uint64_t data[64];

	assert_true(n <= 64);
	for (size_t i = 0; i < n; i++)
		data[i] = htole64(numbers[i]);
	if (kt_steal_file_parse(data, n * 8 - bytes_less, ret, &err) < 0)
		fail_msg("%s", err.message);
}

static void records_become_samples(void **state)
{
	_cleanup_steal_file_ struct kt_steal_file file = { 0 };

	(void)state;
	parse(records, 8, 0, &file);
	assert_int_equal(file.last_ns, 200);
	assert_int_equal(file.steal.n_cpus, 2);
	for (size_t cpu = 0; cpu < 2; cpu++) {
		const struct ktstr_cpu_steal *own = &file.steal.cpus[cpu];

		assert_int_equal(own->n_samples, 2);
		assert_int_equal(own->samples[0].time_ns, 100);
		assert_int_equal(own->samples[1].time_ns, 200);
	}
	assert_int_equal(file.steal.cpus[0].samples[0].stolen_ns, 10);
	assert_int_equal(file.steal.cpus[0].samples[1].stolen_ns, 30);
	assert_int_equal(file.steal.cpus[1].samples[1].stolen_ns, 20);
}

static void a_tail_that_is_cut_off_is_ignored(void **state)
{
	(void)state;
	for (size_t less = 1; less <= 64; less++) {
		_cleanup_steal_file_ struct kt_steal_file file = { 0 };

		parse(records, 8, less, &file);
		if (less > 32) {
			assert_int_equal(file.steal.n_cpus, 0);
			assert_int_equal(file.last_ns, 0);
			continue;
		}
		assert_int_equal(file.last_ns, 100);
		assert_int_equal(file.steal.cpus[1].n_samples, 1);
	}
}

static void numbers_of_cpus_are_bounded(void **state)
{
	static const uint64_t many[] = { 0, 4097, UINT64_MAX, UINT64_MAX / 8 };
	uint64_t data[8] = { 0 };
	struct kt_steal_file file;
	struct ktstr_error err;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		data[1] = htole64(many[i]);
		assert_int_equal(
			kt_steal_file_parse(data, sizeof(data), &file, &err),
			-EBADMSG);
		assert_contains(err.message, "it must be 1 to 4096");
		assert_null(file.steal.cpus);
	}
	data[1] = htole64(2);
	data[5] = htole64(3);
	assert_int_equal(kt_steal_file_parse(data, sizeof(data), &file, &err),
			 -EBADMSG);
	assert_contains(err.message, "record 1 tells of 3 CPUs");
}

/* Small numbers, so that some of them are records. */
static void anything_is_parsed_or_refused(void **state)
{
	uint64_t random = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		_cleanup_steal_file_ struct kt_steal_file file = { 0 };
		size_t length;
		uint64_t data[16];

		for (size_t i = 0; i < 16; i++) {
			random = random * 6364136223846793005 +
				 1442695040888963407;
			data[i] = htole64(random >> 60);
		}
		length = random >> 32 & 127;
		if (kt_steal_file_parse(data, length, &file, NULL) < 0)
			assert_null(file.steal.cpus);
		for (size_t cpu = 0; cpu < file.steal.n_cpus; cpu++) {
			const struct ktstr_cpu_steal *own = &file.steal.cpus[cpu];

			assert_true(own->n_samples > 0);
			assert_int_equal(own->samples[own->n_samples - 1].time_ns,
					 file.last_ns);
		}
	}
}

struct later {
	char path[64];
	useconds_t us;
};

static void *append(void *argument)
{
	const struct later *later = argument;
	uint64_t data[4];
	int fd;

	for (int i = 0; i < 4; i++)
		data[i] = htole64(records[4 + i]);
	usleep(later->us);
	fd = open(later->path, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(kt_write_all(fd, data, sizeof(data)), 0);
	close(fd);
	return NULL;
}

static void it_waits_for_the_record_that_it_needs(void **state)
{
	_cleanup_steal_file_ struct kt_steal_file file = { 0 };
	struct later later = { "/tmp/ktstr-steal-XXXXXX", 100000 };
	uint64_t data[4], before;
	pthread_t thread;
	int fd = mkstemp(later.path);

	(void)state;
	assert_true(fd >= 0);
	for (int i = 0; i < 4; i++)
		data[i] = htole64(records[i]);
	assert_int_equal(kt_write_all(fd, data, sizeof(data)), 0);
	close(fd);
	/* It has what is asked for: no wait. */
	assert_int_equal(kt_steal_file_read(later.path, 100, 60000, &file, NULL),
			 0);
	assert_int_equal(file.last_ns, 100);
	kt_steal_file_deinit(&file);
	assert_int_equal(pthread_create(&thread, NULL, append, &later), 0);
	assert_int_equal(kt_steal_file_read(later.path, 150, 30000, &file, NULL),
			 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(file.last_ns, 200);
	kt_steal_file_deinit(&file);
	/* Nobody writes any more. */
	before = kt_now_ns();
	assert_int_equal(kt_steal_file_read(later.path, 300, 50, &file, NULL), 0);
	assert_true(kt_now_ns() - before >= 50000000);
	assert_int_equal(file.last_ns, 200);
	unlink(later.path);
	kt_steal_file_deinit(&file);
	assert_int_equal(kt_steal_file_read(later.path, 300, 50, &file, NULL),
			 -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_become_samples),
		cmocka_unit_test(a_tail_that_is_cut_off_is_ignored),
		cmocka_unit_test(numbers_of_cpus_are_bounded),
		cmocka_unit_test(anything_is_parsed_or_refused),
		cmocka_unit_test(it_waits_for_the_record_that_it_needs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
