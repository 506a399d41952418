// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "base/strbuf.h"
#include "vmm/crash.h"

#define PANIC_MARK "Kernel panic - not syncing: "

/* Init's reports use the same words. */
#define TAIL_HEADING "the end of its kernel log:\n"

static bool has(const char *text)
{
	return text && *text;
}

static void add_safe(struct kt_strbuf *sb, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '\r')
			continue;
		kt_strbuf_add_char(sb, (c < 0x20 && c != '\n' && c != '\t') ||
						       c == 0x7f ?
					       '.' :
					       (char)c);
	}
}

static void end_line(struct kt_strbuf *sb)
{
	if (sb->length && sb->data[sb->length - 1] != '\n')
		kt_strbuf_add_char(sb, '\n');
}

/* The panic's own line, wherever it was printed. */
static bool add_panic(struct kt_strbuf *sb, const char *log)
{
	const char *mark = has(log) ? strstr(log, PANIC_MARK) : NULL;

	if (!mark)
		return false;
	mark += strlen(PANIC_MARK);
	kt_strbuf_add(sb, "the guest's kernel panicked: ");
	add_safe(sb, mark, strcspn(mark, "\r\n"));
	end_line(sb);
	return true;
}

static bool add_end(struct kt_strbuf *sb, const struct kt_crash_evidence *e)
{
	switch (e->end->kind) {
	case KT_END_TRIPLE_FAULT:
	case KT_END_KVM_FAILED:
		add_safe(sb, e->end->text, strlen(e->end->text));
		end_line(sb);
		return true;
	case KT_END_RESET:
	case KT_END_POWER_OFF:
		kt_strbuf_addf(sb, "the guest %s before its init %s\n",
			       e->end->kind == KT_END_RESET ? "restarted" :
							      "powered off",
			       e->ready ? "reported an exit code" :
					  "had come up");
		return true;
	case KT_END_NONE:
		break;
	}
	return false;
}

void kt_crash_add_tail(struct kt_strbuf *sb, const char *log)
{
	size_t length, from = 0;

	if (!has(log))
		return;
	length = strlen(log);
	if (length > KT_CRASH_TAIL_BYTES) {
		const char *line;

		from = length - KT_CRASH_TAIL_BYTES;
		line = strchr(log + from, '\n');
		if (line && line[1])
			from = (size_t)(line + 1 - log);
	}
	kt_strbuf_add(sb, TAIL_HEADING);
	add_safe(sb, log + from, length - from);
	end_line(sb);
}

bool kt_crash_is_restart(const struct kt_crash_evidence *e)
{
	bool ended_itself = e->end->kind == KT_END_RESET ||
			    e->end->kind == KT_END_POWER_OFF;
	bool told = has(e->reports) || has(e->last) ||
		    (has(e->kernel) && strstr(e->kernel, PANIC_MARK));

	return ended_itself && !told && !e->exited && !e->cut_short;
}

char *kt_crash_text(const struct kt_crash_evidence *e)
{
	_cleanup_strbuf_ struct kt_strbuf sb = {};
	bool told = false;

	if (has(e->reports)) {
		add_safe(&sb, e->reports, strlen(e->reports));
		end_line(&sb);
		told = true;
	}
	/* Init says the same by COM2, which works when frames may not. */
	if (has(e->last) && !(told && strstr(e->reports, e->last))) {
		add_safe(&sb, e->last, strlen(e->last));
		end_line(&sb);
		told = true;
	}
	/* A guest that ended well may have said anything in its log. */
	if (!e->exited && add_panic(&sb, e->kernel))
		told = true;
	/* Without a word from the guest, what the machine saw has to do. */
	if (!told && !e->exited && !e->cut_short)
		told = add_end(&sb, e);
	if (!told)
		return NULL;
	/* Where init has told the log's end itself, that will do. */
	if (!strstr(kt_strbuf_text(&sb), TAIL_HEADING))
		kt_crash_add_tail(&sb, has(e->kernel) ? e->kernel : e->dmesg);
	return kt_strbuf_steal(&sb);
}
