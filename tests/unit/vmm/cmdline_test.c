// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"
#include "vmm/cmdline.h"

static char *line(const struct kt_cmdline_options *options)
{
	struct kt_strbuf sb = {};

	kt_cmdline_write(options, &sb);
	return kt_strbuf_steal(&sb);
}

static void it_is_quiet_unless_the_log_is_wanted(void **state)
{
	_cleanup_free_ char *quiet = line(
		&(struct kt_cmdline_options){ .n_vcpus = 1, .host_cpus = 1 });
	_cleanup_free_ char *loud = line(&(struct kt_cmdline_options){
		.n_vcpus = 1, .host_cpus = 1, .dmesg = true });

	(void)state;
	assert_contains(quiet, "console=ttyS0 ");
	assert_contains(quiet, " reboot=k panic=-1 oops=panic ");
	assert_contains(quiet, " loglevel=1");
	assert_contains(loud, " loglevel=7");
	assert_null(strstr(loud, "loglevel=1"));
}

static void cpus_come_up_one_by_one_where_they_share_the_hosts(void **state)
{
	_cleanup_free_ char *enough = line(
		&(struct kt_cmdline_options){ .n_vcpus = 4, .host_cpus = 4 });
	_cleanup_free_ char *scarce = line(
		&(struct kt_cmdline_options){ .n_vcpus = 5, .host_cpus = 4 });

	(void)state;
	assert_null(strstr(enough, "cpuhp.parallel"));
	assert_contains(scarce, " cpuhp.parallel=0 ");
}

static void a_kernel_that_can_has_a_large_root(void **state)
{
	_cleanup_free_ char *usual = line(&(struct kt_cmdline_options){ 0 });
	_cleanup_free_ char *large = line(
		&(struct kt_cmdline_options){ .large_root = true });

	(void)state;
	assert_null(strstr(usual, "initramfs_options"));
	assert_contains(large, " initramfs_options=size=90% ");
}

static void the_users_words_come_last(void **state)
{
	static const char extra[] = "loglevel=4 root=/dev/sda";
	_cleanup_free_ char *text = line(&(struct kt_cmdline_options){
		.n_vcpus = 1, .host_cpus = 1, .extra = extra });
	size_t length = strlen(text);

	(void)state;
	assert_true(length > sizeof(extra));
	assert_string_equal(text + length - (sizeof(extra) - 1), extra);
	assert_int_equal(text[length - sizeof(extra)], ' ');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_quiet_unless_the_log_is_wanted),
		cmocka_unit_test(
			cpus_come_up_one_by_one_where_they_share_the_hosts),
		cmocka_unit_test(a_kernel_that_can_has_a_large_root),
		cmocka_unit_test(the_users_words_come_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
