// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <errno.h>

#include "made_up_types.h"
#include "messages.h"
#include "monitor/layout.h"
#include "monitor/types.h"

static void open_types(struct kt_types *types, enum made_up_kernel kernel)
{
	struct btf *btf = made_up_types(kernel);
	uint32_t bytes;
	const void *data = btf__raw_data(btf, &bytes);
	struct ktstr_error err;

	assert_non_null(data);
	assert_int_equal(kt_types_init(types, data, bytes, &err), 0);
	btf__free(btf);
}

static void members_are_found_at_their_place(void **state)
{
	_cleanup_types_ struct kt_types types = { 0 };
	struct kt_member member;
	uint32_t bytes;

	(void)state;
	open_types(&types, KERNEL_OLDER);
	assert_int_equal(kt_types_member(&types, "rq", "clock", &member), 0);
	assert_int_equal(kt_member_offset(&member), RQ_CLOCK);
	assert_int_equal(kt_member_bytes(&member), 8);
	assert_int_equal(
		kt_types_member(&types, "rq", "scx.local_dsq.nr", &member), 0);
	assert_int_equal(kt_member_offset(&member),
			 RQ_SCX + SCX_RQ_LOCAL_DSQ + DSQ_NR);
	assert_int_equal(kt_member_bytes(&member), 4);
	assert_int_equal(kt_types_size(&types, "rq", &bytes), 0);
	assert_int_equal(bytes, RQ_BYTES);
}

static void anonymous_members_are_gone_into(void **state)
{
	_cleanup_types_ struct kt_types types = { 0 };
	struct kt_member member;

	(void)state;
	open_types(&types, KERNEL_NEW);
	assert_int_equal(
		kt_types_member(&types, "scx_sched", "ops.name", &member), 0);
	assert_int_equal(kt_member_offset(&member), 8);
	assert_int_equal(kt_member_bytes(&member), 16);
	assert_true(kt_types_target(&types, member.type_id) > 0);
}

static void what_is_not_there_is_absent(void **state)
{
	static const char *const paths[] = {
		"",       ".",        "cloc", "clock2", "clock.",
		".clock", "clock.nr", "scx.", "scx.nr", "scx.local_dsq.nr.nr",
	};
	_cleanup_types_ struct kt_types types = { 0 };
	struct kt_member member;
	uint32_t bytes;

	(void)state;
	open_types(&types, KERNEL_NEW);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_int_equal(kt_types_member(&types, "rq", paths[i], &member),
				 -ENOENT);
	assert_int_equal(kt_types_member(&types, "r", "clock", &member), -ENOENT);
	assert_int_equal(kt_types_member(&types, "u64", "clock", &member),
			 -ENOENT);
	assert_int_equal(kt_types_size(&types, "no_such", &bytes), -ENOENT);
	assert_int_equal(kt_types_target(&types, 12345678), 0);
}

static void the_layout_names_what_it_lacks(void **state)
{
	_cleanup_types_ struct kt_types types = { 0 };
	char name[KT_LAYOUT_NAME_BYTES];
	struct kt_layout layout;

	(void)state;
	open_types(&types, KERNEL_NO_SCX);
	kt_layout_resolve(&layout, &types);
	assert_true(layout.has[KT_RQ_CLOCK]);
	assert_false(layout.has[KT_RQ_SCX_LOCAL_DSQ_NR]);
	assert_false(layout.has[KT_SCX_EXIT_KIND]);
	kt_layout_name(KT_RQ_SCX_LOCAL_DSQ_NR, name, sizeof(name));
	assert_string_equal(name, "rq.scx.local_dsq.nr");
	kt_layout_name(KT_RQ_CURR, name, sizeof(name));
	assert_string_equal(name, "rq.curr");
}

static void what_is_no_btf_is_refused(void **state)
{
	static const uint8_t nothing[64] = { 0x9f, 0xeb };
	struct btf *btf = made_up_types(KERNEL_NEW);
	struct kt_types types = { 0 };
	struct ktstr_error err = { 0 };
	uint32_t bytes;
	const void *data;

	(void)state;
	assert_int_equal(kt_types_init(&types, nothing, sizeof(nothing), &err),
			 -EBADMSG);
	message_seen(err.message);
	data = btf__raw_data(btf, &bytes);
	for (uint32_t cut = 0; cut < bytes; cut += 7)
		assert_int_equal(kt_types_init(&types, data, cut, &err),
				 -EBADMSG);
	btf__free(btf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_found_at_their_place),
		cmocka_unit_test(anonymous_members_are_gone_into),
		cmocka_unit_test(what_is_not_there_is_absent),
		cmocka_unit_test(the_layout_names_what_it_lacks),
		cmocka_unit_test(what_is_no_btf_is_refused),
		messages_test("monitor_types"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
