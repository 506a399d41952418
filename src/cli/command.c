// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "cli/command.h"

struct reader {
	const char *const *argv;
	int argc;
	int next; /* index of the next word */
	struct kt_invocation *to;
	uint64_t given; /* by index in the table of options */
	struct ktstr_error *err;
};

void kt_invocation_deinit(struct kt_invocation *invocation)
{
	const struct kt_command *command = invocation->command;

	for (const struct kt_option *o = command ? command->options : NULL;
	     invocation->values && o && o->name; o++) {
		if (o->type == KT_OPTION_LIST) {
			struct kt_words *list =
				(void *)((char *)invocation->values + o->offset);

			free(list->words);
		}
	}
	kt_strbuf_deinit(&invocation->path);
	free(invocation->values);
	free(invocation->operands.words);
	*invocation = (struct kt_invocation){0};
}

const struct kt_command *kt_command_find(const struct kt_command *parent,
					 const char *name)
{
	for (const struct kt_command *const *c = parent->subcommands; c && *c;
	     c++) {
		if (strcmp((*c)->name, name) == 0)
			return *c;
	}
	return NULL;
}

static int no_such_command(struct reader *r, const char *word)
{
	const struct kt_command *parent = r->to->command;
	struct kt_suggestion near = {.word = word};

	for (const struct kt_command *const *c = parent->subcommands; *c; c++) {
		if (!(*c)->hidden)
			kt_suggestion_offer(&near, (*c)->name);
	}
	if (near.best)
		return kt_err(r->err, -EINVAL,
			      "no command \"%s\"; did you mean \"%s\"?", word,
			      near.best);
	return kt_err(r->err, -EINVAL, "no command \"%s\"", word);
}

static int no_such_option(struct reader *r, const char *word, size_t length)
{
	const struct kt_option *options = r->to->command->options;
	_cleanup_free_ char *name = strndup(word, length);
	struct kt_suggestion near = {.word = name};

	if (!name)
		return kt_err_errno(r->err, -ENOMEM, "command line");
	for (const struct kt_option *o = options; o && o->name; o++)
		kt_suggestion_offer(&near, o->name);
	kt_suggestion_offer(&near, "help");
	if (near.best)
		return kt_err(r->err, -EINVAL,
			      "no option --%s; did you mean --%s?", name,
			      near.best);
	return kt_err(r->err, -EINVAL, "no option --%s", name);
}

static int set(struct reader *r, const struct kt_option *option,
	       const char *source, const char *text)
{
	size_t index = (size_t)(option - r->to->command->options);

	r->given |= 1ULL << index;
	return kt_option_set(option, source, text, r->to->values, r->err);
}

/* The word behind an option that wants one. */
static int take_value(struct reader *r, const struct kt_option *option,
		      const char *source)
{
	if (r->next == r->argc)
		return kt_err(r->err, -EINVAL, "%s needs a value (%s)", source,
			      option->value);
	return set(r, option, source, r->argv[r->next++]);
}

/* `word` is behind the dashes: "memory", "memory=1G". */
static int read_long(struct reader *r, const char *word)
{
	size_t length = strcspn(word, "=");
	const char *value = word[length] ? word + length + 1 : NULL;
	char source[64];

	snprintf(source, sizeof(source), "--%.*s", (int)length, word);
	if (strcmp(word, "help") == 0) {
		r->to->help = true;
		return 0;
	}
	for (const struct kt_option *o = r->to->command->options; o && o->name;
	     o++) {
		if (strlen(o->name) != length ||
		    strncmp(o->name, word, length) != 0)
			continue;
		if (o->type == KT_OPTION_FLAG) {
			if (value)
				return kt_err(r->err, -EINVAL,
					      "%s takes no value, but was "
					      "given \"%s\"",
					      source, value);
			return set(r, o, source, NULL);
		}
		return value ? set(r, o, source, value)
			     : take_value(r, o, source);
	}
	return no_such_option(r, word, length);
}

/* `word` is behind the dash: "d", "dt5", "t5". */
static int read_short(struct reader *r, const char *word)
{
	for (; *word; word++) {
		const struct kt_option *o = r->to->command->options;
		char source[] = {'-', *word, '\0'};
		int result;

		if (*word == 'h') {
			r->to->help = true;
			return 0;
		}
		while (o && o->name && o->letter != *word)
			o++;
		if (!o || !o->name)
			return kt_err(r->err, -EINVAL, "no option %s", source);
		if (o->type != KT_OPTION_FLAG)
			return word[1] ? set(r, o, source, word + 1)
				       : take_value(r, o, source);
		result = set(r, o, source, NULL);
		if (result < 0)
			return result;
	}
	return 0;
}

