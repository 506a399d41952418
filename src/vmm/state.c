// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>

#include "base/bitmap.h"
#include "base/cpulist.h"
#include "base/macro.h"
#include "base/strbuf.h"
#include "vmm/crash.h"
#include "vmm/state.h"

static const char *const activities[] = {
	[KT_STATE_UNKNOWN] = "KVM does not tell where",
	[KT_STATE_RUNNING] = "running",
	[KT_STATE_HALTED] = "halted",
	[KT_STATE_NOT_STARTED] = "not started",
};

static void add_place(struct kt_strbuf *sb, const struct kt_state_vcpu *vcpu)
{
	kt_strbuf_addf(sb, ": %s", activities[vcpu->activity]);
	if (vcpu->activity == KT_STATE_RUNNING ||
	    vcpu->activity == KT_STATE_HALTED)
		kt_strbuf_addf(sb, ", rip %016" PRIx64, vcpu->rip);
	if (vcpu->activity == KT_STATE_RUNNING)
		kt_strbuf_addf(sb, ", rsp %016" PRIx64, vcpu->rsp);
	if (vcpu->activity == KT_STATE_RUNNING ||
	    vcpu->activity == KT_STATE_HALTED)
		kt_strbuf_addf(sb, ", IF=%d, CPL %u", vcpu->interrupts,
			       vcpu->cpl);
	kt_strbuf_add_char(sb, '\n');
}

static void add_running(struct kt_strbuf *sb, const struct kt_state_evidence *e)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n_vcpus; i++) {
		if (e->vcpus[i].activity != KT_STATE_RUNNING ||
		    n++ >= KT_STATE_RUNNING_MAX)
			continue;
		kt_strbuf_addf(sb, "vCPU %zu", i);
		add_place(sb, &e->vcpus[i]);
	}
	if (n > KT_STATE_RUNNING_MAX)
		kt_strbuf_addf(sb, "%zu more vCPUs: running\n",
			       n - KT_STATE_RUNNING_MAX);
}

/* Idle vCPUs differ by their stacks, which say nothing. */
static bool same_place(const struct kt_state_vcpu *a,
		       const struct kt_state_vcpu *b)
{
	if (a->activity != b->activity || a->activity != KT_STATE_HALTED)
		return a->activity == b->activity;
	return a->rip == b->rip && a->interrupts == b->interrupts &&
	       a->cpl == b->cpl;
}

/* All vCPUs, from `first` on, that are at its place; moves them to `told`. */
static void add_place_of(struct kt_strbuf *sb, const struct kt_state_evidence *e,
			 size_t first, struct kt_bitmap *told)
{
	_cleanup_bitmap_ struct kt_bitmap here = {};

	for (size_t i = first; i < e->n_vcpus; i++) {
		if (!same_place(&e->vcpus[i], &e->vcpus[first]))
			continue;
		if (kt_bitmap_set(&here, i) || kt_bitmap_set(told, i)) {
			sb->failed = true;
			return;
		}
	}
	kt_strbuf_add(sb, kt_bitmap_count(&here) > 1 ? "vCPUs " : "vCPU ");
	kt_cpulist_print(sb, &here);
	add_place(sb, &e->vcpus[first]);
}

static void add_waiting(struct kt_strbuf *sb, const struct kt_state_evidence *e)
{
	_cleanup_bitmap_ struct kt_bitmap told = {};
	size_t places = 0, untold = 0;

	for (size_t i = 0; i < e->n_vcpus && !kt_strbuf_failed(sb); i++) {
		if (e->vcpus[i].activity == KT_STATE_RUNNING ||
		    kt_bitmap_test(&told, i))
			continue;
		if (places++ < KT_STATE_PLACES_MAX)
			add_place_of(sb, e, i, &told);
		else
			untold++;
	}
	if (untold)
		kt_strbuf_addf(sb, "%zu more vCPUs: not running\n", untold);
}

static void add_ports(struct kt_strbuf *sb, const struct kt_console_state *c)
{
	static const char *const names[KT_CONSOLE_PORTS] = {
		[KT_CONSOLE_PORT_HVC] = "hvc0",
		[KT_CONSOLE_PORT_WIRE] = KT_CONSOLE_WIRE_NAME,
	};

	kt_strbuf_addf(sb, "console: status %#x, interrupts unacknowledged %#x\n",
		       c->status, c->interrupt_status);
	for (size_t i = 0; i < KT_CONSOLE_PORTS; i++)
		kt_strbuf_addf(sb,
			       "port %s: %s, %" PRIu64
			       " bytes read, %zu of them not taken, %zu wait "
			       "for the guest\n",
			       names[i], c->ports[i].open ? "open" : "not open",
			       c->ports[i].read_bytes,
			       c->ports[i].undelivered_bytes,
			       c->ports[i].unsent_bytes);
}

static void add_queues(struct kt_strbuf *sb, const struct kt_console_state *c)
{
	for (size_t i = 0; i < KT_CONSOLE_QUEUES; i++) {
		const struct kt_virtqueue_state *q = &c->queues[i].state;

		kt_strbuf_addf(sb, "queue %s: ", c->queues[i].name);
		if (!q->ready) {
			kt_strbuf_add(sb, "not set up\n");
			continue;
		}
		kt_strbuf_addf(sb,
			       "%u of %u chains not taken, %u used without an "
			       "interrupt",
			       q->waiting, q->size, q->unweighed);
		if (q->event_idx)
			kt_strbuf_addf(sb, ", %u past the driver's event index",
				       q->unseen);
		kt_strbuf_add_char(sb, '\n');
	}
}

char *kt_state_text(const struct kt_state_evidence *e)
{
	_cleanup_strbuf_ struct kt_strbuf sb = {};

	add_running(&sb, e);
	add_waiting(&sb, e);
	kt_strbuf_addf(&sb, "init: %s, %s\n",
		       e->ready ? "had come up" : "had not come up",
		       e->exited ? "had reported an exit code" :
				   "had reported no exit code");
	add_ports(&sb, e->console);
	add_queues(&sb, e->console);
	kt_crash_add_tail(&sb, e->kernel);
	return kt_strbuf_steal(&sb);
}
