// SPDX-License-Identifier: GPL-2.0-only
#include "cli/progress.h"

#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/terminal.h"

/* Of a terminal that does not say. */
#define ROWS 24

void kt_progress_init(struct kt_progress *progress, const struct kt_cli *cli,
		      bool live)
{
	*progress = (struct kt_progress){ .cli = cli, .live = live };
	pthread_mutex_init(&progress->lock, NULL);
}

/* To the first of the lines, and all from there on is cleared. */
static void erase(struct kt_progress *progress)
{
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };

	if (!progress->drawn)
		return;
	kt_strbuf_add(&text, "\r");
	if (progress->drawn > 1)
		kt_strbuf_addf(&text, "\033[%zuA", progress->drawn - 1);
	kt_strbuf_add(&text, "\033[J");
	if (!kt_strbuf_failed(&text))
		(void)kt_write_all(STDOUT_FILENO, text.data, text.length);
	progress->drawn = 0;
}

/* A line that is as wide as the terminal, or wider, would take two of it. */
static void draw(struct kt_progress *progress)
{
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };
	const char *line = kt_strbuf_text(&progress->lines);
	size_t width = kt_cli_columns() - 1, drawn = 0;
	uint16_t columns, rows = ROWS;

	if (!progress->live || progress->output_failed)
		return;
	(void)kt_terminal_size(STDOUT_FILENO, &columns, &rows);
	while (*line && drawn + 1 < rows) {
		size_t length = strcspn(line, "\n");

		if (drawn++)
			kt_strbuf_add_char(&text, '\n');
		kt_strbuf_add_bytes(&text, line, length < width ? length : width);
		line += length + (line[length] == '\n');
	}
	if (kt_strbuf_failed(&text) || !drawn)
		return;
	if (kt_write_all(STDOUT_FILENO, text.data, text.length) == 0)
		progress->drawn = drawn;
}

void kt_progress_deinit(struct kt_progress *progress)
{
	erase(progress);
	kt_strbuf_deinit(&progress->lines);
	pthread_mutex_destroy(&progress->lock);
}

void kt_progress_show(struct kt_progress *progress, const char *lines)
{
	pthread_mutex_lock(&progress->lock);
	erase(progress);
	kt_strbuf_reset(&progress->lines);
	kt_strbuf_add(&progress->lines, lines);
	draw(progress);
	pthread_mutex_unlock(&progress->lock);
}

void kt_progress_print(struct kt_progress *progress, const struct kt_strbuf *text)
{
	pthread_mutex_lock(&progress->lock);
	erase(progress);
	/* What cannot be written now will not be later. */
	if (!progress->output_failed)
		progress->output_failed =
			kt_cli_print(progress->cli, text) != KT_EXIT_OK;
	draw(progress);
	pthread_mutex_unlock(&progress->lock);
}

void kt_progress_note(struct kt_progress *progress, enum ktstr_log_level level,
		      const char *message)
{
	const struct ktstr_log *log = progress->cli->log;

	pthread_mutex_lock(&progress->lock);
	erase(progress);
	log->emit(log->userdata, level, message);
	draw(progress);
	pthread_mutex_unlock(&progress->lock);
}
