// SPDX-License-Identifier: GPL-2.0-only
/* Programs of the host as workloads, for payloads.sh to look at. */
#include <ktstr/payload.h>
#include <ktstr/scenario.h>

#include <sys/sysinfo.h>
#include <time.h>

#define STRESS(limit_)                                                         \
	.binary = "stress-ng",                                                 \
	.args = KTSTR_PAYLOAD_ARGS("--cpu", "8", "--cpu-method", "int32",      \
				   "--timeout", "4", "--metrics", "--yaml",    \
				   "/tmp/stress.yaml"),                        \
	.output_file = "/tmp/stress.yaml",                                     \
	KTSTR_PAYLOAD_METRICS(                                                 \
		KTSTR_KEY_METRIC("bogo-ops", "bogo-ops", .min = (limit_)),     \
		KTSTR_KEY_METRIC("rate", "bogo-ops-per-second-real-time",      \
				 .unit = "1/s", .min = 1),                     \
		KTSTR_KEY_METRIC("wall", "wall-clock-time", .unit = "s",       \
				 .min = 3.9, .max = 60))

KTSTR_PAYLOAD(stress, STRESS(8))
KTSTR_PAYLOAD(greedy, STRESS(1e12))

KTSTR_TEST(stress_ng, .numa_nodes = 2, .llcs = 4, .cores = 2,
	   .max_numa_nodes = 2, .memory_mib = 1024, .timeout_s = 120,
	   .payloads = KTSTR_PAYLOADS(&stress, &greedy))
{
	KTSTR_REQUIRE(ctx, get_nprocs() == 8);
	KTSTR_REQUIRE(ctx, ktstr_run_payload(ctx, &stress) == KTSTR_PASS);
	return ktstr_run_payload(ctx, &greedy);
}

/* One that runs while the test does something else, and is then ended. */
KTSTR_PAYLOAD(endless, .binary = "stress-ng",
	      .args = KTSTR_PAYLOAD_ARGS("--cpu", "1", "--timeout", "1h"))

KTSTR_TEST(background, .memory_mib = 512, .payloads = KTSTR_PAYLOADS(&endless))
{
	struct ktstr_payload_run *run = ktstr_payload_start(ctx, &endless);

	KTSTR_REQUIRE(ctx, run);
	nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
	return ktstr_payload_kill(run);
}

/* Not among the test's payloads: its machine does not have it. */
KTSTR_TEST(forgotten, .memory_mib = 512)
{
	return ktstr_run_payload(ctx, &endless);
}

/* Beside workers of a scenario, in a group of its own. */
KTSTR_PAYLOAD(short_stress, .binary = "stress-ng",
	      .args = KTSTR_PAYLOAD_ARGS("--cpu", "1", "--timeout", "2"))

KTSTR_TEST(in_steps, .cores = 3, .memory_mib = 512, .duration_s = 4,
	   .payloads = KTSTR_PAYLOADS(&short_stress, &endless))
{
	return ktstr_run_steps(
		ctx,
		KTSTR_CGROUPS(
			{ .name = "workers",
			  .workers = 1,
			  .cpus = KTSTR_CPUS_EXACT("0") },
			{ .name = "programs", .cpus = KTSTR_CPUS_EXACT("1") }),
		KTSTR_STEPS({ .name = "to_its_end",
			      .operations = KTSTR_OPERATIONS(
				      KTSTR_RUN_PAYLOAD("programs", &short_stress),
				      KTSTR_WAIT_PAYLOAD(&short_stress)) },
			    { .name = "cut_short",
			      .operations = KTSTR_OPERATIONS(
				      KTSTR_RUN_PAYLOAD("programs", &endless)),
			      .hold = KTSTR_HOLD_MS(500) }));
}
