// SPDX-License-Identifier: GPL-2.0-only
#include "guest/kmsg.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/macro.h"

static bool kmsg_number(const char **at, const char *end, uint64_t *ret)
{
	const char *p = *at;
	uint64_t value = 0;

	for (; p < end && *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, *p - '0', &value))
			return false;
	if (p == *at)
		return false;
	*at = p;
	*ret = value;
	return true;
}

/*
 * "6,339,5140900,-;text" and a newline; then lines that begin with a space and
 * name the device. More fields may come before the semicolon.
 */
int kt_kmsg_parse(const char *record, size_t length, struct kt_kmsg_record *ret)
{
	const char *end = record + length;
	const char *at = record;
	const char *text, *newline;
	uint64_t priority, sequence, time_us;

	if (!kmsg_number(&at, end, &priority) || at == end || *at++ != ',' ||
	    !kmsg_number(&at, end, &sequence) || at == end || *at++ != ',' ||
	    !kmsg_number(&at, end, &time_us))
		return -EINVAL;
	text = memchr(at, ';', (size_t)(end - at));
	if (!text)
		return -EINVAL;
	text++;
	newline = memchr(text, '\n', (size_t)(end - text));
	*ret = (struct kt_kmsg_record){
		.level = priority & 7,
		.facility = (unsigned int)(priority >> 3),
		.sequence = sequence,
		.time_us = time_us,
		.text = text,
		.length = (size_t)((newline ? newline : end) - text),
	};
	return 0;
}

void kt_kmsg_format(const struct kt_kmsg_record *record, struct kt_strbuf *ret)
{
	kt_strbuf_addf(ret, "[%5" PRIu64 ".%06" PRIu64 "] ",
		       record->time_us / 1000000, record->time_us % 1000000);
	kt_strbuf_add_bytes(ret, record->text, record->length);
	kt_strbuf_add_char(ret, '\n');
}

static bool kmsg_text_has(const struct kt_kmsg_record *record, const char *part)
{
	return record->facility == 0 &&
	       memmem(record->text, record->length, part, strlen(part));
}

bool kt_kmsg_is_oom_kill(const struct kt_kmsg_record *record)
{
	static const char start[] = "Out of memory";

	return kt_kmsg_is_kill(record) && record->length >= strlen(start) &&
	       memcmp(record->text, start, strlen(start)) == 0;
}

bool kt_kmsg_is_kill(const struct kt_kmsg_record *record)
{
	return kmsg_text_has(record, "Killed process ");
}

void kt_kmsg_tail_add(struct kt_kmsg_tail *tail, const char *line, size_t length)
{
	size_t drop = 0;

	if (length > sizeof(tail->text)) {
		memcpy(tail->text, line, sizeof(tail->text) - 1);
		tail->text[sizeof(tail->text) - 1] = '\n';
		tail->length = sizeof(tail->text);
		return;
	}
	while (tail->length - drop + length > sizeof(tail->text)) {
		const char *newline =
			memchr(tail->text + drop, '\n', tail->length - drop);

		drop = newline ? (size_t)(newline - tail->text) + 1
			       : tail->length;
	}
	tail->length -= drop;
	memmove(tail->text, tail->text + drop, tail->length);
	memcpy(tail->text + tail->length, line, length);
	tail->length += length;
}

uint64_t kt_vmstat_value(const char *vmstat, const char *name)
{
	const size_t length = strlen(name);

	for (const char *line = vmstat; line && *line;) {
		const char *newline = strchr(line, '\n');

		if (strncmp(line, name, length) == 0 && line[length] == ' ')
			return strtoull(line + length + 1, NULL, 10);
		line = newline ? newline + 1 : NULL;
	}
	return 0;
}

int kt_kmsg_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int kt_kmsg_read(int fd, char *buffer, size_t size, struct kt_kmsg_record *ret)
{
	for (;;) {
		ssize_t n = read(fd, buffer, size);

		/* EPIPE: overwritten before we came; the next read goes on
		 * with the oldest that is left. */
		if (n < 0 && (errno == EINTR || errno == EPIPE))
			continue;
		if (n < 0 && errno != EAGAIN)
			return -errno;
		if (n <= 0)
			return 0;
		if (kt_kmsg_parse(buffer, (size_t)n, ret) == 0)
			return 1;
	}
}
