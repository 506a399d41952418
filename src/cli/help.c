// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "cli/help.h"

/* Where the texts of options and commands begin, and at least so wide. */
#define TEXT_COLUMN 26u
#define TEXT_WIDTH  40u

const struct kt_option kt_help_help_option = {
	.name = "help",
	.letter = 'h',
	.type = KT_OPTION_FLAG,
	.help = "Show this help.",
};

void kt_help_usage(struct kt_strbuf *sb, const struct kt_command *command,
		   const char *path)
{
	const struct kt_operand *operand = &command->operand;

	kt_strbuf_add(sb, path);
	if (command->options)
		kt_strbuf_add(sb, " [OPTION]...");
	if (command->subcommands)
		kt_strbuf_add(sb, " COMMAND ...");
	if (operand->name)
		kt_strbuf_addf(sb, operand->min ? " %s%s" : " [%s]%s",
			       operand->name, operand->max > 1 ? "..." : "");
}

void kt_help_option(struct kt_strbuf *sb, const struct kt_option *option)
{
	if (option->letter)
		kt_strbuf_addf(sb, "-%c, ", option->letter);
	kt_strbuf_addf(sb, "--%s", option->name);
	if (option->type != KT_OPTION_FLAG)
		kt_strbuf_addf(sb, "=%s", option->value);
}

void kt_help_hint(struct kt_strbuf *sb, const char *help)
{
	const char *end = strstr(help, ". ");
	size_t length = end ? (size_t)(end - help) : strlen(help);

	if (length > 0 && help[length - 1] == '.')
		length--;
	kt_strbuf_add_bytes(sb, help, length);
}

/*
 * Appends `text` from `column` on, broken at blanks before `columns`; further
 * lines are indented by `indent`. A newline in the text is kept.
 */
static void wrap(struct kt_strbuf *sb, const char *text, unsigned int column,
		 unsigned int indent, unsigned int columns)
{
	bool line_start = true;

	while (*text) {
		size_t length = strcspn(text, " \n");

		if (!line_start && column + 1 + length > columns) {
			kt_strbuf_addf(sb, "\n%*s", (int)indent, "");
			column = indent;
			line_start = true;
		}
		if (!line_start) {
			kt_strbuf_add_char(sb, ' ');
			column++;
		}
		kt_strbuf_add_bytes(sb, text, length);
		column += (unsigned int)length;
		line_start = false;
		text += length;
		if (*text == '\n') {
			kt_strbuf_addf(sb, "\n%*s", (int)indent, "");
			column = indent;
			line_start = true;
		}
		text += *text ? 1 : 0;
	}
	kt_strbuf_add_char(sb, '\n');
}

static void heading(struct kt_strbuf *sb, const char *text, bool bold)
{
	kt_strbuf_addf(sb, bold ? "\n\033[1m%s:\033[0m\n" : "\n%s:\n", text);
}

/* A name, then its text in a column of its own. */
static void entry(struct kt_strbuf *sb, const char *name, const char *text,
		  unsigned int columns)
{
	size_t length = strlen(name) + 2;

	kt_strbuf_addf(sb, "  %s", name);
	if (length + 2 > TEXT_COLUMN)
		kt_strbuf_addf(sb, "\n%*s", (int)TEXT_COLUMN, "");
	else
		kt_strbuf_addf(sb, "%*s", (int)(TEXT_COLUMN - length), "");
	wrap(sb, text, TEXT_COLUMN, TEXT_COLUMN, columns);
}

static void option_entry(struct kt_strbuf *sb, const struct kt_option *option,
			 unsigned int columns)
{
	_cleanup_strbuf_ struct kt_strbuf name = {0}, text = {0};

	if (!option->letter)
		kt_strbuf_add(&name, "    ");
	kt_help_option(&name, option);
	kt_strbuf_add(&text, option->help);
	if (option->environment)
		kt_strbuf_addf(&text, " [environment: %s]", option->environment);
	entry(sb, kt_strbuf_text(&name), kt_strbuf_text(&text), columns);
}

void kt_help_text(struct kt_strbuf *sb, const struct kt_command *command,
		  const char *path, unsigned int columns, bool bold)
{
	if (columns < TEXT_COLUMN + TEXT_WIDTH)
		columns = TEXT_COLUMN + TEXT_WIDTH;
	/* Long lines are hard to read, however wide the terminal. */
	if (columns > 100)
		columns = 100;

	kt_strbuf_add(sb, bold ? "\033[1mUsage:\033[0m " : "Usage: ");
	kt_help_usage(sb, command, path);
	kt_strbuf_add(sb, "\n\n");
	wrap(sb, command->description, 0, 0, columns);

	if (command->subcommands) {
		heading(sb, "Commands", bold);
		for (const struct kt_command *const *c = command->subcommands;
		     *c; c++) {
			if (!(*c)->hidden)
				entry(sb, (*c)->name, (*c)->summary, columns);
		}
	}
	if (command->operand.name) {
		heading(sb, "Arguments", bold);
		entry(sb, command->operand.name, command->operand.help, columns);
	}
	heading(sb, "Options", bold);
	for (const struct kt_option *o = command->options; o && o->name; o++)
		option_entry(sb, o, columns);
	option_entry(sb, &kt_help_help_option, columns);
	if (command->example) {
		heading(sb, "Examples", bold);
		kt_strbuf_add(sb, "  ");
		wrap(sb, command->example, 2, 2, UINT32_MAX);
	}
}
