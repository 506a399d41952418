// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/strbuf.h"
#include "kernel/apt.h"
#include "kernel/cache.h"
#include "kernel/fetch.h"
#include "kernel/staging.h"

#define LOCK_TIMEOUT_MS    (60 * 60 * 1000)
#define COMPLAINTS_SHOWN   900
#define OFFERS_SHOWN       16
#define SPACE_MARGIN_BYTES (64 * KT_MIB)

/* A fetch under way. */
struct fetch {
	const struct kt_fetch_request *request;
	struct kt_fetch_progress progress;
	uint64_t done_before; /* bytes of the packages that are complete */
	struct kt_strbuf complaints;
	struct kt_apt apt;
	struct kt_apt_offers offers;
	struct kt_apt_packages packages;
};

static void fetch_deinit(struct fetch *fetch)
{
	kt_strbuf_deinit(&fetch->complaints);
	kt_apt_deinit(&fetch->apt);
	kt_apt_offers_deinit(&fetch->offers);
	kt_apt_packages_deinit(&fetch->packages);
}

static void report(struct fetch *fetch, enum kt_fetch_phase phase)
{
	fetch->progress.phase = phase;
	if (fetch->request->progress)
		fetch->request->progress(fetch->request->userdata,
					 &fetch->progress);
}

static bool is_cancelled(void *userdata)
{
	const struct fetch *fetch = userdata;

	return fetch->request->cancelled &&
	       fetch->request->cancelled(fetch->request->userdata);
}

static void report_bytes(void *userdata, uint64_t bytes)
{
	struct fetch *fetch = userdata;

	fetch->progress.done_bytes = fetch->done_before + bytes;
	report(fetch, KT_FETCH_DOWNLOAD);
}

/* The part of a release that people write: "6.18.15", "6.1.0-56". */
static int short_length(const char *release)
{
	const char *cut = strpbrk(release, "+_");
	const char *flavour = strstr(release, "-cloud-");

	if (!flavour)
		flavour = strstr(release, "-rt-");
	if (!flavour)
		flavour = strrchr(release, '-');
	if (!cut || (flavour && flavour < cut))
		cut = flavour;
	return cut ? (int)(cut - release) : (int)strlen(release);
}

static bool same_series(const char *a, const char *b)
{
	size_t n = strcspn(a, ".");

	if (a[n])
		n += 1 + strcspn(a + n + 1, ".+-~");
	return !strncmp(a, b, n) && (b[n] < '0' || b[n] > '9');
}

/* "7.3.4, 7.2.12, ...": series are runs in the sorted list. */
static void name_offers(const struct kt_apt_offers *offers, struct kt_strbuf *out)
{
	const char *last = NULL;
	int shown = 0;

	for (size_t i = 0; i < offers->n && shown < OFFERS_SHOWN; i++) {
		const char *release = offers->list[i].release;

		if (!offers->list[i].complete ||
		    (last && same_series(last, release)))
			continue;
		kt_strbuf_addf(out, "%s%.*s", shown++ ? ", " : "",
			       short_length(release), release);
		last = release;
	}
}

static const char *tail_of(struct kt_strbuf *text)
{
	const char *all = kt_strbuf_text(text);

	while (text->length && text->data[text->length - 1] == '\n')
		text->data[--text->length] = '\0';

	return text->length > COMPLAINTS_SHOWN ?
		       all + (text->length - COMPLAINTS_SHOWN) :
		       all;
}

static int not_on_offer(struct fetch *fetch, struct ktstr_error *err)
{
	_cleanup_strbuf_ struct kt_strbuf suites = { 0 }, offers = { 0 };
	const char *version = fetch->request->version;
	const char *part = kt_apt_pick(&fetch->offers, version, false);
	bool complained = fetch->complaints.length;

	kt_debian_sources_name(&fetch->apt.sources, &suites);
	name_offers(&fetch->offers, &offers);
	if (!fetch->offers.n && complained)
		return kt_err_kind(err, KTSTR_ERROR_ENVIRONMENT, -ENETUNREACH,
				   "no package list of %s could be read; apt "
				   "says:\n%s",
				   kt_strbuf_text(&suites),
				   tail_of(&fetch->complaints));
	if (!fetch->offers.n)
		return kt_err(err, -ENOENT, "no kernels are on offer in %s",
			      kt_strbuf_text(&suites));
	return kt_err(err, -ENOENT,
		      "kernel %s is %s in %s; the newest of each series "
		      "there: %s%s%s",
		      part ? part : version,
		      part ? "on offer without its modules" : "not on offer",
		      kt_strbuf_text(&suites), kt_strbuf_text(&offers),
		      complained ? ". Not all lists could be read:\n" : "",
		      complained ? tail_of(&fetch->complaints) : "");
}

static int check_version(const char *version, struct ktstr_error *err)
{
	if (!strcmp(version, "latest") || kt_release_is_version(version))
		return 0;
	return kt_err(err, -EINVAL,
		      "\"%s\" is no kernel version; give \"latest\", a series "
		      "such as 7.3 or a release such as 6.18.15",
		      version);
}

/* Several at once would only be in each other's way. */
static int take_turn(struct fetch *fetch, struct ktstr_error *err)
{
	int lock = kt_cache_lock("fetch", 0, NULL, NULL, err);

	if (lock != -EBUSY)
		return lock;
	report(fetch, KT_FETCH_WAITING);
	return kt_cache_lock("fetch", LOCK_TIMEOUT_MS, is_cancelled, fetch, err);
}

