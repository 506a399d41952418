// SPDX-License-Identifier: GPL-2.0-only
/*
 * What Debian's static libelf of elfutils 0.191 and later calls and does not
 * hold: search trees of its internal library (elfutils: lib/eu-search.h). A
 * loader has one thread, so they are those of <search.h>. Weak, for a libelf
 * that is whole.
 */
#include <search.h>
#include <stddef.h>

/* With a lock behind it, for which libelf makes the room. */
struct search_tree {
	void *root;
};

typedef int (*compare_func)(const void *a, const void *b);

void __attribute__((weak)) eu_search_tree_init(struct search_tree *tree);
void __attribute__((weak))
eu_search_tree_fini(struct search_tree *tree, void (*free_node)(void *node));
void *__attribute__((weak))
eu_tsearch(const void *key, struct search_tree *tree, compare_func compare);
void *__attribute__((weak))
eu_tdelete(const void *key, struct search_tree *tree, compare_func compare);

void eu_search_tree_init(struct search_tree *tree)
{
	tree->root = NULL;
}

void eu_search_tree_fini(struct search_tree *tree, void (*free_node)(void *node))
{
	tdestroy(tree->root, free_node);
	tree->root = NULL;
}

void *eu_tsearch(const void *key, struct search_tree *tree, compare_func compare)
{
	return tsearch(key, &tree->root, compare);
}

void *eu_tdelete(const void *key, struct search_tree *tree, compare_func compare)
{
	return tdelete(key, &tree->root, compare);
}