static int add_operand(struct reader *r, const char *word)
{
	struct kt_words *operands = &r->to->operands;

	/* No command line has more operands than words. */
	if (!operands->words)
		operands->words =
			calloc((size_t)r->argc, sizeof(*operands->words));
	if (!operands->words)
		return kt_err_errno(r->err, -ENOMEM, "command line");
	operands->words[operands->n++] = word;
	return 0;
}

static int check_choice(struct reader *r, const struct kt_operand *operand,
			const char *word)
{
	_cleanup_strbuf_ struct kt_strbuf all = {0};

	for (const char *const *c = operand->choices; *c; c++) {
		if (strcmp(*c, word) == 0)
			return 0;
		kt_strbuf_addf(&all, "%s%s",
			       c == operand->choices ? ""
			       : c[1]                ? ", "
						     : " or ",
			       *c);
	}
	return kt_err(r->err, -EINVAL, "%s must be %s, not \"%s\"",
		      operand->name, kt_strbuf_text(&all), word);
}

static int check_operands(struct reader *r)
{
	const struct kt_operand *operand = &r->to->command->operand;
	const struct kt_words *given = &r->to->operands;

	if (!operand->name && given->n > 0)
		return kt_err(r->err, -EINVAL, "unexpected argument \"%s\"",
			      given->words[0]);
	if (given->n > operand->max)
		return kt_err(r->err, -EINVAL, "unexpected argument \"%s\"",
			      given->words[operand->max]);
	if (given->n < operand->min)
		return kt_err(r->err, -EINVAL, "%s is missing", operand->name);
	for (size_t i = 0; operand->choices && i < given->n; i++) {
		int result = check_choice(r, operand, given->words[i]);

		if (result < 0)
			return result;
	}
	return 0;
}

static int read_environment(struct reader *r)
{
	const struct kt_option *options = r->to->command->options;

	for (const struct kt_option *o = options; o && o->name; o++) {
		const char *text;
		int result;

		if (!o->environment || r->given & 1ULL << (o - options))
			continue;
		text = getenv(o->environment);
		if (!text || !*text)
			continue;
		result = kt_option_set(o, o->environment, text, r->to->values,
				       r->err);
		if (result < 0)
			return result;
	}
	return 0;
}

static int read_words(struct reader *r)
{
	bool options_end = false;
	int result;

	while (r->next < r->argc && !r->to->help) {
		const char *word = r->argv[r->next++];

		if (options_end || word[0] != '-' || !word[1])
			result = add_operand(r, word);
		else if (strcmp(word, "--") == 0)
			result = 0, options_end = true;
		else if (word[1] == '-')
			result = read_long(r, word + 2);
		else
			result = read_short(r, word + 1);
		if (result < 0)
			return result;
	}
	return 0;
}

static int make_values(struct reader *r)
{
	const struct kt_command *command = r->to->command;

	if (command->values_bytes == 0)
		return 0;
	r->to->values = calloc(1, command->values_bytes);
	if (!r->to->values)
		return kt_err_errno(r->err, -ENOMEM, "command line");
	if (command->defaults)
		memcpy(r->to->values, command->defaults, command->values_bytes);
	return 0;
}

int kt_command_parse(const struct kt_command *root, int argc,
		     const char *const *argv, struct kt_invocation *ret,
		     struct ktstr_error *err)
{
	struct reader r = {
		.argv = argv,
		.argc = argc,
		.next = 1,
		.to = ret,
		.err = err,
	};
	int result;

	*ret = (struct kt_invocation){.command = root};
	kt_strbuf_add(&ret->path, root->name);
	while (ret->command->subcommands && r.next < argc &&
	       argv[r.next][0] != '-') {
		const char *word = argv[r.next++];
		const struct kt_command *c = kt_command_find(ret->command, word);

		if (!c)
			return no_such_command(&r, word);
		ret->command = c;
		kt_strbuf_addf(&ret->path, " %s", c->name);
	}
	if (kt_strbuf_failed(&ret->path))
		return kt_err_errno(err, -ENOMEM, "command line");
	result = make_values(&r);
	if (result < 0)
		return result;
	result = read_words(&r);
	if (result < 0 || ret->help)
		return result;
	result = read_environment(&r);
	if (result < 0)
		return result;
	return check_operands(&r);
}
