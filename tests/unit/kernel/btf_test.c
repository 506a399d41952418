// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <errno.h>
#include <stdlib.h>

#include "images.h"
#include "kernel/btf.h"

static int setup(void **state)
{
	struct kt_strbuf *btf = calloc(1, sizeof(*btf));

	test_make_btf(btf);
	*state = btf;
	return 0;
}

static int teardown(void **state)
{
	kt_strbuf_deinit(*state);
	free(*state);
	return 0;
}

static void assert_refused(const struct kt_strbuf *btf, const char *message)
{
	struct ktstr_error err = {0};

	assert_int_equal(kt_btf_check((uint8_t *)btf->data, btf->length, &err),
			 -EBADMSG);
	assert_string_equal(err.message, message);
}

static void a_blob_that_fits_is_accepted(void **state)
{
	struct kt_strbuf *btf = *state;

	assert_int_equal(kt_btf_check((uint8_t *)btf->data, btf->length, NULL),
			 0);
}

static void a_blob_cut_off_anywhere_is_refused(void **state)
{
	struct kt_strbuf *btf = *state;

	for (size_t cut = 0; cut < btf->length; cut++) {
		_cleanup_free_ uint8_t *tight = malloc(cut ? cut : 1);

		memcpy(tight, btf->data, cut);
		assert_int_equal(kt_btf_check(tight, cut, NULL), -EBADMSG);
	}
}

static void each_member_of_the_header_is_checked(void **state)
{
	struct kt_strbuf *btf = *state;

	btf->data[btf->length - 1] = 'x';
	assert_refused(btf, "the kernel's BTF is damaged: its strings are not "
			    "terminated");
	btf->data[btf->length - 1] = 0;
	test_put32(btf, 20, 0);
	assert_refused(btf, "the kernel's BTF is damaged: its strings are not "
			    "terminated");
	test_put32(btf, 16, 0xffffffff);
	assert_refused(btf, "the kernel's BTF is damaged: its strings go past "
			    "its end");
	test_put32(btf, 12, 0xffffffff);
	assert_refused(btf, "the kernel's BTF is damaged: its types go past "
			    "its end");
	test_put32(btf, 4, 0xffffffff);
	assert_refused(btf, "the kernel's BTF is damaged: its header has an "
			    "impossible length");
	test_put32(btf, 4, 23);
	assert_refused(btf, "the kernel's BTF is damaged: its header has an "
			    "impossible length");
	btf->data[2] = 2;
	assert_refused(btf, "the kernel's BTF has version 2; only 1 is known");
	btf->data[0] = 0;
	assert_refused(btf, "the kernel's BTF is damaged: wrong magic");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_blob_that_fits_is_accepted),
		TEST(a_blob_cut_off_anywhere_is_refused),
		TEST(each_member_of_the_header_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
