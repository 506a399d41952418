/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The texts that come out of the commands' tables. `path` is how the command
 * is called: "ktstr kernel fetch".
 */

#include "cli/command.h"

/* --help, wrapped to so many columns; `bold` marks headings and names. */
void kt_help_text(struct kt_strbuf *sb, const struct kt_command *command,
		  const char *path, unsigned int columns, bool bold);

/* "ktstr shell [OPTION]... [NAME]" */
void kt_help_usage(struct kt_strbuf *sb, const struct kt_command *command,
		   const char *path);

/* man(7) source for all commands below `root`, for the page's COMMANDS. */
void kt_help_manual(struct kt_strbuf *sb, const struct kt_command *root);

/* "-t, --topology=T", with as much of that as the option has. */
void kt_help_option(struct kt_strbuf *sb, const struct kt_option *option);

/* The first sentence of an option's help, without its full stop. */
void kt_help_hint(struct kt_strbuf *sb, const char *help);

/* The completion script for "bash", "zsh" or "fish". */
void kt_help_completions(struct kt_strbuf *sb, const struct kt_command *root,
			 const char *shell);

/* The entry for --help, which no table has. */
extern const struct kt_option kt_help_help_option;
