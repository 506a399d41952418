// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "cli/cli.h"
#include "cli/inspect_open.h"
#include "cli/inspect_take.h"
#include "cli/machines.h"
#include "cli/table.h"
#include "nest/nest.h"

struct inspect_values {
	bool json;
	uint32_t watch_ms;
};

static const struct kt_option inspect_options[] = {
	{
		.name = "json",
		.letter = 'j',
		.type = KT_OPTION_FLAG,
		.offset = offsetof(struct inspect_values, json),
		.help = "Print JSON.",
	},
	{
		.name = "watch",
		.letter = 'w',
		.type = KT_OPTION_SECONDS,
		.value = "TIME",
		.offset = offsetof(struct inspect_values, watch_ms),
		.help = "Show it again and again, so long apart, as in 1 or "
			"200ms, until the machine ends.",
	},
	{ 0 },
};

KT_DEFINE_CLEANUP(json_t *, json_decref)

static const struct kt_inspect_subject *find_subject(const char *word)
{
	const struct kt_inspect_subject *subject = kt_inspect_subjects;

	while (subject->word && strcmp(subject->word, word) != 0)
		subject++;
	return subject;
}

/* What is to be shown, and how. */
struct showing {
	struct kt_cli *cli;
	const struct inspect_values *values;
	const struct kt_inspect_subject *subject;
	const char *name; /* of a map */
};

static int show(const struct showing *showing, struct kt_inspected *seen,
		struct ktstr_error *err)
{
	_cleanup_(json_decref_cleanup) json_t *list =
		showing->subject->take(seen, showing->name, err);

	if (!list && !err->code)
		kt_err(err, -ENOMEM, "no memory");
	if (!list)
		return err->code;
	return kt_cli_print_list(showing->cli, list, showing->values->json) ==
			       KT_EXIT_OK ?
		       0 :
		       1;
}

/* Between two showings: a terminal is cleared, else a line is left blank. */
static int part(const struct showing *showing)
{
	_cleanup_strbuf_ struct kt_strbuf sb = { 0 };

	kt_strbuf_add(&sb, isatty(STDOUT_FILENO) ? "\033[H\033[2J" : "\n");
	return kt_cli_print(showing->cli, &sb) == KT_EXIT_OK ? 0 : 1;
}

/* Until somebody interrupts it, or the machine ends. */
static int watch(const struct showing *showing, struct kt_inspected *seen,
		 struct ktstr_error *err)
{
	uint32_t every_ms = showing->values->watch_ms;
	const struct timespec pause = {
		.tv_sec = every_ms / 1000,
		.tv_nsec = (long)(every_ms % 1000) * 1000000,
	};
	int r;

	do {
		*err = (struct ktstr_error){ 0 };
		r = show(showing, seen, err);
		/* Lists in motion may be torn once. */
		if (r < 0)
			kt_cli_error(showing->cli, "%s", err->message);
		nanosleep(&pause, NULL);
		if (r <= 0)
			r = part(showing);
		if (!r)
			r = kt_inspected_renew(seen, err);
	} while (!r);
	if (r != -ECONNRESET)
		return r;
	kt_cli_error(showing->cli, "the machine has ended");
	return 0;
}

/* Closes it, and gives the exit status of what show() or watch() came to. */
static int finish(const struct showing *showing, struct kt_inspected *seen, int r,
		  const struct ktstr_error *err)
{
	kt_inspected_close(seen);
	return r < 0 ? kt_cli_fail(showing->cli, err) :
	       r     ? KT_EXIT_FAILED :
		       KT_EXIT_OK;
}

static int show_file(const struct showing *showing, const char *path)
{
	struct kt_inspected seen;
	struct ktstr_error err = { 0 };
	int r = kt_inspected_open_file(&seen, path, &err);

	if (!r)
		r = show(showing, &seen, &err);
	return finish(showing, &seen, r, &err);
}

