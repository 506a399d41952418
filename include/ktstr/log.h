/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KTSTR_LOG_H
#define KTSTR_LOG_H

/*
 * Where the library's notes go. It never prints: it hands each message to the
 * sink that the caller put into the configuration, or drops it.
 */

#ifdef __cplusplus
extern "C" {
#endif

enum ktstr_log_level {
	KTSTR_LOG_WARNING,
	KTSTR_LOG_NOTICE,
	KTSTR_LOG_DEBUG,
};

/*
 * `emit` may be called from any thread of a running VM, also at the same
 * time; `message` has no trailing newline and lives for the call only.
 */
struct ktstr_log {
	void (*emit)(void *userdata, enum ktstr_log_level level,
		     const char *message);
	void *userdata;
};

#ifdef __cplusplus
}
#endif

#endif
