// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>

#include "messages.h"
#include "host/kvm_caps.h"

static struct kt_kvm_caps everything(void)
{
	struct kt_kvm_caps caps;

	for (size_t i = 0; i < KT_KVM_CAP_COUNT; i++)
		caps.value[i] = 1;
	return caps;
}

static void a_kvm_that_has_everything_passes(void **state)
{
	struct kt_kvm_caps caps = everything();

	(void)state;
	assert_int_equal(kt_kvm_caps_check(&caps, NULL), 0);
}

static void what_is_optional_may_be_missing(void **state)
{
	struct kt_kvm_caps caps = everything();

	(void)state;
	caps.value[KT_KVM_HALT_POLL] = 0;
	caps.value[KT_KVM_BINARY_STATS_FD] = -1;
	assert_int_equal(kt_kvm_caps_check(&caps, NULL), 0);
}

static void every_missing_requirement_is_named(void **state)
{
	struct kt_kvm_caps caps = everything();
	struct ktstr_error err = {};

	(void)state;
	caps.value[KT_KVM_IRQFD] = 0;
	caps.value[KT_KVM_IOEVENTFD] = -1; /* an old kernel's answer */
	assert_int_equal(kt_kvm_caps_check(&caps, &err), -EOPNOTSUPP);
	assert_int_equal(err.kind, KTSTR_ERROR_ENVIRONMENT);
	assert_contains(err.message, "IRQFD (device interrupts), ");
	assert_contains(err.message, "IOEVENTFD (device notifications)");
	message_seen(err.message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kvm_that_has_everything_passes),
		cmocka_unit_test(what_is_optional_may_be_missing),
		cmocka_unit_test(every_missing_requirement_is_named),
		messages_test("host_kvm_caps"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