/* Packages and what they unpack to are about the same size. */
static int check_space(struct fetch *fetch, struct ktstr_error *err)
{
	uint64_t needed =
		fetch->progress.total_bytes * 5 / 2 + SPACE_MARGIN_BYTES;
	_cleanup_free_ char *directory = NULL;
	struct statvfs st;
	uint64_t room;
	int r = kt_cache_dir("apt", &directory, err);

	if (r)
		return r;
	if (statvfs(directory, &st) < 0)
		return 0;
	room = (uint64_t)st.f_bavail * st.f_frsize;
	if (room >= needed)
		return 0;
	return kt_err(
		err, -ENOSPC,
		"kernel %s needs about %llu MiB in %s, which has %llu MiB "
		"left; make room, or set KTSTR_CACHE_DIR to another place",
		fetch->progress.release ? fetch->progress.release :
					  fetch->request->version,
		(unsigned long long)(needed / KT_MIB), directory,
		(unsigned long long)(room / KT_MIB));
}

static int choose(struct fetch *fetch, const char **ret_release,
		  struct ktstr_error *err)
{
	const char *release;
	int r;

	report(fetch, KT_FETCH_LISTS);
	/* For the lists alone so far; later for the kernel. */
	r = check_space(fetch, err);
	if (r)
		return r;
	r = kt_apt_init(&fetch->apt, fetch->request->suite, is_cancelled, fetch,
			err);
	if (!r)
		r = kt_apt_update(&fetch->apt, &fetch->complaints, err);
	if (!r)
		r = kt_apt_offers(&fetch->apt, &fetch->offers, err);
	if (r)
		return r;
	release = kt_apt_pick(&fetch->offers, fetch->request->version, true);
	if (!release)
		return not_on_offer(fetch, err);
	if (fetch->complaints.length)
		kt_warn(fetch->request->log,
			"not all package lists could be read anew; older ones "
			"serve. apt says:\n%s",
			tail_of(&fetch->complaints));
	*ret_release = release;
	return 0;
}

static int download(struct fetch *fetch, struct ktstr_error *err)
{
	int r;

	r = kt_apt_packages(&fetch->apt, fetch->progress.release,
			    &fetch->packages, err);
	if (r)
		return r;
	for (size_t i = 0; i < fetch->packages.n; i++)
		fetch->progress.total_bytes += fetch->packages.list[i].bytes;
	r = check_space(fetch, err);
	for (size_t i = 0; !r && i < fetch->packages.n; i++) {
		r = kt_apt_download(&fetch->apt, &fetch->packages.list[i],
				    report_bytes, err);
		fetch->done_before += fetch->packages.list[i].bytes;
	}
	return r;
}

static int unpack(struct fetch *fetch, struct ktstr_error *err)
{
	_cleanup_(kt_staging_deinit) struct kt_staging staging = { 0 };
	int r;

	report(fetch, KT_FETCH_UNPACK);
	r = kt_staging_init(&staging, fetch->progress.release, err);
	for (size_t i = 0; !r && i < fetch->packages.n; i++) {
		r = kt_apt_extract(&fetch->apt, &fetch->packages.list[i],
				   staging.unpacked, err);
		if (!r && is_cancelled(fetch))
			r = kt_err(err, -ECANCELED, "interrupted");
	}
	if (!r)
		r = kt_staging_publish(&staging, err);
	return r;
}

/* The kernel is in place: its packages are of no more use. */
static void drop_downloads(struct fetch *fetch)
{
	for (size_t i = 0; i < fetch->packages.n; i++) {
		_cleanup_free_ char *path = kt_path_join(
			fetch->apt.downloads, fetch->packages.list[i].file);

		if (path)
			unlink(path);
	}
}

static int finish(struct fetch *fetch, const char *release, bool was_there,
		  struct kt_fetch_result *ret, struct ktstr_error *err)
{
	struct kt_fetch_result result = {
		.was_there = was_there,
		.total_bytes = fetch->progress.total_bytes,
	};
	int r = kt_staging_image(release, &result.image, err);

	if (r)
		return r;
	strcpy(result.release, release);
	*ret = result;
	return 0;
}

int kt_kernel_fetch(const struct kt_fetch_request *request,
		    struct kt_fetch_result *ret, struct ktstr_error *err)
{
	_cleanup_(fetch_deinit) struct fetch fetch = { .request = request };
	_cleanup_close_ int lock = -1;
	char present[KT_RELEASE_BYTES];
	int r = check_version(request->version, err);

	if (r)
		return r;
	/* A point release never changes: no need to ask the network. */
	if (!request->suite && kt_staging_find(request->version, present))
		return finish(&fetch, present, true, ret, err);
	lock = take_turn(&fetch, err);
	if (lock < 0)
		return lock;
	r = choose(&fetch, &fetch.progress.release, err);
	if (r)
		return r;
	if (kt_staging_is_published(fetch.progress.release))
		return finish(&fetch, fetch.progress.release, true, ret, err);
	r = download(&fetch, err);
	if (!r)
		r = unpack(&fetch, err);
	if (r)
		return r;
	drop_downloads(&fetch);
	return finish(&fetch, fetch.progress.release, false, ret, err);
}
