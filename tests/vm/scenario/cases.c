// SPDX-License-Identifier: GPL-2.0-only
/* Scenarios that a scheduler ought to pass, for scenario.sh to look at. */
#include <ktstr/check.h>
#include <ktstr/scenario.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The whole of a test: two cgroups with two workers each. */
KTSTR_TEST(two_cgroups, .llcs = 1, .cores = 2, .memory_mib = 256, .duration_s = 2)
{
	return ktstr_run_cgroups(
		ctx, KTSTR_CGROUPS({ .name = "cg_0", .workers = 2 },
				   { .name = "cg_1", .workers = 2 }));
}

/*
 * Every canned scenario, one after the other, on one machine: what each does,
 * in the time that a busy host gives it. soak.sh holds them to their limits.
 */
KTSTR_TEST(canned, .llcs = 2, .cores = 4, .memory_mib = 512, .duration_s = 2,
	   .timeout_s = 300,
	   .checks = KTSTR_LIMITS(.max_gap_ms = 20000, .max_spread_pct = 100))
{
	const char *const *names = ktstr_scenario_names();
	enum ktstr_verdict worst = KTSTR_PASS;

	for (size_t i = 0; names[i]; i++) {
		enum ktstr_verdict verdict = ktstr_run_scenario(ctx, names[i]);

		ktstr_note(ctx, "%s: %s", names[i], ktstr_verdict_name(verdict));
		if (worst == KTSTR_PASS || verdict == KTSTR_FAIL)
			worst = verdict;
	}
	return worst;
}

static int read_line(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return n < 0 ? -1 : 0;
}

static bool has_groups_left(void)
{
	DIR *dir = opendir("/sys/fs/cgroup");
	const struct dirent *entry;
	bool found = false;

	while (dir && (entry = readdir(dir)))
		found = found || strncmp(entry->d_name, "ktstr.", 6) == 0;
	if (dir)
		closedir(dir);
	return found;
}

/* All operations, those that a check could take for a fault among them. */
KTSTR_TEST(operations, .llcs = 2, .cores = 2, .memory_mib = 256, .duration_s = 6,
	   .checks = KTSTR_LIMITS(.max_gap_ms = 3000, .max_spread_pct = 100))
{
	char online[64];
	enum ktstr_verdict verdict = ktstr_run_steps(
		ctx,
		KTSTR_CGROUPS({ .name = "back", .workers = 2 },
			      { .name = "nest/left",
				.workers = 1,
				.cpus = KTSTR_CPUS_EXACT("0") },
			      { .name = "nest/right", .cpu_weight = 50 }),
		KTSTR_STEPS(
			{ .name = "frozen",
			  .operations = KTSTR_OPERATIONS(KTSTR_FREEZE("back")),
			  .hold = KTSTR_HOLD_MS(4000) },
			{ .name = "thawed",
			  .operations =
				  KTSTR_OPERATIONS(KTSTR_UNFREEZE("back")),
			  .hold = KTSTR_HOLD_MS(200) },
			{ .name = "hotplug",
			  .operations = KTSTR_OPERATIONS(
				  KTSTR_SET_CPUSET("back",
						   KTSTR_CPUS_RANGE(0, 0.67)),
				  KTSTR_CPU_OFFLINE(3), KTSTR_CPU_OFFLINE(1)),
			  .hold = KTSTR_HOLD_MS(300) },
			{ .name = "again",
			  .operations = KTSTR_OPERATIONS(
				  KTSTR_CPU_ONLINE(1),
				  KTSTR_SWAP_CPUSETS("back", "nest/left"),
				  KTSTR_MOVE_TASKS("nest/left", "nest/right")),
			  .hold = KTSTR_HOLD_MS(300) },
			{ .name = "more",
			  .cgroups = KTSTR_CGROUPS({ .name = "late",
						     .workers = 1,
						     .cpu_quota_us = 50000 }),
			  .operations = KTSTR_OPERATIONS(
				  KTSTR_CLEAR_CPUSET("back"),
				  KTSTR_STOP_CGROUP("nest/right"),
				  KTSTR_SPAWN("back", .name = "spawned",
					      .workers = 2,
					      .work = KTSTR_PIPE_IO()),
				  KTSTR_SPAWN(NULL, .name = "outside",
					      .workers = 1)),
			  .hold = KTSTR_HOLD_MS(600) },
			{ .name = "loop",
			  .operations = KTSTR_OPERATIONS(
				  KTSTR_ADD_CGROUP(.name = "short", .workers = 1),
				  KTSTR_SET_AFFINITY(
					  "back", .kind = KTSTR_AFFINITY_ONE_EACH),
				  KTSTR_FREEZE("back"), KTSTR_UNFREEZE("back"),
				  KTSTR_REMOVE_CGROUP("short")),
			  .hold = KTSTR_HOLD_LOOP(100, 0.1) }));

	KTSTR_REQUIRE(ctx, !has_groups_left());
	KTSTR_REQUIRE(ctx, read_line("/sys/devices/system/cpu/online", online,
				     sizeof(online)) == 0);
	KTSTR_REQUIRE(ctx, strcmp(online, "0-3") == 0);
	return verdict;
}
