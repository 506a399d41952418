// SPDX-License-Identifier: GPL-2.0-only
/* Commands under a scheduler, which the caller gives to the VM. */
#include "guest.h"

#include <string.h>

#include "base/macro.h"

static struct ktstr_vm_config config_under(const char *command,
					   const char *const *args)
{
	struct ktstr_vm_config config = guest_config(command);

	config.scheduler_binary = guest_scheduler;
	config.sched_args = args;
	return config;
}

static const struct ktstr_vm_event *find_event(const struct ktstr_vm_result *result,
					       const char *detail)
{
	for (size_t i = 0; i < result->n_events; i++) {
		const struct ktstr_vm_event *event = &result->events[i];

		if (strcmp(event->kind, "scheduler") == 0 &&
		    strcmp(event->detail, detail) == 0)
			return event;
	}
	return NULL;
}

bool a_command_runs_under_its_scheduler(void)
{
	struct ktstr_vm_config config =
		config_under("cat /sys/kernel/sched_ext/root/ops; exit 7", NULL);
	_cleanup_result_ struct ktstr_vm_result *result = guest_run(&config);

	CHECK(result);
	CHECK(guest_has(result->output, "ktstr\n"));
	CHECK(result->exit_code == 7);
	CHECK(guest_has(result->scheduler_log, "attached"));
	CHECK(guest_has(result->test_result, "\"verdict\": \"pass\""));
	CHECK(find_event(result, "attached"));
	CHECK(find_event(result, "detached"));
	CHECK(!find_event(result, "ended"));
	return true;
}

bool the_end_of_the_scheduler_is_that_of_the_command(void)
{
	static const char *const args[] = { "--exit-after=1", NULL };
	struct ktstr_vm_config config = config_under("sleep 1000", args);
	_cleanup_result_ struct ktstr_vm_result *result = guest_run(&config);

	CHECK(result);
	CHECK(!result->timed_out && !result->success && result->exit_code == 1);
	CHECK(guest_has(result->output,
			"the scheduler scx_ktstr (/opt/scheduler/scx_ktstr) "
			"exited with 3"));
	CHECK(guest_has(result->output,
			"\"ktstr\" disabled (unregistered from user space)"));
	CHECK(guest_has(result->test_result, "\"verdict\": \"fail\""));
	CHECK(find_event(result, "ended"));
	return true;
}

/* sched_rr_timeslice_ms stands for a scheduler of the kernel's own. */
bool a_built_in_one_is_turned_on_and_off(void)
{
	static const char *const on[] = {
		"sysctl -w kernel.sched_rr_timeslice_ms=40", NULL
	};
	static const char *const off[] = { "echo off; exit 3", NULL };
	struct ktstr_vm_config config =
		guest_config("cat /proc/sys/kernel/sched_rr_timeslice_ms");
	_cleanup_result_ struct ktstr_vm_result *result = NULL;

	config.sched_enable_cmds = on;
	config.sched_disable_cmds = off;
	result = guest_run(&config);
	CHECK(result);
	CHECK(guest_has(result->output, "40\n"));
	CHECK(guest_has(result->output,
			"the disable line \"echo off; exit 3\" exited with 3; "
			"it said: off"));
	CHECK(result->exit_code == 1);
	return true;
}

/* What it is told to do wrong, it does before the command has begun. */
bool maps_are_written_before_the_command(void)
{
	static const struct ktstr_bpf_map_write writes[] = {
		{ .map = "settings", .offset = 4, .value = 7 },
		{ .map = ".bss", .variable = "counters.n_lost", .value = 99 },
		{ .map = ".bss", .variable = "crash", .value = 1 },
	};
	static const char *const args[] = { "--linger", NULL };
	struct ktstr_vm_config config = config_under("sleep 1000", args);
	_cleanup_result_ struct ktstr_vm_result *result = NULL;

	config.bpf_map_writes = writes;
	config.n_bpf_map_writes = KT_ARRAY_SIZE(writes);
	result = guest_run(&config);
	CHECK(result);
	CHECK(!result->timed_out && result->exit_code == 1);
	CHECK(guest_has(result->output, "ktstr: an error was asked for"));
	CHECK(find_event(result, "thrown out"));
	return true;
}

bool writes_that_cannot_be_done_are_told(void)
{
	static const struct {
		struct ktstr_bpf_map_write write;
		const char *message;
	} wrong[] = {
		{ { .map = ".bss", .variable = "absent" },
		  "has no \"absent\" in its value" },
		{ { .map = "settings", .offset = 5 },
		  "the value of map settings has 8 bytes: there is no room for "
		  "4 at 5" },
		{ { .map = "tasks_seen" },
		  "map tasks_seen is of type hash; only arrays can be written "
		  "to" },
		{ { .map = "no_such_map" },
		  "the guest has no map \"no_such_map\"" },
	};

	for (size_t i = 0; i < KT_ARRAY_SIZE(wrong); i++) {
		struct ktstr_vm_config config =
			config_under("echo was run", NULL);
		_cleanup_result_ struct ktstr_vm_result *result = NULL;

		config.bpf_map_writes = &wrong[i].write;
		config.n_bpf_map_writes = 1;
		result = guest_run(&config);
		CHECK(result);
		CHECK(guest_has(result->output,
				"the host could not write to the scheduler's "
				"maps: "));
		CHECK(guest_has(result->output, wrong[i].message));
		CHECK(!strstr(result->output, "was run"));
		CHECK(result->exit_code == 1);
	}
	return true;
}
