// SPDX-License-Identifier: GPL-2.0-only
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/help.h"

struct root_values {
	bool version;
};

static const struct kt_option root_options[] = {
	{
		.name = "version",
		.letter = 'V',
		.type = KT_OPTION_FLAG,
		.offset = offsetof(struct root_values, version),
		.help = "Print the version.",
	},
	{ 0 },
};

static const struct kt_command *const commands[] = {
	&kt_test_command,    &kt_run_command,
	&kt_shell_command,   &kt_topo_command,
	&kt_ps_command,      &kt_inspect_command,
	&kt_verifier_command, &kt_kernel_command,
	&kt_host_command,    &kt_locks_command,
	&kt_completions_command, &kt_help_command, NULL,
};

static int root_run(struct kt_cli *cli, const void *values,
		    const struct kt_words *operands)
{
	const struct root_values *v = values;
	_cleanup_strbuf_ struct kt_strbuf sb = { 0 };

	(void)operands;
	if (!v->version)
		return kt_cli_usage_error(cli, "ktstr", "a command is missing");
	kt_strbuf_add(&sb, "ktstr " KTSTR_VERSION "\n");
	return kt_cli_print(cli, &sb);
}

const struct kt_command kt_root_command = {
	.name = "ktstr",
	.summary = "Boot Linux kernels in machines of declared topology",
	.description = "Boots a Linux kernel in a virtual machine whose CPU "
		       "and memory "
		       "topology is declared, and runs tests or commands in "
		       "it.",
	.options = root_options,
	.subcommands = commands,
	.values_bytes = sizeof(struct root_values),
	.run = root_run,
};

/* The library's notes. */
static void print_note(void *userdata, enum ktstr_log_level level,
		       const char *message)
{
	const struct kt_cli *cli = userdata;

	if (level == KTSTR_LOG_WARNING)
		kt_cli_warning(cli, "%s", message);
	else if (level == KTSTR_LOG_NOTICE || getenv("KTSTR_DEBUG"))
		kt_cli_error(cli, "%s", message);
}

static bool wants_color(int fd)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return isatty(fd) && !(no_color && *no_color) &&
	       !(term && strcmp(term, "dumb") == 0);
}

static int print_help(const struct kt_cli *cli,
		      const struct kt_invocation *invocation)
{
	_cleanup_strbuf_ struct kt_strbuf sb = { 0 };

	kt_help_text(&sb, invocation->command, kt_strbuf_text(&invocation->path),
		     kt_cli_columns(), cli->color_out);
	return kt_cli_print(cli, &sb);
}

int main(int argc, char **argv)
{
	_cleanup_invocation_ struct kt_invocation invocation = { 0 };
	struct kt_cli cli = {
		.argc = argc,
		.argv = (const char *const *)argv,
		.color_out = wants_color(STDOUT_FILENO),
		.color_err = wants_color(STDERR_FILENO),
	};
	struct ktstr_log log = { .emit = print_note, .userdata = &cli };
	struct ktstr_error err = { 0 };

	cli.log = &log;
	/* A reader that has gone shows as EPIPE where it is written to. */
	signal(SIGPIPE, SIG_IGN);
	if (kt_command_parse(&kt_root_command, argc, cli.argv, &invocation,
			     &err) < 0)
		return kt_cli_usage_error(&cli, kt_strbuf_text(&invocation.path),
					  "%s", err.message);
	if (invocation.help)
		return print_help(&cli, &invocation);
	if (!invocation.command->run)
		return kt_cli_usage_error(&cli, kt_strbuf_text(&invocation.path),
					  "a command is missing");
	return invocation.command->run(&cli, invocation.values,
				       &invocation.operands);
}
