// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "cli/help.h"
#include "topology/grammar.h"

typedef void add_command_fn(struct kt_strbuf *sb, const struct kt_command *root,
			    const struct kt_command *command, const char *path);

/* Calls `add` for every command that is shown, parents before children. */
static void walk(struct kt_strbuf *sb, const struct kt_command *root,
		 const struct kt_command *command, const char *path,
		 add_command_fn *add)
{
	add(sb, root, command, path);
	for (const struct kt_command *const *c = command->subcommands; c && *c;
	     c++) {
		_cleanup_strbuf_ struct kt_strbuf sub = {0};

		if ((*c)->hidden)
			continue;
		kt_strbuf_addf(&sub, "%s %s", path, (*c)->name);
		walk(sb, root, *c, kt_strbuf_text(&sub), add);
	}
}

static void add_words(struct kt_strbuf *sb, const char *const *words)
{
	for (; words && *words; words++)
		kt_strbuf_addf(sb, " %s", *words);
}

/* The words that a value may be, each with a blank in front. */
static void add_values(struct kt_strbuf *sb, enum kt_complete complete,
		       const char *const *choices)
{
	const struct kt_topology_preset *presets;
	size_t n;

	if (complete != KT_COMPLETE_TOPOLOGY) {
		add_words(sb, choices);
		return;
	}
	presets = kt_topology_presets(&n);
	for (size_t i = 0; i < n; i++)
		kt_strbuf_addf(sb, " %s", presets[i].name);
}

static void add_subcommands(struct kt_strbuf *sb, const struct kt_command *command)
{
	for (const struct kt_command *const *c = command->subcommands; c && *c;
	     c++) {
		if (!(*c)->hidden)
			kt_strbuf_addf(sb, " %s", (*c)->name);
	}
}

static void add_operand_values(struct kt_strbuf *sb,
			       const struct kt_command *root,
			       const struct kt_operand *operand)
{
	if (operand->complete == KT_COMPLETE_COMMAND)
		add_subcommands(sb, root);
	else
		add_values(sb, operand->complete, operand->choices);
}

/* Text inside single quotes, for each of the three shells. */
static void add_quoted(struct kt_strbuf *sb, const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			kt_strbuf_add(sb, "'\\''");
		else
			kt_strbuf_add_char(sb, *text);
	}
}

/* bash */

static void bash_path(struct kt_strbuf *sb, const struct kt_command *root,
		      const struct kt_command *command, const char *path)
{
	(void)root;
	for (const struct kt_command *const *c = command->subcommands; c && *c;
	     c++) {
		if (!(*c)->hidden)
			kt_strbuf_addf(sb, "\t\t\"%s %s\") ;;\n", path,
				       (*c)->name);
	}
}

static void bash_values(struct kt_strbuf *sb, const struct kt_command *root,
			const struct kt_command *command, const char *path)
{
	(void)root;
	for (const struct kt_option *o = command->options; o && o->name; o++) {
		if (o->type == KT_OPTION_FLAG)
			continue;
		kt_strbuf_addf(sb, "\t\"%s --%s\"", path, o->name);
		if (o->letter)
			kt_strbuf_addf(sb, " | \"%s -%c\"", path, o->letter);
		kt_strbuf_add(sb, ")\n");
		if (o->complete == KT_COMPLETE_FILE)
			kt_strbuf_add(sb, "\t\tfiles=1\n");
		kt_strbuf_add(sb, "\t\twords='");
		add_values(sb, o->complete, o->choices);
		kt_strbuf_add(sb, "'\n\t\t;;\n");
	}
}

