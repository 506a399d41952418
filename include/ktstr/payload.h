/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KTSTR_PAYLOAD_H
#define KTSTR_PAYLOAD_H

/*
 * A program of the host as a workload, and the numbers in what it prints.
 *
 *	KTSTR_PAYLOAD(stress, .binary = "stress-ng",
 *		.args = KTSTR_PAYLOAD_ARGS("--cpu", "4", "--timeout", "5s",
 *					   "--metrics", "--yaml", "/tmp/stress.yaml"),
 *		.output_file = "/tmp/stress.yaml",
 *		KTSTR_PAYLOAD_METRICS(
 *			KTSTR_KEY_METRIC("bogo-ops", "bogo-ops:", .unit = "1",
 *					 .min = 1)))
 *
 *	KTSTR_TEST(under_stress, .cores = 4, .payloads = KTSTR_PAYLOADS(&stress))
 *	{
 *		return ktstr_run_payload(ctx, &stress);
 *	}
 *
 * The test's machine has the program in /bin, with its shared libraries, when
 * the test names it among its `payloads`.
 */

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ktstr/test.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A number in the output. Made by the macros below, which put in first that
 * there is no limit.
 */
struct ktstr_payload_metric {
	const char *name; /* in the report */
	const char *unit; /* NULL: none */

	/* Where it is; one of the two. */
	const char *json; /* the output is one JSON text: "jobs[0].read.iops" */
	const char *key;  /* it follows this text where that first occurs */

	/* Outside of them the test fails; a value that equals one is within. */
	double min;
	double max;
	bool optional; /* else a number that is not there is a failure */
};

#define KTSTR_PAYLOAD_METRIC_(...)                                             \
	{                                                                      \
		.min = -INFINITY, .max = INFINITY, __VA_ARGS__                 \
	}
#define KTSTR_JSON_METRIC(name_, json_, ...)                                   \
	KTSTR_PAYLOAD_METRIC_(.name = (name_), .json = (json_), ##__VA_ARGS__)
#define KTSTR_KEY_METRIC(name_, key_, ...)                                     \
	KTSTR_PAYLOAD_METRIC_(.name = (name_), .key = (key_), ##__VA_ARGS__)

/* Made by KTSTR_PAYLOAD(), never by hand. All pointers are borrowed. */
struct ktstr_payload {
	const char *name;
	/* Of the host: a path, or a name that is looked for in PATH. In the
	 * guest it is /bin/ and the last part of it. */
	const char *binary;
	const char *const *args; /* NULL-ended; NULL: none */
	/* Of the guest; what is searched for numbers. NULL: standard output. */
	const char *output_file;
	const struct ktstr_payload_metric *metrics;
	size_t n_metrics;
	int exit_code;      /* the one that means success */
	uint32_t timeout_s; /* 0: the test's own */
};

#define KTSTR_PAYLOAD_ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define KTSTR_PAYLOAD_METRICS(...)                                             \
	.metrics = (const struct ktstr_payload_metric[]){ __VA_ARGS__ },       \
	.n_metrics =                                                           \
		sizeof((const struct ktstr_payload_metric[]){ __VA_ARGS__ }) / \
		sizeof(struct ktstr_payload_metric)

#define KTSTR_PAYLOAD(name_, ...)                                              \
	_Pragma("GCC diagnostic push") KTSTR_TEST_OVERRIDE_ __attribute__((    \
		unused)) static const struct ktstr_payload name_ = {           \
		.name = #name_, __VA_ARGS__                                    \
	};                                                                     \
	_Pragma("GCC diagnostic pop")

/* The list for a test's `payloads`. */
#define KTSTR_PAYLOADS(...)                                                    \
	((const struct ktstr_payload *const[]){ __VA_ARGS__, NULL })

/*
 * Runs the program to its end. Its metrics go to the report, and so does what
 * is wrong with them. Passes if it exited with `exit_code` within its time and
 * every metric is there and within its limits, else fails.
 */
enum ktstr_verdict ktstr_run_payload(struct ktstr_context *ctx,
				     const struct ktstr_payload *payload);

/* One that runs while the test does other things; opaque. */
struct ktstr_payload_run;

/* Starts it; NULL, with a note, when that failed. */
struct ktstr_payload_run *ktstr_payload_start(struct ktstr_context *ctx,
					      const struct ktstr_payload *payload);

/* Its process, for a cgroup or an affinity. */
int ktstr_payload_pid(const struct ktstr_payload_run *run);

/* Waits for its end, judges as ktstr_run_payload() does, and frees the run. */
enum ktstr_verdict ktstr_payload_wait(struct ktstr_payload_run *run);

/*
 * Kills it and all that it started, and frees the run. Its output until then is
 * judged by its metrics, its exit code is not.
 */
enum ktstr_verdict ktstr_payload_kill(struct ktstr_payload_run *run);

#ifdef __cplusplus
}
#endif

#endif
