// SPDX-License-Identifier: GPL-2.0-only
#include "guest/sched_ext.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "guest/kmsg.h"

#define ATTRIBUTE_MAX_BYTES (64 * KT_KIB) /* what sysfs announces, at most */
#define RECORD_BYTES        (16u * 1024)
#define LOG_MAX_BYTES       2048

static int read_attribute(const char *directory, const char *name, char *ret,
			  size_t size)
{
	_cleanup_free_ char *path = kt_path_join(directory, name);
	_cleanup_free_ char *text = NULL;
	int r;

	if (!path)
		return -ENOMEM;
	r = kt_read_file(path, ATTRIBUTE_MAX_BYTES, &text, NULL);
	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	snprintf(ret, size, "%s", text);
	return 0;
}

int kt_sched_ext_read(const char *directory, struct kt_sched_ext *ret)
{
	struct kt_sched_ext state = { 0 };
	int r = read_attribute(directory, "state", state.state,
			       sizeof(state.state));

	if (r < 0)
		return r;
	/* "root" is there while a scheduler is; it can go at any moment. */
	(void)read_attribute(directory, "root/ops", state.ops, sizeof(state.ops));
	*ret = state;
	return 0;
}

bool kt_sched_ext_is_attached(const struct kt_sched_ext *state)
{
	return strcmp(state->state, "enabled") == 0 && state->ops[0];
}

void kt_sched_ext_read_log(int kmsg_fd, struct kt_strbuf *ret)
{
	static const char prefix[] = "sched_ext: ";
	_cleanup_free_ char *buffer = malloc(RECORD_BYTES);
	struct kt_kmsg_record record;
	const char *newline;

	if (!buffer)
		return;
	while (kmsg_fd >= 0 &&
	       kt_kmsg_read(kmsg_fd, buffer, RECORD_BYTES, &record) > 0) {
		if (record.facility != 0 || record.length < strlen(prefix) ||
		    memcmp(record.text, prefix, strlen(prefix)) != 0)
			continue;
		kt_strbuf_add_bytes(ret, record.text, record.length);
		kt_strbuf_add_char(ret, '\n');
		while (ret->length > LOG_MAX_BYTES &&
		       (newline = memchr(ret->data, '\n', ret->length - 1)))
			kt_strbuf_drop(ret, (size_t)(newline - ret->data) + 1);
	}
}
