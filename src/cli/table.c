// SPDX-License-Identifier: GPL-2.0-only
#include "cli/table.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"

KT_DEFINE_CLEANUP(json_t *, json_decref)

static void add_cell(struct kt_strbuf *sb, const json_t *value)
{
	_cleanup_free_ char *text = NULL;

	if (json_is_string(value)) {
		kt_strbuf_add(sb, json_string_value(value));
		return;
	}
	text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	kt_strbuf_add(sb, text ?: "");
}

/* By key: how wide its column is. */
static json_t *widths_of(const json_t *list)
{
	json_t *widths = json_object(), *entry, *value;
	const char *key;
	size_t i;

	json_array_foreach(list, i, entry)
	{
		json_object_foreach(entry, key, value)
		{
			_cleanup_strbuf_ struct kt_strbuf cell = { 0 };
			json_int_t width, before;

			add_cell(&cell, value);
			width = (json_int_t)KT_MAX(cell.length, strlen(key));
			before = json_integer_value(json_object_get(widths, key));
			if (width > before)
				json_object_set_new(widths, key,
						    json_integer(width));
		}
	}
	return widths;
}

/* Numbers to the right, all else to the left. */
static void add_padded(struct kt_strbuf *sb, const json_t *width,
		       const json_t *value, const char *text)
{
	int columns = (int)json_integer_value(width);

	kt_strbuf_addf(sb, "%*s  ", json_is_integer(value) ? columns : -columns,
		       text);
}

/* Ends a line, without blanks before the end. */
static void end_line(struct kt_strbuf *sb)
{
	while (sb->length && sb->data[sb->length - 1] == ' ')
		sb->length--;
	kt_strbuf_add_char(sb, '\n');
}

static void print_table(struct kt_strbuf *sb, json_t *list)
{
	_cleanup_(json_decref_cleanup) json_t *widths = widths_of(list);
	json_t *first = json_array_get(list, 0), *entry, *value;
	const char *key;
	size_t i;

	json_object_foreach(first, key, value)
	{
		add_padded(sb, json_object_get(widths, key), value, key);
	}
	end_line(sb);
	json_array_foreach(list, i, entry)
	{
		json_object_foreach(entry, key, value)
		{
			_cleanup_strbuf_ struct kt_strbuf cell = { 0 };

			add_cell(&cell, value);
			add_padded(sb, json_object_get(widths, key), value,
				   kt_strbuf_text(&cell));
		}
		end_line(sb);
	}
}

int kt_cli_print_list(const struct kt_cli *cli, json_t *list, bool json)
{
	_cleanup_strbuf_ struct kt_strbuf sb = { 0 };
	_cleanup_free_ char *text = NULL;

	if (!json) {
		print_table(&sb, list);
		return kt_cli_print(cli, &sb);
	}
	text = json_dumps(list, JSON_INDENT(2));
	kt_strbuf_add(&sb, text ?: "");
	kt_strbuf_add_char(&sb, '\n');
	return kt_cli_print(cli, &sb);
}
