// SPDX-License-Identifier: GPL-2.0-only
#include "guest/kmsg_watch.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"

#define KMSG_WATCH_BATCH        64
#define KMSG_WATCH_LINE_MS      1000
#define KMSG_WATCH_VMSTAT_BYTES (64 * KT_KIB)

void kt_kmsg_watch_init(struct kt_kmsg_watch *watch, struct kt_link *link,
			int kmsg_fd, const char *vmstat_path)
{
	*watch = (struct kt_kmsg_watch){
		.link = link,
		.kmsg_fd = kmsg_fd,
		.vmstat_path = vmstat_path,
	};
}

static void kmsg_watch_report_kill(struct kt_kmsg_watch *watch,
				   const struct kt_kmsg_record *record)
{
	_cleanup_strbuf_ struct kt_strbuf text = {0};

	if (watch->reported)
		return;
	watch->reported = true;
	kt_strbuf_add(&text, "the guest ran out of memory: ");
	kt_strbuf_add_bytes(&text, record->text, record->length);
	kt_strbuf_add(&text, "\nthe end of its kernel log:\n");
	kt_strbuf_add_bytes(&text, watch->tail.text, watch->tail.length);
	(void)kt_link_send_text(watch->link, KT_FRAME_CRASH,
				kt_strbuf_text(&text));
}

static void kmsg_watch_take(struct kt_kmsg_watch *watch,
			    const struct kt_kmsg_record *record)
{
	_cleanup_strbuf_ struct kt_strbuf line = {0};

	kt_kmsg_format(record, &line);
	if (kt_strbuf_failed(&line))
		return;
	kt_kmsg_tail_add(&watch->tail, line.data, line.length);
	if (record->facility == 0 && record->level <= KT_KMSG_WARNING)
		(void)kt_link_send(watch->link, KT_FRAME_DMESG, line.data,
				   line.length);
	if (kt_kmsg_is_kill(record))
		watch->kills++;
	if (kt_kmsg_is_oom_kill(record))
		kmsg_watch_report_kill(watch, record);
}

void kt_kmsg_watch_read(struct kt_kmsg_watch *watch)
{
	struct kt_kmsg_record record;
	char text[160];
	int r = 1;

	for (int i = 0; i < KMSG_WATCH_BATCH && watch->kmsg_fd >= 0 && r > 0;
	     i++) {
		r = kt_kmsg_read(watch->kmsg_fd, watch->record,
				 sizeof(watch->record), &record);
		if (r > 0)
			kmsg_watch_take(watch, &record);
	}
	if (r < 0) {
		watch->kmsg_fd = -1;
		snprintf(text, sizeof(text),
			 "cannot follow the kernel's log: %s", strerror(-r));
		(void)kt_link_send_text(watch->link, KT_FRAME_LIFECYCLE, text);
	}
}

static uint64_t kmsg_watch_count_kills(const struct kt_kmsg_watch *watch)
{
	_cleanup_free_ char *vmstat = NULL;

	if (kt_read_file(watch->vmstat_path, KMSG_WATCH_VMSTAT_BYTES, &vmstat,
			 NULL) < 0)
		return 0;
	return kt_vmstat_value(vmstat, "oom_kill");
}

void kt_kmsg_watch_await_kill(struct kt_kmsg_watch *watch)
{
	const uint64_t deadline = kt_now_ns() + KMSG_WATCH_LINE_MS * 1000000ull;
	const uint64_t kills = kmsg_watch_count_kills(watch);

	while (watch->kills < kills && watch->kmsg_fd >= 0) {
		struct pollfd poll_fd = {
			.fd = watch->kmsg_fd,
			.events = POLLIN,
		};
		uint64_t now = kt_now_ns();

		if (now >= deadline)
			return;
		(void)poll(&poll_fd, 1, (int)((deadline - now) / 1000000u) + 1);
		kt_kmsg_watch_read(watch);
	}
}
