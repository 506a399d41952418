// SPDX-License-Identifier: GPL-2.0-only
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/stream.h"
#include "cli/message.h"
#include "cli/terminal.h"

/* How long a message waits for whoever reads it. */
#define READER_NS 1000000000ULL
#define NS_PER_MS 1000000ULL

static struct {
	pthread_mutex_t lock;
	struct kt_stream stream;
	bool open;
	bool stalled; /* the last wait for the reader was in vain */
	uint64_t lost;
} message = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* There is nobody left to tell when this fails. */
static void write_out(uint64_t patience_ns)
{
	uint64_t end = kt_now_ns() + patience_ns;

	while (kt_stream_pending(&message.stream)) {
		struct pollfd reader = { message.stream.fd, POLLOUT, 0 };
		uint64_t now = kt_now_ns();

		if (poll(&reader, 1,
			 now < end ? (int)((end - now) / NS_PER_MS) : 0) > 0) {
			kt_stream_flush(&message.stream);
		} else if (kt_now_ns() >= end) {
			message.stalled = true;
			return;
		}
	}
	message.stalled = false;
}

static void tell_losses(void)
{
	_cleanup_strbuf_ struct kt_strbuf sb = { 0 };

	kt_strbuf_addf(&sb,
		       "ktstr: warning: %llu messages are lost: nobody read "
		       "standard error%s",
		       (unsigned long long)message.lost,
		       kt_terminal_is_raw() ? "\r\n" : "\n");
	kt_stream_put(&message.stream, kt_strbuf_text(&sb), sb.length);
	message.lost = 0;
}

static void write_the_rest(void)
{
	pthread_mutex_lock(&message.lock);
	if (message.lost)
		tell_losses();
	write_out(READER_NS);
	kt_stream_deinit(&message.stream);
	message.open = false;
	pthread_mutex_unlock(&message.lock);
}

static void open_stream(void)
{
	static bool registered;

	if (!registered)
		atexit(write_the_rest);
	registered = true;
	kt_stream_init(&message.stream, STDERR_FILENO, NULL);
	message.open = true;
}

void kt_message_print(const char *text, size_t length)
{
	pthread_mutex_lock(&message.lock);
	if (!message.open)
		open_stream();
	/* A disk that was full need not be any more. */
	message.stream.closed = false;
	if (kt_stream_is_full(&message.stream))
		write_out(0);
	if (kt_stream_is_full(&message.stream)) {
		message.lost++;
	} else {
		if (message.lost)
			tell_losses();
		kt_stream_put(&message.stream, text, length);
		write_out(message.stalled ? 0 : READER_NS);
	}
	pthread_mutex_unlock(&message.lock);
}
