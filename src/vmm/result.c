// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "vmm/crash.h"
#include "vmm/registers.h"
#include "vmm/run.h"
#include "vmm/state.h"
#include "vmm/stats.h"

KT_DEFINE_CLEANUP(struct ktstr_vm_result *, ktstr_vm_result_free)

static char *serial_text(struct kt_serial *serial, size_t *ret_bytes)
{
	return serial ? kt_serial_text(serial, ret_bytes) : NULL;
}

static char *console_text(const struct kt_run *run, size_t *ret_bytes)
{
	return run->machine ? serial_text(run->machine->com1, ret_bytes) :
			      strdup("");
}

/* For reports: no NUL of the guest's shall end them early. */
static char *evidence(struct kt_serial *serial)
{
	size_t bytes = 0;
	char *text = serial_text(serial, &bytes);

	for (size_t i = 0; text && i < bytes; i++) {
		if (!text[i])
			text[i] = '?';
	}
	return text;
}

static void read_crash(const struct kt_run *run, struct ktstr_vm_result *result)
{
	_cleanup_free_ char *console = evidence(run->machine->com1);
	_cleanup_free_ char *last = evidence(run->machine->com2);
	struct kt_crash_evidence evidence;
	struct kt_end end;

	kt_machine_get_end(run->machine, &end);
	evidence = (struct kt_crash_evidence){
		.end = &end,
		.ready = run->session.ready,
		.exited = run->session.exited,
		.cut_short = run->timed_out || run->stopped,
		.kernel = console,
		.last = last,
		.reports = kt_strbuf_text(&run->session.crash),
		.dmesg = kt_strbuf_text(&run->session.dmesg),
	};
	result->crash = kt_crash_text(&evidence);
	result->restarted = kt_crash_is_restart(&evidence);
}

void kt_run_note_state(struct kt_run *run)
{
	const struct kt_machine *machine = run->machine;
	_cleanup_free_ struct kt_state_vcpu *vcpus =
		calloc(machine->n_vcpus, sizeof(*vcpus));
	_cleanup_free_ char *console = evidence(machine->com1);
	struct kt_console_state devices;

	/* A report that cannot be made is no reason to lose the result. */
	if (!vcpus)
		return;
	for (uint32_t i = 0; i < machine->n_vcpus; i++)
		(void)kt_registers_where(machine->vcpus[i].fd, &vcpus[i]);
	kt_console_get_state(machine->console, &devices);
	run->state = kt_state_text(&(struct kt_state_evidence){
		.vcpus = vcpus,
		.n_vcpus = machine->n_vcpus,
		.ready = run->session.ready,
		.exited = run->session.exited,
		.console = &devices,
		.kernel = console && *console ?
				  console :
				  kt_strbuf_text(&run->session.dmesg),
	});
}

static void read_stats(const struct kt_run *run, struct ktstr_vm_result *result)
{
	const struct kt_machine *machine = run->machine;
	struct kt_stats stats = {};
	int r = 0;

	if (machine->stats_fd >= 0)
		r = kt_stats_read(machine->stats_fd, -1, &stats);
	for (uint32_t i = 0; !r && i < machine->n_vcpus; i++) {
		if (machine->vcpus[i].stats_fd >= 0)
			r = kt_stats_read(machine->vcpus[i].stats_fd,
					  (int32_t)i, &stats);
	}
	if (r)
		kt_warn(run->config->log, "KVM's statistics are incomplete: %s",
			strerror(-r));
	result->kvm_stats = stats.list;
	result->n_kvm_stats = stats.n;
}

/* All of them or none: an absent one would read as if it had lost nothing. */
static int read_steal(const struct kt_run *run, struct ktstr_vm_result *result)
{
	const struct kt_machine *machine = run->machine;
	struct ktstr_vcpu_steal *list;

	for (uint32_t i = 0; i < machine->n_vcpus; i++) {
		if (!machine->vcpus[i].steal_known)
			return 0;
	}
	list = calloc(machine->n_vcpus, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (uint32_t i = 0; i < machine->n_vcpus; i++)
		list[i] = machine->vcpus[i].steal;
	result->vcpu_steal = list;
	result->n_vcpu_steal = machine->n_vcpus;
	return 0;
}

static int read_devices(const struct kt_run *run, struct ktstr_vm_result *result)
{
	const struct kt_machine *machine = run->machine;

	if (machine->disk) {
		result->disk = malloc(sizeof(*result->disk));
		if (!result->disk)
			return -ENOMEM;
		kt_blk_get_counters(machine->disk, result->disk);
	}
	if (machine->network) {
		result->network = malloc(sizeof(*result->network));
		if (!result->network)
			return -ENOMEM;
		kt_net_get_counters(machine->network, result->network);
	}
	return 0;
}

int kt_run_result(struct kt_run *run, struct ktstr_vm_result **ret,
		  struct ktstr_error *err)
{
	_cleanup_(ktstr_vm_result_free_cleanup) struct ktstr_vm_result *result =
		calloc(1, sizeof(*result));
	struct kt_session *session = &run->session;

	if (!result)
		return kt_err_errno(err, -ENOMEM, "no memory for a result");
	result->exit_code = session->exited ? session->exit_code : -1;
	result->success = session->exited && session->exit_code == 0;
	result->started_ns = run->start_ns;
	result->duration_ns = run->end_ns - run->start_ns;
	result->timed_out = run->timed_out;
	result->stopped = run->stopped;
	result->ready = session->ready;
	result->timings = run->timings;
	if (session->ready)
		result->timings.boot_ns = session->ready_ns - run->first_run_ns;
	result->console = console_text(run, &result->console_bytes);
	result->output = kt_excerpt_steal(&session->kept, &result->output_bytes,
					  &result->output_lost_bytes);
	result->output_error = kt_session_output_error(session);
	if (!result->console || !result->output)
		return kt_err_errno(err, -ENOMEM, "no memory for a result");
	if (run->machine) {
		result->wire_error = kt_session_wire_error(
			session, !run->timed_out && !run->stopped);
		read_crash(run, result);
		read_stats(run, result);
		if (read_steal(run, result) || read_devices(run, result))
			return kt_err_errno(err, -ENOMEM,
					    "no memory for a result");
	}
	kt_session_take_events(session, &result->events, &result->n_events);
	result->n_events_lost = session->n_events_lost;
	result->n_steal_samples = session->n_steal_samples;
	result->steal_error_ns = session->steal_error_ns;
	result->state = TAKE_PTR(run->state);
	result->test_result = TAKE_PTR(session->test_result);
	if (session->scheduler_log.length)
		result->scheduler_log = kt_strbuf_steal(&session->scheduler_log);
	result->kernel_addresses = TAKE_PTR(session->addresses);
	result->n_kernel_addresses = session->n_addresses;
	result->monitor = TAKE_PTR(run->report);
	result->image_error = TAKE_PTR(run->image_error);
	session->n_addresses = 0;
	*ret = TAKE_PTR(result);
	return 0;
}

void ktstr_vm_result_free(struct ktstr_vm_result *result)
{
	if (!result)
		return;
	free(result->console);
	free(result->output);
	free(result->crash);
	free(result->wire_error);
	free(result->state);
	free(result->test_result);
	free(result->scheduler_log);
	for (size_t i = 0; i < result->n_kernel_addresses; i++)
		free(result->kernel_addresses[i].name);
	free(result->kernel_addresses);
	free(result->kvm_stats);
	kt_events_free(result->events, result->n_events);
	free(result->vcpu_steal);
	free(result->disk);
	free(result->network);
	kt_monitor_report_free(result->monitor);
	free(result->image_error);
	free(result);
}
