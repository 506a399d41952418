/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * One command inside the emulated machine, with its pipes or its terminal, in
 * a cgroup of its own: whatever it starts ends with it.
 */

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "nest/channel.h"

#define AGENT_SESSION_POLLS 3

/* A stream from the command to its client. */
struct agent_source {
	int fd;
	enum kt_nest_type type;
	uint32_t window; /* what the client still takes */
};

struct agent_session {
	uint32_t id;
	pid_t pid; /* 0 once it was reaped */
	int status;
	bool terminal; /* `input_fd` is a pty's master */
	int input_fd;  /* non-blocking; -1: closed */
	bool input_end;
	uint8_t *input; /* not yet taken by the command */
	size_t input_bytes;
	struct agent_source sources[AGENT_SESSION_POLLS];
	size_t n_sources;
};

/*
 * Starts the command that a START message describes. NULL when that is
 * malformed or there is no memory; a command that cannot be executed is one
 * that ends with 127 and says why on its standard error.
 */
struct agent_session *agent_session_start(uint32_t id, const uint8_t *payload,
					  size_t length);
void agent_session_free(struct agent_session *session);

/* A message of the client's. */
void agent_session_message(struct agent_session *session,
			   struct kt_nest_channel *channel,
			   const struct kt_nest_header *header,
			   const uint8_t *payload);

/* Ends everything that the command consists of. */
void agent_session_kill(struct agent_session *session);

/* Fills in what to wait for; returns how many entries. */
size_t agent_session_poll(const struct agent_session *session,
			  struct pollfd p[AGENT_SESSION_POLLS + 1]);
/* Acts on it: `n` as returned before. */
void agent_session_serve(struct agent_session *session,
			 struct kt_nest_channel *channel,
			 const struct pollfd *p, size_t n);

/* The command was reaped. */
void agent_session_ended(struct agent_session *session, int status);

/* All is over and said: EXIT may be sent, and the session freed. */
bool agent_session_done(const struct agent_session *session);
