// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "cli/help.h"

/*
 * Text for roff: what it would read as its own is quoted. Each paragraph of
 * the text starts one of roff's.
 */
static void add_text(struct kt_strbuf *sb, const char *text)
{
	bool line_start = true;

	for (; *text; text++) {
		if (line_start && (*text == '.' || *text == '\''))
			kt_strbuf_add(sb, "\\&");
		line_start = false;
		if (*text == '\\') {
			kt_strbuf_add(sb, "\\e");
		} else if (*text == '-') {
			kt_strbuf_add(sb, "\\-");
		} else if (*text == '\n') {
			line_start = true;
			if (text[1] == '\n') {
				kt_strbuf_add(sb, "\n.PP");
				text++;
			}
			kt_strbuf_add_char(sb, '\n');
		} else if (strncmp(text, ". ", 2) == 0) {
			/* man pages start each sentence on a line. */
			kt_strbuf_add(sb, ".\n");
			line_start = true;
			text++;
		} else {
			kt_strbuf_add_char(sb, *text);
		}
	}
	kt_strbuf_add_char(sb, '\n');
}

static void add_option(struct kt_strbuf *sb, const struct kt_option *option)
{
	kt_strbuf_add(sb, ".TP\n");
	if (option->letter)
		kt_strbuf_addf(sb, "\\fB\\-%c\\fR, ", option->letter);
	kt_strbuf_add(sb, "\\fB\\-\\-");
	for (const char *c = option->name; *c; c++)
		kt_strbuf_add(sb, *c == '-' ? "\\-" : (char[]){*c, '\0'});
	kt_strbuf_add(sb, "\\fR");
	if (option->type != KT_OPTION_FLAG)
		kt_strbuf_addf(sb, "=\\fI%s\\fR", option->value);
	kt_strbuf_add_char(sb, '\n');
	add_text(sb, option->help);
	if (option->environment)
		kt_strbuf_addf(sb,
			       "The environment variable\n.B %s\nis taken if "
			       "the option is not given.\n",
			       option->environment);
}

static void add_example(struct kt_strbuf *sb, const char *example)
{
	kt_strbuf_add(sb, ".PP\n.EX\n");
	add_text(sb, example);
	kt_strbuf_add(sb, ".EE\n");
}

static void add_command(struct kt_strbuf *sb, const struct kt_command *command,
			const char *path)
{
	_cleanup_strbuf_ struct kt_strbuf usage = {0};

	kt_help_usage(&usage, command, path);
	kt_strbuf_addf(sb, ".SS \"%s\"\n", kt_strbuf_text(&usage));
	add_text(sb, command->description);
	if (command->operand.name) {
		kt_strbuf_addf(sb, ".TP\n.I %s\n", command->operand.name);
		add_text(sb, command->operand.help);
	}
	for (const struct kt_option *o = command->options; o && o->name; o++)
		add_option(sb, o);
	if (command->example)
		add_example(sb, command->example);
}

/* The commands that run something, depth first. */
static void add_commands(struct kt_strbuf *sb, const struct kt_command *parent,
			 const char *parent_path)
{
	for (const struct kt_command *const *c = parent->subcommands; *c; c++) {
		_cleanup_strbuf_ struct kt_strbuf path = {0};

		if ((*c)->hidden)
			continue;
		kt_strbuf_addf(&path, "%s %s", parent_path, (*c)->name);
		if ((*c)->subcommands)
			add_commands(sb, *c, kt_strbuf_text(&path));
		else
			add_command(sb, *c, kt_strbuf_text(&path));
	}
}

void kt_help_manual(struct kt_strbuf *sb, const struct kt_command *root)
{
	add_commands(sb, root, root->name);
}
