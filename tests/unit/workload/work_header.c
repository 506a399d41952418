// SPDX-License-Identifier: GPL-2.0-only
/* What a user of <ktstr/work.h> may write; compiled only, with all warnings. */
#include <ktstr/work.h>

#ifndef __cplusplus
/* A static table, which no statement expression could fill. */
extern const struct ktstr_workers work_header_table[5];
const struct ktstr_workers work_header_table[5] = {
	{ .name = "plain", .workers = 2 },
	{ .name = "bursty", .workers = 2, .work = KTSTR_BURSTY() },
	{ .name = "io", .workers = 1, .work = KTSTR_IO_SYNC(.bytes = 4096) },
	{ .name = "phases",
	  .workers = 1,
	  .work = KTSTR_SEQUENCE({ KTSTR_PHASE_SPIN, 5 },
				 { KTSTR_PHASE_SLEEP, 5 }) },
	{ .name = "rt",
	  .workers = 1,
	  .policy = KTSTR_POLICY_FIFO,
	  .priority = 1,
	  .affinity = { .kind = KTSTR_AFFINITY_CPUS, .cpus = "0-1" } },
};

struct ktstr_work work_header_bursty(uint32_t ms);
struct ktstr_work work_header_bursty(uint32_t ms)
{
#ifdef MISSPELT
	return KTSTR_BURSTY(.burts_ms = ms);
#elif defined(OF_ANOTHER_KIND)
	return KTSTR_BURSTY(.receivers = ms);
#else
	return KTSTR_BURSTY(.burst_ms = ms, .sleep_ms = 2 * ms);
#endif
}
#endif
