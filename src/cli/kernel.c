// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/cli.h"
#include "kernel/fetch.h"
#include "kernel/list.h"

/* Redraws of the progress line, at most. */
#define REDRAW_NS 200000000ULL

/* Set by a signal, read by the fetch between its waits. */
static volatile sig_atomic_t interrupted_by;

struct fetch_values {
	const char *suite;
};

static const struct kt_option fetch_options[] = {
	{
		.name = "suite",
		.type = KT_OPTION_TEXT,
		.value = "SUITE",
		.offset = offsetof(struct fetch_values, suite),
		.help = "Look in this suite only. Without it: "
			"trixie-backports, bookworm-security, bookworm, and "
			"the suites of the machine's own sources.",
	},
	{0},
};

/* What the progress callback draws on standard error. */
struct fetch_display {
	const struct kt_cli *cli;
	bool live; /* a terminal: one line, drawn again and again */
	bool drawn;
	enum kt_fetch_phase phase;
	bool any_phase;
	uint64_t drawn_ns;
};

static double mebibytes(uint64_t bytes)
{
	return (double)bytes / (double)KT_MIB;
}

static void erase_line(struct fetch_display *display)
{
	if (display->drawn)
		(void)kt_write_all(STDERR_FILENO, "\r\033[K", 4);
	display->drawn = false;
}

static void describe(struct kt_strbuf *sb,
		     const struct kt_fetch_progress *progress, bool live)
{
	uint64_t total = progress->total_bytes;

	switch (progress->phase) {
	case KT_FETCH_WAITING:
		kt_strbuf_add(sb, "waiting for another fetch to end");
		return;
	case KT_FETCH_LISTS:
		kt_strbuf_add(sb, "reading package lists");
		return;
	case KT_FETCH_DOWNLOAD:
		kt_strbuf_addf(sb, "fetching kernel %s: ", progress->release);
		if (live)
			kt_strbuf_addf(sb, "%.1f of ",
				       mebibytes(progress->done_bytes));
		kt_strbuf_addf(sb, "%.1f MiB", mebibytes(total));
		if (live && total)
			kt_strbuf_addf(sb, " (%" PRIu64 " %%)",
				       progress->done_bytes * 100 / total);
		return;
	case KT_FETCH_UNPACK:
		kt_strbuf_addf(sb, "unpacking kernel %s", progress->release);
		return;
	}
}

/* On a terminal a moving line; else one line a phase. */
static void show_progress(void *userdata, const struct kt_fetch_progress *progress)
{
	struct fetch_display *display = userdata;
	bool same = display->any_phase && display->phase == progress->phase;
	_cleanup_strbuf_ struct kt_strbuf line = {0};
	uint64_t now = kt_now_ns();

	if (same && (!display->live || now - display->drawn_ns < REDRAW_NS))
		return;
	display->any_phase = true;
	display->phase = progress->phase;
	display->drawn_ns = now;
	if (!display->live) {
		describe(&line, progress, false);
		kt_cli_error(display->cli, "%s", kt_strbuf_text(&line));
		return;
	}
	kt_strbuf_add(&line, "\r\033[K");
	describe(&line, progress, true);
	(void)kt_write_all(STDERR_FILENO, kt_strbuf_text(&line), line.length);
	display->drawn = true;
}

static void take_signal(int number)
{
	interrupted_by = number;
}

static bool is_interrupted(void *userdata)
{
	(void)userdata;
	return interrupted_by != 0;
}

