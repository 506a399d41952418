// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "test.h"
#include "vmm/stats.h"

#define NAME_BYTES 48
#define DESCS_AT   64
#define DATA_AT    1024

struct named_desc {
	struct kvm_stats_desc desc;
	char name[NAME_BYTES];
};

/* A descriptor as KVM makes them, with these statistics. */
static int make_fd(const struct kvm_stats_header *header,
		   const struct named_desc *descs, size_t n,
		   const uint64_t *values, size_t n_values)
{
	int fd = memfd_create("stats", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(kt_pwrite_all(fd, header, sizeof(*header), 0), 0);
	assert_int_equal(kt_pwrite_all(fd, descs, n * sizeof(*descs), DESCS_AT),
			 0);
	assert_int_equal(
		kt_pwrite_all(fd, values, n_values * sizeof(*values), DATA_AT),
		0);
	return fd;
}

static const struct kvm_stats_header good = {
	.name_size = NAME_BYTES,
	.num_desc = 3,
	.desc_offset = DESCS_AT,
	.data_offset = DATA_AT,
};

static const struct named_desc three[] = {
	{ .desc = { .size = 1, .offset = 0 }, .name = "exits" },
	{ .desc = { .size = 2, .offset = 8 }, .name = "halt_hist" },
	{ .desc = { .size = 1, .offset = 24 }, .name = "halt_polls" },
};

static void scalars_are_read_and_histograms_left_out(void **state)
{
	const uint64_t values[] = { 11, 22, 33, 44 };
	int fd = make_fd(&good, three, 3, values, 4);
	struct kt_stats stats = {};

	(void)state;
	assert_int_equal(kt_stats_read(fd, 5, &stats), 0);
	assert_int_equal(kt_stats_read(fd, -1, &stats), 0);
	assert_int_equal(stats.n, 4);
	assert_string_equal(stats.list[0].name, "exits");
	assert_int_equal(stats.list[0].value, 11);
	assert_int_equal(stats.list[0].vcpu, 5);
	assert_string_equal(stats.list[1].name, "halt_polls");
	assert_int_equal(stats.list[1].value, 44);
	assert_int_equal(stats.list[3].vcpu, -1);
	kt_stats_deinit(&stats);
	close(fd);
}

static void a_list_of_many_grows(void **state)
{
	const uint64_t values[] = { 1, 2, 3, 4 };
	int fd = make_fd(&good, three, 3, values, 4);
	struct kt_stats stats = {};

	(void)state;
	for (int vcpu = 0; vcpu < 1000; vcpu++)
		assert_int_equal(kt_stats_read(fd, vcpu, &stats), 0);
	assert_int_equal(stats.n, 2000);
	assert_int_equal(stats.list[1999].vcpu, 999);
	kt_stats_deinit(&stats);
	close(fd);
}

static void nonsense_is_refused(void **state)
{
	const uint64_t values[] = { 1 };
	struct kvm_stats_header bad = good;
	struct kt_stats stats = {};
	int fd;

	(void)state;
	bad.name_size = 0;
	fd = make_fd(&bad, three, 3, values, 1);
	assert_int_equal(kt_stats_read(fd, 0, &stats), -EBADMSG);
	close(fd);

	bad.name_size = 1u << 30;
	fd = make_fd(&bad, three, 3, values, 1);
	assert_int_equal(kt_stats_read(fd, 0, &stats), -EBADMSG);
	close(fd);

	bad = good;
	bad.num_desc = 1u << 30;
	fd = make_fd(&bad, three, 3, values, 1);
	assert_int_equal(kt_stats_read(fd, 0, &stats), -EBADMSG);
	close(fd);

	/* The third value lies behind the end. */
	fd = make_fd(&good, three, 3, values, 1);
	assert_int_equal(kt_stats_read(fd, 0, &stats), -ENODATA);
	assert_int_equal(stats.n, 1);
	close(fd);
	kt_stats_deinit(&stats);
}

static void a_name_without_an_end_is_cut(void **state)
{
	struct named_desc long_name = { .desc = { .size = 1 } };
	struct kvm_stats_header header = good;
	const uint64_t values[] = { 7 };
	struct kt_stats stats = {};
	int fd;

	(void)state;
	header.num_desc = 1;
	memset(long_name.name, 'x', NAME_BYTES);
	fd = make_fd(&header, &long_name, 1, values, 1);
	assert_int_equal(kt_stats_read(fd, 0, &stats), 0);
	assert_int_equal(strlen(stats.list[0].name),
			 sizeof(stats.list[0].name) - 1);
	kt_stats_deinit(&stats);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scalars_are_read_and_histograms_left_out),
		cmocka_unit_test(a_list_of_many_grows),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(a_name_without_an_end_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
