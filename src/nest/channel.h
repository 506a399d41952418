/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Messages between the three programs of a nested run, over byte streams that
 * lose nothing: client and supervisor over a Unix socket, supervisor and agent
 * over a virtio-serial port. Host and guest are the same machine type, so
 * integers are in native order. Compiled into both sides.
 *
 *	| type u32 | session u32 | length u32 | zero u32 | payload ... |
 *
 *	client            supervisor               agent
 *	   |  connect         |                      |
 *	   | <------- HELLO   |                      |
 *	   |                  | <------------- READY |  the machine is up
 *	   | <------- READY   |                      |
 *	   | START ---------> | START -------------> |  fork, exec
 *	   | INPUT, SIGNAL -> | ---------------------> ...
 *	   | <----------------|-- OUTPUT, ERRORS --- |
 *	   | GRANT ---------> | -------------------> |  more may be sent
 *	   | <----------------|------------- STOPPED |  and so does the client
 *	   | <------- EXIT    | <-------------- EXIT |
 *
 * Data streams have a window of KT_NEST_WINDOW bytes each; GRANT gives back
 * what the receiver has passed on. So no side ever holds more than that for a
 * reader that does not read.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Changes whenever the messages do: it is part of the socket's name. */
#define KT_NEST_PROTOCOL 4

#define KT_NEST_PORT        "ktstr.nest" /* the virtio-serial port's name */
#define KT_NEST_TAG         "ktstr.host" /* the virtiofs tag of the host's tree */
#define KT_NEST_WINDOW      (256u * 1024)
#define KT_NEST_CHUNK       (64u * 1024)       /* data messages hold no more */
#define KT_NEST_PAYLOAD_MAX (8u * 1024 * 1024) /* START is the long one */

enum kt_nest_type {
	KT_NEST_HELLO = 1, /* supervisor: accepted; struct kt_nest_hello */
	KT_NEST_NOTICE,    /* supervisor: a line for the user */
	KT_NEST_READY,     /* the machine is up */
	KT_NEST_FAIL,      /* it will not be up, or died: why */
	KT_NEST_START,     /* struct kt_nest_start and strings */
	KT_NEST_INPUT,     /* bytes for the command's standard input */
	KT_NEST_INPUT_END,
	KT_NEST_OUTPUT,   /* bytes of its standard output */
	KT_NEST_ERRORS,   /* bytes of its standard error */
	KT_NEST_TERMINAL, /* bytes that it wrote to its terminal */
	KT_NEST_GRANT,    /* struct kt_nest_grant */
	KT_NEST_BROKEN,   /* u32: the stream whose reader is gone */
	KT_NEST_SIGNAL,   /* u32 */
	KT_NEST_RESIZE,   /* struct kt_nest_size */
	KT_NEST_STOPPED,  /* the command is, until SIGCONT */
	KT_NEST_EXIT,     /* u32: the status as wait() gives it */
	KT_NEST_KILL,     /* supervisor: the client is gone, end its command */
	KT_NEST_PING,     /* supervisor */
	KT_NEST_PONG,     /* agent */
};

struct kt_nest_header {
	uint32_t type;
	uint32_t session; /* of the agent; clients leave it 0 */
	uint32_t length;
	uint32_t zero;
};

struct kt_nest_size {
	uint16_t rows;
	uint16_t columns;
};

/*
 * How many commands the machine had when this client came, those of clients
 * that came before and wait to start theirs included. So of several that come
 * at the same time one only is told 0.
 */
struct kt_nest_hello {
	uint32_t others;
};

/* `stream` is the type of the data messages that it is about. */
struct kt_nest_grant {
	uint32_t stream;
	uint32_t bytes;
};

#define KT_NEST_TERMIOS_BYTES 64

/*
 * Then follow, each ended by a NUL: the directory, n_args arguments and n_env
 * "NAME=value"; before them n_groups u32.
 */
struct kt_nest_start {
	uint32_t uid;
	uint32_t gid;
	uint32_t umask;
	uint32_t n_groups;
	uint32_t n_args;
	uint32_t n_env;
	/* Which of the standard streams (bits 0 to 2) are the terminal. */
	uint32_t terminal_streams;
	/* The client passes keys and translations on untouched: its terminal
	 * is raw, this one cooks. Else the client's cooks, and this is raw. */
	uint32_t terminal_cooks;
	struct kt_nest_size size;
	uint8_t termios[KT_NEST_TERMIOS_BYTES]; /* struct termios */
};

/* One end of a stream. The descriptor is borrowed and non-blocking. */
struct kt_nest_channel {
	int fd;
	bool ended;  /* all is read: the other side closed, or an error */
	bool broken; /* nothing can be sent; there may be more to read */
	uint8_t *in;
	size_t in_start;
	size_t in_end;
	size_t in_room;
	uint8_t *out;
	size_t out_start;
	size_t out_end;
	size_t out_room;
};

void kt_nest_channel_init(struct kt_nest_channel *channel, int fd);
void kt_nest_channel_deinit(struct kt_nest_channel *channel);

/*
 * Queues one message and writes what can be written at once. -ENOMEM; a stream
 * that takes nothing any more is no error here: `broken` says so, and what was
 * queued is forgotten. What the other side sent before can still be read.
 */
int kt_nest_channel_send(struct kt_nest_channel *channel, enum kt_nest_type type,
			 uint32_t session, const void *data, size_t length);

/* Writes what is queued; to be called when the descriptor is writable. */
void kt_nest_channel_flush(struct kt_nest_channel *channel);
bool kt_nest_channel_has_output(const struct kt_nest_channel *channel);

/* Takes in what has come, without waiting. -ENOMEM. */
int kt_nest_channel_fill(struct kt_nest_channel *channel);

/*
 * The next whole message, 1; 0 when there is none yet; -EPROTO when the stream
 * holds nonsense. `ret_payload` stays valid until the next fill.
 */
int kt_nest_channel_next(struct kt_nest_channel *channel,
			 struct kt_nest_header *ret, const uint8_t **ret_payload);
