// SPDX-License-Identifier: GPL-2.0-only
#include "cli/cli.h"
#include "cli/help.h"

struct help_values {
	bool man;
};

static const struct kt_option help_options[] = {
	{
		.name = "man",
		.type = KT_OPTION_FLAG,
		.offset = offsetof(struct help_values, man),
		.help = "Print the commands as source of the man page.",
	},
	{0},
};

static int help_run(struct kt_cli *cli, const void *values,
		    const struct kt_words *operands)
{
	const struct help_values *v = values;
	const struct kt_command *command = &kt_root_command;
	_cleanup_strbuf_ struct kt_strbuf sb = {0}, path = {0};

	if (v->man) {
		kt_help_manual(&sb, &kt_root_command);
		return kt_cli_print(cli, &sb);
	}
	kt_strbuf_add(&path, command->name);
	for (size_t i = 0; i < operands->n; i++) {
		const char *word = operands->words[i];

		command = kt_command_find(command, word);
		if (!command)
			return kt_cli_usage_error(cli, kt_strbuf_text(&path),
						  "no command \"%s\" to help "
						  "with",
						  word);
		kt_strbuf_addf(&path, " %s", word);
	}
	kt_help_text(&sb, command, kt_strbuf_text(&path), kt_cli_columns(),
		     cli->color_out);
	return kt_cli_print(cli, &sb);
}

const struct kt_command kt_help_command = {
	.name = "help",
	.summary = "Show the help of a command",
	.description = "Shows what a command does and which options it takes; "
		       "without one, the commands that there are.",
	.options = help_options,
	.operand =
		{
			.name = "COMMAND",
			.max = SIZE_MAX,
			.complete = KT_COMPLETE_COMMAND,
			.help = "A command and, if it has any, its subcommand.",
		},
	.values_bytes = sizeof(struct help_values),
	.run = help_run,
};
