/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * What ended a guest, put together from what several witnesses saw. Pure.
 */

#include <stdbool.h>

#include "base/strbuf.h"
#include "vmm/end.h"

/* Texts are NULL or "" where a witness has nothing to say. */
struct kt_crash_evidence {
	const struct kt_end *end;
	bool ready;          /* init had come up */
	bool exited;         /* init had reported an exit code */
	bool cut_short;      /* the host ended it: timeout or stop */
	const char *kernel;  /* COM1 */
	const char *last;    /* COM2: the last words of init */
	const char *reports; /* crash frames */
	const char *dmesg;   /* kernel messages that init passed on */
};

/* How much of the kernel's log goes behind the reason. */
#define KT_CRASH_TAIL_BYTES 4096

/*
 * One or more lines: the reason, then the end of the kernel's log. NULL when
 * nothing crashed (or memory ran out); caller frees. Control characters of the
 * guest come out as dots, so that the text may go to a terminal.
 */
char *kt_crash_text(const struct kt_crash_evidence *evidence);

/*
 * Whether nobody knows more than that the guest restarted or powered off: what
 * its init does, too, when the host does not hear it.
 */
bool kt_crash_is_restart(const struct kt_crash_evidence *evidence);

/*
 * Appends a heading and the last KT_CRASH_TAIL_BYTES of the log, in whole
 * lines and as safe for a terminal; nothing where the log is NULL or "".
 */
void kt_crash_add_tail(struct kt_strbuf *sb, const char *log);
