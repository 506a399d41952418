// SPDX-License-Identifier: GPL-2.0-only
#include "cli/choice.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* In which a test binary lists its tests: it does nothing else meanwhile. */
#define LIST_LIMIT_MS (30 * 1000)

void kt_choice_deinit(struct kt_choice *choice)
{
	for (size_t i = 0; i < choice->n; i++)
		kt_includes_deinit(&choice->tests[i].includes);
	free(choice->tests);
	for (size_t i = 0; i < choice->n_lists; i++)
		kt_test_list_deinit(&choice->lists[i]);
	free(choice->lists);
	*choice = (struct kt_choice){ 0 };
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

const char *kt_choice_binary_name(const struct kt_test_list *list)
{
	return base_name(list->binary);
}

static int no_memory(struct ktstr_error *err)
{
	return kt_err_errno(err, -ENOMEM, "no memory for the tests");
}

static int read_lists(struct kt_choice *choice, const struct kt_words *binaries,
		      struct ktstr_error *err)
{
	choice->lists = calloc(binaries->n, sizeof(*choice->lists));
	if (!choice->lists)
		return no_memory(err);
	for (size_t i = 0; i < binaries->n; i++) {
		const char *binary = binaries->words[i];
		int r;

		/* Results are files named by both. */
		for (size_t j = 0; j < i; j++) {
			if (strcmp(base_name(binary),
				   base_name(binaries->words[j])) == 0)
				return kt_err(
					err, -EINVAL,
					"two test binaries are called "
					"%s, and so would be their "
					"results; run one after the other",
					base_name(binary));
		}
		r = kt_test_list_read(binary, LIST_LIMIT_MS, &choice->lists[i],
				      err);
		if (r < 0)
			return r;
		choice->n_lists++;
	}
	return 0;
}

static bool matches(const struct kt_words *patterns, const char *name)
{
	for (size_t i = 0; i < patterns->n; i++) {
		const char *pattern = patterns->words[i];

		if (strpbrk(pattern, "*?[") ? fnmatch(pattern, name, 0) == 0 :
					      strstr(name, pattern) != NULL)
			return true;
	}
	return patterns->n == 0;
}

static int choose(struct kt_choice *choice, const struct kt_words *patterns,
		  struct ktstr_error *err)
{
	size_t n = 0;

	for (size_t i = 0; i < choice->n_lists; i++)
		n += choice->lists[i].n;
	choice->tests = calloc(n, sizeof(*choice->tests));
	if (!choice->tests)
		return no_memory(err);
	for (size_t i = 0; i < choice->n_lists; i++) {
		for (size_t j = 0; j < choice->lists[i].n; j++) {
			if (!matches(patterns, choice->lists[i].tests[j].name))
				continue;
			choice->tests[choice->n++] = (struct kt_chosen_test){
				.list = &choice->lists[i],
				.test = &choice->lists[i].tests[j],
			};
		}
	}
	if (!choice->n)
		return kt_err(err, -EINVAL,
			      "no test matches \"%s\", of %zu; --list names "
			      "them",
			      patterns->words[0], n);
	return 0;
}

int kt_choice_init(struct kt_choice *choice, const struct kt_words *binaries,
		   const struct kt_words *patterns, struct ktstr_error *err)
{
	int r;

	*choice = (struct kt_choice){ 0 };
	r = read_lists(choice, binaries, err);
	if (r == 0)
		r = choose(choice, patterns, err);
	if (r < 0)
		kt_choice_deinit(choice);
	return r;
}

int kt_choice_collect_includes(struct kt_choice *choice, struct ktstr_error *err)
{
	for (size_t i = 0; i < choice->n; i++) {
		struct kt_chosen_test *chosen = &choice->tests[i];
		const struct kt_test *test = chosen->test;

		for (size_t j = 0; j < test->n_include_files; j++) {
			int r = kt_includes_add(&chosen->includes,
						test->include_files[j], err);

			if (r < 0)
				return kt_err_context(err, r, "test %s",
						      test->name);
		}
	}
	return 0;
}
