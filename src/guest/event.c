// SPDX-License-Identifier: GPL-2.0-only
#include "guest/event.h"

#include <fcntl.h>
#include <jansson.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"

KT_DEFINE_CLEANUP(json_t *, json_decref)

/* JSON is UTF-8; what is not shows as question marks. */
static json_t *event_text(const char *text)
{
	_cleanup_free_ char *plain = NULL;
	json_t *string = json_string(text);

	if (string)
		return string;
	plain = strdup(text);
	for (char *at = plain; at && *at; at++) {
		if ((unsigned char)*at >= 0x80)
			*at = '?';
	}
	return plain ? json_string(plain) : NULL;
}

static char *event_line(const char *kind, const char *step, const char *detail,
			uint64_t monotonic_ns)
{
	_cleanup_(json_decref_cleanup) json_t *event =
		json_pack("{s:o, s:o, s:o, s:I}", "kind", event_text(kind),
			  "step", event_text(step), "detail", event_text(detail),
			  "monotonic_ns", (json_int_t)monotonic_ns);
	_cleanup_free_ char *text =
		event ? json_dumps(event, JSON_COMPACT) : NULL;
	_cleanup_strbuf_ struct kt_strbuf line = { 0 };

	if (!text)
		return NULL;
	kt_strbuf_addf(&line, "%s\n", text);
	return kt_strbuf_steal(&line);
}

void kt_event_send_to(const char *path, const char *kind, const char *step,
		      const char *detail, uint64_t monotonic_ns)
{
	_cleanup_close_ int fd =
		open(path, O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC);
	_cleanup_free_ char *line = NULL;

	if (fd < 0)
		return;
	line = event_line(kind, step, detail, monotonic_ns);
	if (line && strlen(line) > KT_EVENT_MAX_BYTES) {
		free(line);
		line = event_line(kind, "", "(too long)", monotonic_ns);
	}
	if (line && strlen(line) <= KT_EVENT_MAX_BYTES &&
	    write(fd, line, strlen(line)) < 0)
		return; /* a full pipe: nobody listens */
}

void kt_event_send(const char *kind, const char *step, const char *detail,
		   uint64_t monotonic_ns)
{
	kt_event_send_to(KT_GUEST_EVENTS, kind, step, detail, monotonic_ns);
}
