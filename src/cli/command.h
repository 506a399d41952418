/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Commands as tables. One table says what a command takes; parsing, --help,
 * the man page and the shells' completions all come from it.
 *
 *	struct topo_values {
 *		bool json;
 *	};
 *
 *	static const struct kt_option topo_options[] = {
 *		{ .name = "json", .type = KT_OPTION_FLAG,
 *		  .offset = offsetof(struct topo_values, json),
 *		  .help = "Print JSON" },
 *		{ 0 },
 *	};
 *
 *	const struct kt_command kt_topo_command = {
 *		.name = "topo", .summary = "Show a topology",
 *		.options = topo_options,
 *		.values_bytes = sizeof(struct topo_values), .run = topo_run,
 *	};
 *
 * --help (-h) is understood by every command and needs no entry.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"

struct kt_cli;

/* What an option's value is, and the member that `offset` leads to. */
enum kt_option_type {
	KT_OPTION_FLAG,    /* bool; takes no value */
	KT_OPTION_TEXT,    /* const char *, borrowed from argv; not empty */
	KT_OPTION_LIST,    /* struct kt_words; may be given many times */
	KT_OPTION_CHOICE,  /* uint32_t: index into `choices` */
	KT_OPTION_NUMBER,  /* uint32_t */
	KT_OPTION_MEMORY,  /* uint32_t MiB, > 0: "512M", "2G"; "512" is MiB */
	KT_OPTION_SECONDS, /* uint32_t ms: "12", "0.5", "250ms", "2m" */
};

/* What a shell may complete an option's value or an operand with. */
enum kt_complete {
	KT_COMPLETE_NONE,
	KT_COMPLETE_FILE,
	KT_COMPLETE_TOPOLOGY, /* presets */
	KT_COMPLETE_COMMAND,  /* names of commands */
	KT_COMPLETE_CHOICES,  /* the operand's own `choices` */
};

struct kt_words {
	const char **words; /* the strings are borrowed from argv */
	size_t n;
};

struct kt_option {
	const char *name; /* long form, without dashes; NULL ends a table */
	char letter;      /* short form, or 0 */
	enum kt_option_type type;
	const char *value;          /* what --help calls the value: "SECONDS" */
	size_t offset;              /* of the member in the command's values */
	uint32_t min, max;          /* KT_OPTION_NUMBER; max 0: UINT32_MAX */
	const char *const *choices; /* KT_OPTION_CHOICE: NULL-terminated */
	enum kt_complete complete;
	/* Taken, when set and not empty, if the option is not given. */
	const char *environment;
	/* Sentences; the first one alone must do as a completion's hint. */
	const char *help;
};

/* The words of a command that are no options. */
struct kt_operand {
	const char *name; /* "TOPOLOGY"; NULL: the command takes none */
	size_t min;
	size_t max; /* SIZE_MAX: any number */
	enum kt_complete complete;
	const char *const *choices; /* NULL-terminated, or NULL: any word */
	const char *help;
};

struct kt_command {
	const char *name;
	const char *summary;     /* one line, no full stop */
	const char *description; /* paragraphs with a blank line between */
	const char *example;     /* command lines, or NULL */
	const struct kt_option *options; /* NULL: none but --help */
	struct kt_operand operand;
	/* NULL-terminated. A command has these or `run`. */
	const struct kt_command *const *subcommands;
	size_t values_bytes;
	const void *defaults; /* values_bytes of them; NULL: zeros */
	bool hidden;
	/* Returns the exit status. */
	int (*run)(struct kt_cli *cli, const void *values,
		   const struct kt_words *operands);
};

/* A command line after parsing. */
struct kt_invocation {
	const struct kt_command *command;
	struct kt_strbuf path; /* "ktstr kernel fetch" */
	void *values;          /* command->values_bytes, NULL if those are 0 */
	struct kt_words operands;
	bool help; /* --help was given; nothing else was checked */
};

void kt_invocation_deinit(struct kt_invocation *invocation);
#define _cleanup_invocation_ _cleanup_(kt_invocation_deinit)

/*
 * Finds the command of a command line below `root` and reads its options, in
 * any order with the operands; "--" ends them. On failure (-EINVAL with a
 * message that suggests what may have been meant, -ENOMEM) `command` and
 * `path` say how far it got.
 */
int kt_command_parse(const struct kt_command *root, int argc,
		     const char *const *argv, struct kt_invocation *ret,
		     struct ktstr_error *err);

/* The subcommand of that name, or NULL. */
const struct kt_command *kt_command_find(const struct kt_command *parent,
					 const char *name);

/*
 * Reads one value as the option's type says into the command's values.
 * `source` is what a message calls it: "--memory" or "KTSTR_KERNEL".
 */
int kt_option_set(const struct kt_option *option, const char *source,
		  const char *text, void *values, struct ktstr_error *err);
