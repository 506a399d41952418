/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The conversation with a guest's init over the console's two ports: frames in
 * and out, the command's or the terminal's bytes, and what the guest told about
 * itself. The guest is not trusted: every frame is checked, and what it can
 * make the host keep is bounded.
 *
 * Belongs to the event loop's thread.
 */

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include <ktstr/vm.h>

#include "base/stream.h"
#include "device/virtio/console.h"
#include "monitor/kernel_symbols.h"
#include "vmm/config.h"
#include "vmm/event.h"
#include "vmm/guest_clock.h"
#include "wire/decoder.h"

enum kt_session_stream {
	KT_SESSION_OUTPUT,
	KT_SESSION_ERROR,
	KT_SESSION_STREAMS,
};

/* Of crash texts and kernel messages, each. */
#define KT_SESSION_TEXT_MAX (64u * 1024)

/* A sample of steal whose time is less sure than this is not sent. */
#define KT_SESSION_STEAL_ERROR_MAX_NS 50000000ULL

struct kt_session {
	const struct kt_config *config; /* borrowed */
	struct kt_console *console;     /* borrowed */
	bool shell;

	struct kt_frame_decoder decoder;
	struct kt_strbuf to_guest; /* frames that the console has yet to take */
	bool input_open;
	struct kt_stream streams[KT_SESSION_STREAMS];
	struct kt_excerpt kept; /* output that nobody reads as it comes */

	bool ready;
	uint64_t ready_ns; /* kt_now_ns() when the ready frame was seen */
	bool exited;
	int32_t exit_code;
	struct kt_frame bad_frame; /* the first, without its payload */
	uint64_t n_bad_frames;     /* whose checksum is wrong */
	uint64_t n_bad_exits;      /* exit codes that are no number */
	struct kt_strbuf crash;
	struct kt_strbuf dmesg;
	char *test_result; /* of the last such frame; NULL: none came */
	uint64_t n_test_results;

	struct kt_guest_clock clock;
	struct kt_events events;
	uint64_t n_events_lost;
	bool measured;          /* the guest has asked for samples of steal */
	bool steal_wanted;      /* one at once; until kt_session_send_steal() */
	struct kt_strbuf steal; /* records to be sent */
	uint64_t n_steal_noted; /* so many */
	uint64_t n_steal_samples; /* that were sent */
	uint64_t steal_guest_ns;  /* the last one's time */
	uint64_t steal_error_ns;  /* the greatest of any */

	struct kt_strbuf scheduler_log;
	bool scheduler_attached; /* the guest has said so */
	struct ktstr_kernel_address *addresses; /* that the caller wants */
	size_t n_addresses;
	struct kt_kernel_symbols symbols; /* that the monitor wants */
	bool has_symbols;                 /* all that the guest has to say */
};

/* For kt_console_create(), with the session as userdata. */
extern const struct kt_console_callbacks kt_session_callbacks;

void kt_session_init(struct kt_session *session, const struct kt_config *config);
void kt_session_deinit(struct kt_session *session);

/* Hands over the console, once there is one, and queues the first frames. */
void kt_session_attach(struct kt_session *session, struct kt_console *console);

/*
 * What the guest sent that its init would not have, in words, or NULL; caller
 * frees. `at_end`: the guest has ended by itself.
 */
char *kt_session_wire_error(const struct kt_session *session, bool at_end);

/* Lets the guest's workload start, or says why that is not to be; once. */
void kt_session_go(struct kt_session *session, const char *why_not);

/* The descriptors to wait for; those not of interest are -1. */
#define KT_SESSION_FDS (1 + KT_SESSION_STREAMS)
void kt_session_poll(const struct kt_session *session,
		     struct pollfd fds[KT_SESSION_FDS]);
void kt_session_polled(struct kt_session *session,
		       const struct pollfd fds[KT_SESSION_FDS]);

/* Output of the guest that its readers have not taken yet. */
bool kt_session_has_pending(const struct kt_session *session);

/*
 * 0, or the -errno for which a stream does not take output: a full disk. A
 * reader that is gone is none.
 */
int kt_session_output_error(const struct kt_session *session);

void kt_session_resize(struct kt_session *session, uint16_t columns,
		       uint16_t rows);

/*
 * Notes for the guest what was stolen of each of its `n` CPUs, read between
 * those two moments of kt_now_ns(). There is a sample less where it is not
 * known well enough what time the guest had then.
 */
void kt_session_add_steal(struct kt_session *session, uint64_t began_ns,
			  uint64_t ended_ns, const uint64_t *stolen_ns, size_t n);

/*
 * Sends what was noted, and asks the guest for its time where that pays. What a
 * guest that takes nothing was to have is dropped. Whether something went.
 */
bool kt_session_send_steal(struct kt_session *session);

/* Hands over the events, placed on the host's clock as far as can be. */
void kt_session_take_events(struct kt_session *session,
			    struct ktstr_vm_event **ret, size_t *ret_n);