static void bash_command(struct kt_strbuf *sb, const struct kt_command *root,
			 const struct kt_command *command, const char *path)
{
	const struct kt_operand *operand = &command->operand;

	kt_strbuf_addf(sb, "\t\"%s\")\n\t\toptions='--help", path);
	for (const struct kt_option *o = command->options; o && o->name; o++)
		kt_strbuf_addf(sb, " --%s", o->name);
	kt_strbuf_add(sb, "'\n");
	if (operand->complete == KT_COMPLETE_FILE)
		kt_strbuf_add(sb, "\t\tfiles=1\n");
	kt_strbuf_add(sb, "\t\twords='");
	add_subcommands(sb, command);
	add_operand_values(sb, root, operand);
	kt_strbuf_add(sb, "'\n\t\t;;\n");
}

static void bash_script(struct kt_strbuf *sb, const struct kt_command *root)
{
	kt_strbuf_addf(sb,
		       "# bash completion for %s; made by it\n"
		       "_%s()\n"
		       "{\n"
		       "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev= path=%s\n"
		       "\tlocal i options= words= files=\n"
		       "\n"
		       "\t# bash takes --option=value for three words.\n"
		       "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		       "\t\tif [[ ${COMP_WORDS[i]} != '=' ]]; then\n"
		       "\t\t\tprev=${COMP_WORDS[i]}\n"
		       "\t\tfi\n"
		       "\t\tcase \"$path ${COMP_WORDS[i]}\" in\n",
		       root->name, root->name, root->name);
	walk(sb, root, root, root->name, bash_path);
	kt_strbuf_add(sb, "\t\t*) continue ;;\n"
			  "\t\tesac\n"
			  "\t\tpath+=\" ${COMP_WORDS[i]}\"\n"
			  "\tdone\n"
			  "\tif [[ $cur == '=' ]]; then\n"
			  "\t\tcur=\n"
			  "\tfi\n"
			  "\n"
			  "\tcase \"$path $prev\" in\n");
	walk(sb, root, root, root->name, bash_values);
	kt_strbuf_add(sb, "\t*)\n\t\tprev=\n\t\t;;\n\tesac\n"
			  "\tif [[ ! $prev ]]; then\n"
			  "\t\tcase $path in\n");
	walk(sb, root, root, root->name, bash_command);
	kt_strbuf_addf(sb,
		       "\t\tesac\n"
		       "\t\tif [[ $cur == -* ]]; then\n"
		       "\t\t\twords=$options files=\n"
		       "\t\tfi\n"
		       "\tfi\n"
		       "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- "
		       "\"$cur\")\n"
		       "\tif [[ $files ]]; then\n"
		       "\t\tcompopt -o filenames\n"
		       "\t\tmapfile -t -O ${#COMPREPLY[@]} COMPREPLY < "
		       "<(compgen -f -- \"$cur\")\n"
		       "\tfi\n"
		       "}\n"
		       "complete -F _%s %s\n",
		       root->name, root->name);
}

/* zsh */

/* What _arguments is to offer for a value or an operand. */
static void zsh_action(struct kt_strbuf *sb, enum kt_complete complete,
		       const char *words)
{
	if (complete == KT_COMPLETE_FILE)
		kt_strbuf_add(sb, ":_files");
	else if (*words)
		kt_strbuf_addf(sb, ":(%s)", words);
	else
		kt_strbuf_add(sb, ": ");
}

/* A hint inside [...]: what _arguments reads there is escaped. */
static void zsh_hint(struct kt_strbuf *sb, const char *help)
{
	_cleanup_strbuf_ struct kt_strbuf hint = {0};

	kt_help_hint(&hint, help);
	for (const char *c = kt_strbuf_text(&hint); *c; c++) {
		if (strchr("[]:\\", *c))
			kt_strbuf_add_char(sb, '\\');
		add_quoted(sb, (char[]){*c, '\0'});
	}
}