/* The first signal ends the fetch in good order, a second one at once. */
static void catch_signals(void)
{
	const struct sigaction action = {
		.sa_handler = take_signal,
		.sa_flags = (int)SA_RESETHAND,
	};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

static int fail_fetch(const struct kt_cli *cli, const struct ktstr_error *err)
{
	if (err->code != -ECANCELED || !interrupted_by)
		return kt_cli_fail(cli, err);
	kt_cli_error(cli, "interrupted; what was downloaded is kept, and the "
			  "next fetch goes on from there");
	/* So that a shell sees what it was, too. */
	signal(interrupted_by, SIG_DFL);
	raise(interrupted_by);
	return KT_EXIT_FAILED;
}

static int fetch_run(struct kt_cli *cli, const void *values,
		     const struct kt_words *operands)
{
	const struct fetch_values *v = values;
	_cleanup_strbuf_ struct kt_strbuf sb = {0};
	struct fetch_display display = {
		.cli = cli,
		.live = isatty(STDERR_FILENO),
	};
	struct kt_fetch_request request = {
		.version = operands->words[0],
		.suite = v->suite,
		.progress = show_progress,
		.cancelled = is_interrupted,
		.userdata = &display,
		.log = cli->log,
	};
	struct kt_fetch_result result;
	struct ktstr_error err = {0};
	int r;

	catch_signals();
	r = kt_kernel_fetch(&request, &result, &err);
	erase_line(&display);
	if (r < 0)
		return fail_fetch(cli, &err);
	kt_cli_error(cli, "kernel %s is %s %s", result.release,
		     result.was_there ? "already at" : "at", result.image);
	free(result.image);
	kt_strbuf_addf(&sb, "%s\n", result.release);
	return kt_cli_print(cli, &sb);
}

static const struct kt_command fetch_command = {
	.name = "fetch",
	.summary = "Fetch a stock kernel from Debian's archive",
	.description =
		"Downloads a kernel and its modules into the cache, by apt "
		"and from the mirrors of this machine's own sources, and "
		"installs nothing. VERSION is a series such as 7.3 (its newest "
		"point release on offer), a release such as 6.18.15, or "
		"\"latest\".\n\n"
		"Prints the release, which --kernel takes as well. An "
		"interrupted fetch is gone on with by the next one.",
	.example = "ktstr kernel fetch 7.3",
	.options = fetch_options,
	.operand =
		{
			.name = "VERSION",
			.min = 1,
			.max = 1,
			.help = "A series, a release, or \"latest\".",
		},
	.values_bytes = sizeof(struct fetch_values),
	.run = fetch_run,
};

struct list_values {
	bool json;
};

static const struct kt_option list_options[] = {
	{
		.name = "json",
		.type = KT_OPTION_FLAG,
		.offset = offsetof(struct list_values, json),
		.help = "Print JSON.",
	},
	{0},
};

static const char *known_text(enum kt_known known)
{
	return known == KT_YES ? "yes" : known == KT_NO ? "no" : "unknown";
}

static json_t *known_json(enum kt_known known)
{
	return known == KT_UNKNOWN ? json_null() : json_boolean(known == KT_YES);
}

static const char *place_text(enum kt_kernel_place place)
{
	return place == KT_KERNEL_IN_CACHE  ? "cache"
	       : place == KT_KERNEL_IN_BOOT ? "boot"
					    : "modules";
}

/* An image that cannot be used may be of any. */
static const char *architecture(const struct kt_kernel_info *kernel)
{
	return kernel->problem ? NULL : KT_KERNEL_LIST_ARCHITECTURE;
}

static int print_json(const struct kt_cli *cli,
		      const struct kt_kernel_list *kernels)
{
	_cleanup_strbuf_ struct kt_strbuf sb = {0};
	json_t *array = json_array();
	char *text;

	for (size_t i = 0; i < kernels->n; i++) {
		const struct kt_kernel_info *k = &kernels->list[i];

		json_array_append_new(
			array,
			json_pack("{s:s, s:s?, s:s, s:s, s:I, s:o, s:o, "
				  "s:s?}",
				  "release", k->release, "architecture",
				  architecture(k), "place", place_text(k->place),
				  "image", k->image, "bytes", (json_int_t)k->bytes,
				  "sched_ext", known_json(k->sched_ext), "btf",
				  known_json(k->btf), "problem", k->problem));
	}
	text = json_dumps(array, JSON_INDENT(2));
	json_decref(array);
	if (!text) {
		kt_cli_error(cli, "out of memory");
		return KT_EXIT_FAILED;
	}
	kt_strbuf_addf(&sb, "%s\n", text);
	free(text);
	return kt_cli_print(cli, &sb);
}

static int print_table(const struct kt_cli *cli,
		       const struct kt_kernel_list *kernels)
{
	_cleanup_strbuf_ struct kt_strbuf sb = {0};
	int width = (int)strlen("RELEASE");

	if (!kernels->n) {
		kt_cli_error(cli, "there is no kernel, neither in the cache "
				  "nor in /boot; `ktstr kernel fetch latest` "
				  "gets one");
		return KT_EXIT_OK;
	}
	for (size_t i = 0; i < kernels->n; i++)
		width = KT_MAX(width, (int)strlen(kernels->list[i].release));
	kt_strbuf_addf(&sb, "%-*s  %-6s  %10s  %-9s  %-7s  %s\n", width,
		       "RELEASE", "ARCH", "SIZE", "SCHED_EXT", "BTF", "WHERE");
	for (size_t i = 0; i < kernels->n; i++) {
		const struct kt_kernel_info *k = &kernels->list[i];

		kt_strbuf_addf(
			&sb, "%-*s  %-6s  %6.1f MiB  %-9s  %-7s  %s%s%s\n", width,
			k->release, architecture(k) ? architecture(k) : "?",
			mebibytes(k->bytes), known_text(k->sched_ext),
			known_text(k->btf), k->image, k->problem ? ": " : "",
			k->problem ? k->problem : "");
	}
	return kt_cli_print(cli, &sb);
}

static int list_run(struct kt_cli *cli, const void *values,
		    const struct kt_words *operands)
{
	const struct list_values *v = values;
	struct kt_kernel_list kernels = {0};
	struct ktstr_error err = {0};
	int r;

	(void)operands;
	r = kt_kernel_list("", &kernels, &err);
	if (r < 0)
		return kt_cli_fail(cli, &err);
	r = v->json ? print_json(cli, &kernels) : print_table(cli, &kernels);
	kt_kernel_list_deinit(&kernels);
	return r;
}

static const struct kt_command list_command = {
	.name = "list",
	.summary = "List the kernels at hand",
	.description = "Lists the kernels that --kernel finds by version: "
		       "those in the cache, then those in /boot and below "
		       "/usr/lib/modules. SCHED_EXT and BTF are as each "
		       "kernel's configuration says, where it has one.",
	.options = list_options,
	.values_bytes = sizeof(struct list_values),
	.run = list_run,
};

struct clean_values {
	uint32_t keep;
};

static const struct kt_option clean_options[] = {
	{
		.name = "keep",
		.type = KT_OPTION_NUMBER,
		.value = "N",
		.offset = offsetof(struct clean_values, keep),
		.help = "Keep the newest N fetched kernels. Without it none "
			"is kept.",
	},
	{0},
};

static void add_removed(void *userdata, const char *release, uint64_t bytes)
{
	struct kt_strbuf *sb = userdata;

	if (release)
		kt_strbuf_addf(sb, "removed kernel %s (%.1f MiB)\n", release,
			       mebibytes(bytes));
	else
		kt_strbuf_addf(sb,
			       "removed unpacked kernels, package lists and "
			       "leftovers (%.1f MiB)\n",
			       mebibytes(bytes));
}

static int clean_run(struct kt_cli *cli, const void *values,
		     const struct kt_words *operands)
{
	const struct clean_values *v = values;
	_cleanup_strbuf_ struct kt_strbuf sb = {0};
	struct ktstr_error err = {0};
	int r, printed;

	(void)operands;
	r = kt_kernel_clean(v->keep, add_removed, &sb, &err);
	if (!r && !sb.length)
		kt_strbuf_add(&sb, "nothing to remove\n");
	printed = kt_cli_print(cli, &sb);
	return r < 0 ? kt_cli_fail(cli, &err) : printed;
}

static const struct kt_command clean_command = {
	.name = "clean",
	.summary = "Remove fetched kernels from the cache",
	.description = "Removes fetched kernels, and from the cache's part "
		       "for kernels whatever can be made again: unpacked "
		       "images, package lists, half-finished downloads. "
		       "Kernels in /boot or anywhere else are never touched.",
	.options = clean_options,
	.values_bytes = sizeof(struct clean_values),
	.run = clean_run,
};

static const struct kt_command *const commands[] = {
	&fetch_command,
	&list_command,
	&clean_command,
	NULL,
};

const struct kt_command kt_kernel_command = {
	.name = "kernel",
	.summary = "Fetch, list and remove guest kernels",
	.description =
		"Guest kernels come as Debian's packages and lie in ktstr's "
		"cache; nothing is installed on this machine.",
	.subcommands = commands,
};
