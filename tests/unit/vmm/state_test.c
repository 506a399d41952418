// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "test.h"
#include "vmm/crash.h"
#include "vmm/state.h"

static const struct kt_state_vcpu spinning = {
	.activity = KT_STATE_RUNNING,
	.rip = 0xffffffff81234567,
	.rsp = 0xffffc90000003e80,
};
static const struct kt_state_vcpu in_user_space = {
	.activity = KT_STATE_RUNNING,
	.rip = 0x401000,
	.rsp = 0x7ffc0000f000,
	.interrupts = true,
	.cpl = 3,
};
static const struct kt_state_vcpu idle = {
	.activity = KT_STATE_HALTED,
	.rip = 0xffffffff82000010,
	.rsp = 0xffffc900000b3ed0,
	.interrupts = true,
};
static const struct kt_state_vcpu waiting = {
	.activity = KT_STATE_NOT_STARTED,
	.rip = 0xfff0,
};

/* A guest whose driver was never interrupted for what it had been given. */
static const struct kt_console_state stuck = {
	.status = 15,
	.interrupt_status = 1,
	.ports = {
		[KT_CONSOLE_PORT_HVC] = { .open = true },
		[KT_CONSOLE_PORT_WIRE] = { .open = true,
					   .read_bytes = 4711,
					   .undelivered_bytes = 11,
					   .unsent_bytes = 24 },
	},
	.queues = {
		{ "hvc0 to guest", { .ready = true, .size = 128, .waiting = 128 } },
		{ "hvc0 from guest", { .ready = true, .size = 128 } },
		{ "control to guest", { .ready = true, .size = 128,
					.waiting = 120, .unweighed = 2,
					.event_idx = true, .unseen = 5 } },
		{ "control from guest", {} },
		{ "ktstr.wire to guest", {} },
		{ "ktstr.wire from guest", {} },
	},
};
static const struct kt_console_state untouched = {};

static char *text_of(const struct kt_state_vcpu *vcpus, size_t n_vcpus)
{
	return kt_state_text(&(struct kt_state_evidence){
		.vcpus = vcpus, .n_vcpus = n_vcpus, .console = &untouched });
}

static void all_that_is_known_is_told(void **state)
{
	struct kt_state_vcpu second = idle;
	const struct kt_state_vcpu vcpus[] = { idle,          spinning, second,
					       in_user_space, waiting,  waiting };
	_cleanup_free_ char *text = kt_state_text(&(struct kt_state_evidence){
		.vcpus = vcpus,
		.n_vcpus = KT_ARRAY_SIZE(vcpus),
		.ready = true,
		.console = &stuck,
		.kernel = "one\ntwo \x1b[2J\n",
	});

	(void)state;
	assert_string_equal(
		text,
		"vCPU 1: running, rip ffffffff81234567, rsp ffffc90000003e80, "
		"IF=0, CPL 0\n"
		"vCPU 3: running, rip 0000000000401000, rsp 00007ffc0000f000, "
		"IF=1, CPL 3\n"
		"vCPUs 0,2: halted, rip ffffffff82000010, IF=1, CPL 0\n"
		"vCPUs 4-5: not started\n"
		"init: had come up, had reported no exit code\n"
		"console: status 0xf, interrupts unacknowledged 0x1\n"
		"port hvc0: open, 0 bytes read, 0 of them not taken, 0 wait "
		"for the guest\n"
		"port ktstr.wire: open, 4711 bytes read, 11 of them not taken, "
		"24 wait for the guest\n"
		"queue hvc0 to guest: 128 of 128 chains not taken, 0 used "
		"without an interrupt\n"
		"queue hvc0 from guest: 0 of 128 chains not taken, 0 used "
		"without an interrupt\n"
		"queue control to guest: 120 of 128 chains not taken, 2 used "
		"without an interrupt, 5 past the driver's event index\n"
		"queue control from guest: not set up\n"
		"queue ktstr.wire to guest: not set up\n"
		"queue ktstr.wire from guest: not set up\n"
		"the end of its kernel log:\n"
		"one\n"
		"two .[2J\n");
}

/* What tells two halted vCPUs apart; their stacks do not. */
static void only_what_is_alike_is_folded(void **state)
{
	struct kt_state_vcpu vcpus[] = { idle, idle, idle, idle, idle };
	_cleanup_free_ char *text = NULL;

	(void)state;
	vcpus[1].rsp += 0x1000;
	vcpus[2].interrupts = false;
	vcpus[3].rip++;
	vcpus[4].cpl = 3;
	text = text_of(vcpus, KT_ARRAY_SIZE(vcpus));
	assert_contains(text, "vCPUs 0-1: halted, rip ffffffff82000010, IF=1");
	assert_contains(text, "vCPU 2: halted, rip ffffffff82000010, IF=0");
	assert_contains(text, "vCPU 3: halted, rip ffffffff82000011, IF=1");
	assert_contains(text,
			"vCPU 4: halted, rip ffffffff82000010, IF=1, CPL 3");
}

static void a_vcpu_that_cannot_be_read_is_told_as_that(void **state)
{
	const struct kt_state_vcpu vcpus[] = { {}, spinning };
	_cleanup_free_ char *text = text_of(vcpus, KT_ARRAY_SIZE(vcpus));

	(void)state;
	assert_contains(text, "vCPU 0: KVM does not tell where\n");
}

static void what_init_said_is_told(void **state)
{
	_cleanup_free_ char *never = kt_state_text(&(struct kt_state_evidence){
		.vcpus = &idle, .n_vcpus = 1, .console = &untouched });
	_cleanup_free_ char *over =
		kt_state_text(&(struct kt_state_evidence){ .vcpus = &idle,
							   .n_vcpus = 1,
							   .console = &untouched,
							   .ready = true,
							   .exited = true });

	(void)state;
	assert_contains(never,
			"init: had not come up, had reported no exit code\n");
	assert_null(strstr(never, "kernel log"));
	assert_contains(over, "init: had come up, had reported an exit code\n");
}

/* A vCPU a place, and a log without an end. */
static void no_guest_makes_it_long(void **state)
{
	static struct kt_state_vcpu vcpus[2048];
	static char log[1 << 20];
	_cleanup_free_ char *text = NULL;

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(vcpus); i++) {
		vcpus[i] = i % 2 ? idle : spinning;
		vcpus[i].rip += i;
	}
	memset(log, 'x', sizeof(log) - 1);
	text = kt_state_text(&(struct kt_state_evidence){
		.vcpus = vcpus,
		.n_vcpus = KT_ARRAY_SIZE(vcpus),
		.console = &stuck,
		.kernel = log,
	});
	assert_contains(text, "992 more vCPUs: running\n");
	assert_contains(text, "1008 more vCPUs: not running\n");
	assert_true(strlen(text) < KT_CRASH_TAIL_BYTES + 6000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_is_known_is_told),
		cmocka_unit_test(only_what_is_alike_is_folded),
		cmocka_unit_test(a_vcpu_that_cannot_be_read_is_told_as_that),
		cmocka_unit_test(what_init_said_is_told),
		cmocka_unit_test(no_guest_makes_it_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
