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
#include "vmm/config.h"
#include "wire/decoder.h"

enum kt_session_stream {
	KT_SESSION_OUTPUT,
	KT_SESSION_ERROR,
	KT_SESSION_STREAMS,
};

/* Of crash texts and kernel messages, each. */
#define KT_SESSION_TEXT_MAX (64u * 1024)

struct kt_session {
	const struct kt_config *config; /* borrowed */
	struct kt_console *console;     /* borrowed */
	bool shell;

	struct kt_frame_decoder decoder;
	struct kt_strbuf to_guest; /* frames that the console has yet to take */
	bool input_open;
	struct kt_stream streams[KT_SESSION_STREAMS];
	struct kt_strbuf kept; /* output that nobody reads as it comes */

	bool ready;
	uint64_t ready_ns; /* kt_now_ns() when the ready frame was seen */
	bool exited;
	int32_t exit_code;
	uint64_t bad_frames;
	struct kt_strbuf crash;
	struct kt_strbuf dmesg;
	char *test_result; /* of the last such frame; NULL: none came */
	struct kt_strbuf scheduler_log;
	struct ktstr_kernel_address *addresses;
	size_t n_addresses;
};

/* For kt_console_create(), with the session as userdata. */
extern const struct kt_console_callbacks kt_session_callbacks;

void kt_session_init(struct kt_session *session, const struct kt_config *config);
void kt_session_deinit(struct kt_session *session);

/* Hands over the console, once there is one, and queues the first frames. */
void kt_session_attach(struct kt_session *session, struct kt_console *console);

/* The descriptors to wait for; those not of interest are -1. */
#define KT_SESSION_FDS (1 + KT_SESSION_STREAMS)
void kt_session_poll(const struct kt_session *session,
		     struct pollfd fds[KT_SESSION_FDS]);
void kt_session_polled(struct kt_session *session,
		       const struct pollfd fds[KT_SESSION_FDS]);

/* Output of the guest that its readers have not taken yet. */
bool kt_session_has_pending(const struct kt_session *session);

void kt_session_resize(struct kt_session *session, uint16_t columns,
		       uint16_t rows);