static void zsh_option(struct kt_strbuf *sb, const struct kt_option *o)
{
	const char *repeat = o->type == KT_OPTION_LIST ? "*" : "";
	const char *assign = o->type == KT_OPTION_FLAG ? "" : "=";
	_cleanup_strbuf_ struct kt_strbuf rest = {0}, words = {0};

	kt_strbuf_add(&rest, "[");
	zsh_hint(&rest, o->help);
	kt_strbuf_add(&rest, "]");
	if (o->type != KT_OPTION_FLAG) {
		kt_strbuf_addf(&rest, ":%s", o->value);
		add_values(&words, o->complete, o->choices);
		zsh_action(&rest, o->complete, kt_strbuf_text(&words));
	}
	kt_strbuf_addf(sb, " \\\n\t\t\t'%s--%s%s%s'", repeat, o->name, assign,
		       kt_strbuf_text(&rest));
	if (o->letter)
		kt_strbuf_addf(sb, " \\\n\t\t\t'%s-%c%s%s'", repeat, o->letter,
			       o->type == KT_OPTION_FLAG ? "" : "+",
			       kt_strbuf_text(&rest));
}

static void zsh_command(struct kt_strbuf *sb, const struct kt_command *root,
			const struct kt_command *command, const char *path)
{
	const struct kt_operand *operand = &command->operand;
	_cleanup_strbuf_ struct kt_strbuf words = {0};

	kt_strbuf_addf(sb, "\t'%s')\n\t\t_arguments -s", path);
	for (const struct kt_option *o = command->options; o && o->name; o++)
		zsh_option(sb, o);
	zsh_option(sb, &kt_help_help_option);
	if (command->subcommands) {
		kt_strbuf_add(sb, " \\\n\t\t\t'*:command:((");
		for (const struct kt_command *const *c = command->subcommands;
		     *c; c++) {
			if ((*c)->hidden)
				continue;
			kt_strbuf_addf(sb, " %s\\:\"", (*c)->name);
			add_quoted(sb, (*c)->summary);
			kt_strbuf_add_char(sb, '"');
		}
		kt_strbuf_add(sb, "))'");
	} else if (operand->name) {
		kt_strbuf_addf(sb, " \\\n\t\t\t'%s:%s",
			       operand->max > 1 ? "*" : "1", operand->name);
		add_operand_values(&words, root, operand);
		zsh_action(sb, operand->complete, kt_strbuf_text(&words));
		kt_strbuf_add_char(sb, '\'');
	}
	kt_strbuf_add(sb, "\n\t\t;;\n");
}

static void zsh_script(struct kt_strbuf *sb, const struct kt_command *root)
{
	kt_strbuf_addf(sb,
		       "#compdef %s\n"
		       "# zsh completion for %s; made by it\n"
		       "_%s()\n"
		       "{\n"
		       "\tlocal at=%s\n"
		       "\tlocal -i i=2\n"
		       "\n"
		       "\t# Leave only the innermost command's words to be "
		       "looked at.\n"
		       "\twhile (( i < CURRENT )); do\n"
		       "\t\tcase \"$at ${words[i]}\" in\n",
		       root->name, root->name, root->name, root->name);
	walk(sb, root, root, root->name, bash_path);
	kt_strbuf_add(sb, "\t\t*) break ;;\n"
			  "\t\tesac\n"
			  "\t\tat+=\" ${words[i]}\"\n"
			  "\t\t(( i++ ))\n"
			  "\tdone\n"
			  "\twords=(\"$at\" \"${(@)words[i,-1]}\")\n"
			  "\t(( CURRENT -= i - 2 ))\n"
			  "\n"
			  "\tcase $at in\n");
	walk(sb, root, root, root->name, zsh_command);
	kt_strbuf_addf(sb,
		       "\tesac\n"
		       "}\n"
		       "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n"
		       "\t_%s \"$@\"\n"
		       "else\n"
		       "\tcompdef _%s %s\n"
		       "fi\n",
		       root->name, root->name, root->name);
}

/* fish */

