// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "kernel/release.h"

/* Not the locale's: file names of kernels are ASCII. */
static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_release_char(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || (c && strchr("._+~-", c));
}

int kt_release_parse(const char *text, size_t bytes, char *ret)
{
	size_t n = 0;

	while (n < bytes && n < KT_RELEASE_BYTES && is_release_char(text[n]))
		n++;
	if (!n || n >= KT_RELEASE_BYTES || !is_digit(text[0]))
		return -EBADMSG;
	if (n < bytes && text[n] && text[n] != ' ' && text[n] != '\n')
		return -EBADMSG;
	memcpy(ret, text, n);
	ret[n] = '\0';
	return 0;
}

bool kt_release_is_version(const char *text)
{
	char copy[KT_RELEASE_BYTES];

	return !kt_release_parse(text, strlen(text), copy) &&
	       strlen(copy) == strlen(text) && strchr(text, '.');
}

bool kt_release_matches(const char *release, const char *version)
{
	size_t n = strlen(version);

	return n && !strncmp(release, version, n) && !is_digit(release[n]);
}

static int sign(int value)
{
	return (value > 0) - (value < 0);
}

int kt_release_compare(const char *a, const char *b)
{
	while (*a || *b) {
		size_t na = 0, nb = 0;

		if (!is_digit(*a) || !is_digit(*b)) {
			bool rc_a =
				!strncmp(a, "-rc", 3) || !strncmp(a, "~rc", 3);
			bool rc_b =
				!strncmp(b, "-rc", 3) || !strncmp(b, "~rc", 3);

			if (rc_a != rc_b)
				return rc_a ? -1 : 1;
			if (*a != *b)
				return sign((unsigned char)*a - (unsigned char)*b);
			a++;
			b++;
			continue;
		}
		while (*a == '0')
			a++;
		while (*b == '0')
			b++;
		while (is_digit(a[na]))
			na++;
		while (is_digit(b[nb]))
			nb++;
		if (na != nb)
			return na < nb ? -1 : 1;
		if (strncmp(a, b, na))
			return sign(strncmp(a, b, na));
		a += na;
		b += nb;
	}
	return 0;
}
