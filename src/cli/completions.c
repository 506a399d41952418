// SPDX-License-Identifier: GPL-2.0-only
#include "cli/cli.h"
#include "cli/help.h"

static int completions_run(struct kt_cli *cli, const void *values,
			   const struct kt_words *operands)
{
	_cleanup_strbuf_ struct kt_strbuf sb = {0};

	(void)values;
	kt_help_completions(&sb, &kt_root_command, operands->words[0]);
	return kt_cli_print(cli, &sb);
}

static const char *const shells[] = {"bash", "zsh", "fish", NULL};

const struct kt_command kt_completions_command = {
	.name = "completions",
	.summary = "Print a shell's completion script",
	.description =
		"Prints a script that teaches a shell to complete ktstr's "
		"commands, options and their values.",
	.example = "source <(ktstr completions bash)\n"
		   "ktstr completions zsh > ~/.zfunc/_ktstr\n"
		   "ktstr completions fish > "
		   "~/.config/fish/completions/ktstr.fish",
	.operand =
		{
			.name = "SHELL",
			.min = 1,
			.max = 1,
			.complete = KT_COMPLETE_CHOICES,
			.choices = shells,
			.help = "bash, zsh or fish.",
		},
	.run = completions_run,
};
