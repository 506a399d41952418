/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The guest's CLOCK_MONOTONIC in terms of the host's. Pure: the caller carries
 * the questions and answers, and says what time it is.
 *
 *	host   asked -----------------------.------------> answered
 *	guest             reads its clock, somewhere between
 *
 * Wherever between the two moments the guest read its clock, the middle of
 * them is off by no more than half their distance: that bounds the error,
 * however uneven the ways there and back. Of several exchanges the tightest
 * counts. Its bound grows with its age, since the clocks drift, until a younger
 * one is tighter.
 *
 * The guest may lie; then its own times come out wrong, and nothing else.
 */

#include <stdbool.h>
#include <stdint.h>

/* Two clocks that NTP steers part by no more than 500 ppm (adjtimex(2)). */
#define KT_GUEST_CLOCK_DRIFT_DIVISOR 2000

/* Zero-initialised nothing is known. */
struct kt_guest_clock {
	uint64_t n_asked;  /* questions so far; also the last one's number */
	bool open;         /* the last one was not answered yet */
	uint64_t asked_ns; /* when it was put */

	uint64_t n_answers;
	bool known;
	uint64_t offset_ns; /* guest's minus host's, modulo 2^64 */
	uint64_t error_ns;  /* bound of its error, at `at_ns` */
	uint64_t at_ns;     /* the host's time of the best exchange */
};

/* The number to send along with a question that is put now. */
uint64_t kt_guest_clock_ask(struct kt_guest_clock *clock, uint64_t now_ns);

/*
 * Takes the answer that arrived now. False, with nothing changed, when it is
 * none to the open question, or its time is none that a clock can have.
 */
bool kt_guest_clock_answer(struct kt_guest_clock *clock, uint64_t number,
			   uint64_t guest_ns, uint64_t now_ns);

/* Bound of what a conversion of this host's time is off; UINT64_MAX: unknown. */
uint64_t kt_guest_clock_error(const struct kt_guest_clock *clock,
			      uint64_t host_ns);

/* False when nothing is known, or the result is no time. */
bool kt_guest_clock_to_guest(const struct kt_guest_clock *clock,
			     uint64_t host_ns, uint64_t *ret);
bool kt_guest_clock_to_host(const struct kt_guest_clock *clock,
			    uint64_t guest_ns, uint64_t *ret);