/* "ktstr kernel fetch": all of its words seen, none of its subcommands. */
static void fish_condition(struct kt_strbuf *sb,
			   const struct kt_command *command, const char *path)
{
	const char *word = strchr(path, ' ');
	const char *and = "";

	kt_strbuf_add(sb, " -n '");
	while (word) {
		size_t length;

		word++;
		length = strcspn(word, " ");
		kt_strbuf_addf(sb, "%s__fish_seen_subcommand_from %.*s", and,
			       (int)length, word);
		and = "; and ";
		word = word[length] ? word + length : NULL;
	}
	if (command->subcommands) {
		kt_strbuf_addf(sb, "%snot __fish_seen_subcommand_from", and);
		add_subcommands(sb, command);
	}
	kt_strbuf_add_char(sb, '\'');
}

static void fish_hint(struct kt_strbuf *sb, const char *help)
{
	_cleanup_strbuf_ struct kt_strbuf hint = {0};

	kt_help_hint(&hint, help);
	kt_strbuf_add(sb, " -d '");
	for (const char *c = kt_strbuf_text(&hint); *c; c++) {
		if (*c == '\'' || *c == '\\')
			kt_strbuf_add_char(sb, '\\');
		kt_strbuf_add_char(sb, *c);
	}
	kt_strbuf_add_char(sb, '\'');
}

static void fish_option(struct kt_strbuf *sb, const struct kt_option *o,
			const char *start)
{
	kt_strbuf_addf(sb, "%s -l %s", start, o->name);
	if (o->letter)
		kt_strbuf_addf(sb, " -s %c", o->letter);
	if (o->type != KT_OPTION_FLAG)
		kt_strbuf_add(sb,
			      o->complete == KT_COMPLETE_FILE ? " -rF" : " -x");
	if (o->choices || o->complete == KT_COMPLETE_TOPOLOGY) {
		kt_strbuf_add(sb, " -a '");
		add_values(sb, o->complete, o->choices);
		kt_strbuf_add_char(sb, '\'');
	}
	fish_hint(sb, o->help);
	kt_strbuf_add_char(sb, '\n');
}

static void fish_command(struct kt_strbuf *sb, const struct kt_command *root,
			 const struct kt_command *command, const char *path)
{
	const struct kt_operand *operand = &command->operand;
	_cleanup_strbuf_ struct kt_strbuf start = {0};
	const char *text;

	kt_strbuf_addf(&start, "complete -c %s", root->name);
	fish_condition(&start, command, path);
	text = kt_strbuf_text(&start);
	for (const struct kt_command *const *c = command->subcommands; c && *c;
	     c++) {
		if ((*c)->hidden)
			continue;
		kt_strbuf_addf(sb, "%s -a %s", text, (*c)->name);
		fish_hint(sb, (*c)->summary);
		kt_strbuf_add_char(sb, '\n');
	}
	for (const struct kt_option *o = command->options; o && o->name; o++)
		fish_option(sb, o, text);
	fish_option(sb, &kt_help_help_option, text);
	if (operand->complete == KT_COMPLETE_FILE) {
		kt_strbuf_addf(sb, "%s -F\n", text);
	} else if (operand->complete != KT_COMPLETE_NONE) {
		kt_strbuf_addf(sb, "%s -a '", text);
		add_operand_values(sb, root, operand);
		kt_strbuf_add(sb, "'\n");
	}
}

static void fish_script(struct kt_strbuf *sb, const struct kt_command *root)
{
	kt_strbuf_addf(sb,
		       "# fish completion for %s; made by it\n"
		       "complete -c %s -f\n",
		       root->name, root->name);
	walk(sb, root, root, root->name, fish_command);
}

void kt_help_completions(struct kt_strbuf *sb, const struct kt_command *root,
			 const char *shell)
{
	if (strcmp(shell, "bash") == 0)
		bash_script(sb, root);
	else if (strcmp(shell, "zsh") == 0)
		zsh_script(sb, root);
	else
		fish_script(sb, root);
}
