// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/cli.h"
#include "cli/message.h"
#include "cli/terminal.h"

#define BOLD_RED    "\033[1;31m"
#define BOLD_YELLOW "\033[1;33m"
#define PLAIN       "\033[0m"

static void print_line(const struct kt_strbuf *line)
{
	_cleanup_strbuf_ struct kt_strbuf sb = {0};
	const char *newline = kt_terminal_is_raw() ? "\r\n" : "\n";

	for (const char *c = kt_strbuf_text(line); *c; c++) {
		if (*c == '\n')
			kt_strbuf_add(&sb, newline);
		else
			kt_strbuf_add_char(&sb, *c);
	}
	kt_strbuf_add(&sb, newline);
	kt_message_print(kt_strbuf_text(&sb), sb.length);
}

static void KT_PRINTF(4, 0)
	print_message(const struct kt_cli *cli, const char *color,
		      const char *kind, const char *fmt, va_list args)
{
	_cleanup_strbuf_ struct kt_strbuf sb = {0};

	kt_strbuf_addf(&sb, "%sktstr:%s %s", cli->color_err ? color : "",
		       cli->color_err ? PLAIN : "", kind);
	kt_strbuf_vaddf(&sb, fmt, args);
	print_line(&sb);
}

void kt_cli_error(const struct kt_cli *cli, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print_message(cli, BOLD_RED, "", fmt, args);
	va_end(args);
}

void kt_cli_warning(const struct kt_cli *cli, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print_message(cli, BOLD_YELLOW, "warning: ", fmt, args);
	va_end(args);
}

int kt_cli_fail(const struct kt_cli *cli, const struct ktstr_error *err)
{
	kt_cli_error(cli, "%s", err->message);
	return err->kind == KTSTR_ERROR_CONTENTION ? KT_EXIT_CONTENTION
						   : KT_EXIT_FAILED;
}

int kt_cli_usage_error(const struct kt_cli *cli, const char *command_path,
		       const char *fmt, ...)
{
	_cleanup_strbuf_ struct kt_strbuf sb = {0};
	va_list args;

	va_start(args, fmt);
	kt_strbuf_vaddf(&sb, fmt, args);
	va_end(args);
	kt_cli_error(cli, "%s\nTry '%s --help'.", kt_strbuf_text(&sb),
		     command_path);
	return KT_EXIT_FAILED;
}

int kt_cli_print(const struct kt_cli *cli, const struct kt_strbuf *text)
{
	int r = kt_strbuf_failed(text)
			? -ENOMEM
			: kt_write_all(STDOUT_FILENO, kt_strbuf_text(text),
				       text->length);

	if (r == 0)
		return KT_EXIT_OK;
	/* "ktstr topo | head": not worth a word. */
	if (r == -EPIPE)
		return KT_EXIT_FAILED;
	kt_cli_error(cli, "cannot write to standard output: %s", strerror(-r));
	return KT_EXIT_FAILED;
}

unsigned int kt_cli_columns(void)
{
	const char *text = getenv("COLUMNS");
	struct winsize size;
	int columns = 0;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		columns = size.ws_col;
	if (columns == 0 && text)
		columns = atoi(text);
	return columns < 20 ? 80 : (unsigned int)columns;
}
