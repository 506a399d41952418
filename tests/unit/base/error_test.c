// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include "base/error.h"

static void a_failure_returns_its_code_and_fills_the_message(void **state)
{
	struct ktstr_error err = { 0 };

	(void)state;
	assert_int_equal(kt_err(&err, -EINVAL, "llcs is %d", 0), -EINVAL);
	assert_string_equal(err.message, "llcs is 0");
	assert_int_equal(err.code, -EINVAL);
	assert_int_equal(err.kind, KTSTR_ERROR_INVALID);
}

static void the_error_may_be_null(void **state)
{
	(void)state;
	assert_int_equal(kt_err(NULL, -EIO, "x"), -EIO);
	assert_int_equal(kt_err_errno(NULL, -EIO, "x"), -EIO);
	assert_int_equal(kt_err_context(NULL, -EIO, "x"), -EIO);
	assert_int_equal(kt_err_kind(NULL, KTSTR_ERROR_SYSTEM, -EIO, "x"), -EIO);
}

static void the_kind_follows_from_the_code(void **state)
{
	struct ktstr_error err;

	(void)state;
	kt_err(&err, -EBUSY, "x");
	assert_int_equal(err.kind, KTSTR_ERROR_CONTENTION);
	kt_err(&err, -ENOSPC, "x");
	assert_int_equal(err.kind, KTSTR_ERROR_ENVIRONMENT);
	kt_err(&err, -EIO, "x");
	assert_int_equal(err.kind, KTSTR_ERROR_SYSTEM);
	kt_err_kind(&err, KTSTR_ERROR_CONTENTION, -EAGAIN, "x");
	assert_int_equal(err.kind, KTSTR_ERROR_CONTENTION);
}

static void errno_text_comes_behind_and_context_in_front(void **state)
{
	struct ktstr_error err;

	(void)state;
	kt_err_errno(&err, -ENOENT, "open %s", "/x");
	assert_string_equal(err.message, "open /x: No such file or directory");
	assert_int_equal(kt_err_context(&err, -ENOENT, "kernel"), -ENOENT);
	assert_string_equal(err.message,
			    "kernel: open /x: No such file or directory");
	assert_int_equal(err.kind, KTSTR_ERROR_INVALID);
}

static void a_long_message_is_cut_never_overrun(void **state)
{
	char text[2 * KTSTR_ERROR_MESSAGE_BYTES];
	struct ktstr_error err;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	kt_err_errno(&err, -EIO, "%s", text);
	assert_int_equal(strlen(err.message), KTSTR_ERROR_MESSAGE_BYTES - 1);
	kt_err_context(&err, -EIO, "front");
	assert_int_equal(strlen(err.message), KTSTR_ERROR_MESSAGE_BYTES - 1);
	assert_memory_equal(err.message, "front: xxx", 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_failure_returns_its_code_and_fills_the_message),
		cmocka_unit_test(the_error_may_be_null),
		cmocka_unit_test(the_kind_follows_from_the_code),
		cmocka_unit_test(errno_text_comes_behind_and_context_in_front),
		cmocka_unit_test(a_long_message_is_cut_never_overrun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