static int show_machine(const struct showing *showing, const char *name)
{
	struct kt_inspected seen;
	struct ktstr_error err = { 0 };
	int r = kt_inspected_open_machine(&seen, name, &err);

	if (!r)
		r = showing->values->watch_ms ? watch(showing, &seen, &err) :
						show(showing, &seen, &err);
	return finish(showing, &seen, r, &err);
}

/* In the emulated machine that it runs in, by this very command. */
static int show_there(const struct kt_cli *cli, const char *socket)
{
	struct ktstr_error err = { 0 };
	int status;

	if (kt_nest_run_at(socket, cli->argv, cli->log, &status, &err) < 0)
		return kt_cli_fail(cli, &err);
	return status;
}

static int show_running(const struct showing *showing, const char *word)
{
	_cleanup_(json_decref_cleanup) json_t *list = NULL;
	struct ktstr_error err = { 0 };
	const char *name, *where;
	json_t *machine;

	list = kt_machines_list(&err);
	if (!list || kt_machines_find(list, word, &machine, &err) < 0 ||
	    json_unpack(machine, "{s:s, s:s}", "name", &name, "where", &where) < 0)
		return kt_cli_fail(showing->cli, &err);
	if (strcmp(where, KT_MACHINES_HERE) != 0)
		return show_there(showing->cli, where);
	return show_machine(showing, name);
}

static int inspect_run(struct kt_cli *cli, const void *values,
		       const struct kt_words *operands)
{
	const char *what = operands->words[0];
	struct showing showing = {
		.cli = cli,
		.values = values,
		.subject = kt_inspect_subjects,
		.name = operands->n > 2 ? operands->words[2] : NULL,
	};

	if (operands->n > 1)
		showing.subject = find_subject(operands->words[1]);
	if (!showing.subject->word)
		return kt_cli_usage_error(
			cli, "ktstr inspect",
			"\"%s\" cannot be looked at; runqueues, domains, "
			"tasks, maps, map NAME, prog and symbols can",
			operands->words[1]);
	if (showing.subject->takes_name && !showing.name)
		return kt_cli_usage_error(cli, "ktstr inspect",
					  "%s wants the name of one",
					  showing.subject->word);
	if (!showing.subject->takes_name && showing.name)
		return kt_cli_usage_error(cli, "ktstr inspect",
					  "%s takes no name, as \"%s\" is",
					  showing.subject->word, showing.name);
	if (access(what, F_OK) < 0 && !strchr(what, '/'))
		return show_running(&showing, what);
	if (showing.values->watch_ms)
		return kt_cli_usage_error(cli, "ktstr inspect",
					  "\"%s\" is a file, and does not change; "
					  "--watch is for a machine that runs",
					  what);
	return show_file(&showing, what);
}

const struct kt_command kt_inspect_command = {
	.name = "inspect",
	.summary = "Look into the memory of a guest",
	.description =
		"Reads what a guest's kernel knows of its scheduler out of the "
		"guest's memory, while the guest runs and without its doing: "
		"by the machine's name or pid, as ktstr ps lists them. Or out "
		"of an image of it in a file, which ktstr shell --save writes. "
		"There are its runqueues, one line a CPU; its scheduling "
		"domains, from each CPU's lowest one up; its tasks; its BPF "
		"maps and programs, and what is in a map, by the types that "
		"its maker gave it; and the symbols that are known of it. A "
		"map is named by the end of its name.",
	.example = "ktstr shell --name box -t 1n2l2c1t\n"
		   "ktstr inspect box --watch 1\n"
		   "ktstr inspect box map tasks_seen\n"
		   "ktstr shell -t 1n2l2c1t --exec 'sleep 1' --save memory\n"
		   "ktstr inspect ./memory domains --json",
	.options = inspect_options,
	.operand = { .name = "MACHINE|FILE [runqueues|domains|tasks|maps|map "
			     "NAME|prog|"
			     "symbols]",
		     .min = 1,
		     .max = 3,
		     .complete = KT_COMPLETE_FILE,
		     .help = "The machine's name or pid, or the image, and what to "
			     "show of it; without that, "
			     "runqueues." },
	.values_bytes = sizeof(struct inspect_values),
	.run = inspect_run,
};
