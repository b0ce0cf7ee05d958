// SPDX-License-Identifier: GPL-2.0
/*
@ABOUT@
 *
 * Written by ttysim. Self-contained: in a kernel tree, build it with
 * -DKSELFTEST_HARNESS='"../kselftest_harness.h"' and it uses the harness there.
 *
 *	gcc -O2 -Wall -Wextra -Werror -pthread -o @NAME@ @NAME@.c
 *	./@NAME@
 *
 * A round is: a fresh pair, the operations before the threads, the threads side
 * by side, each after a short random delay, and a look at what arrives. It ends
 * after ROUNDS rounds or SECONDS seconds, whichever comes first (environment
 * variables of these names change that), and fails if data was stuck or lost.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#ifdef KSELFTEST_HARNESS
#include KSELFTEST_HARNESS
#else
/* The part of kselftest_harness.h that is used here. */
static struct { int failed, skipped; } result;
struct __test_metadata { int unused; };
#define TH_LOG(...) (printf("# " __VA_ARGS__), printf("\n"))
#define SKIP(statement, ...) do { \
	result.skipped = 1; \
	printf("# SKIP " __VA_ARGS__); printf("\n"); \
	statement; \
} while (0)
#define EXPECT_EQ(expected, seen) do { \
	long e_ = (expected), s_ = (seen); \
	if (e_ != s_) { \
		result.failed = 1; \
		TH_LOG("Expected %s (%ld) == %s (%ld)", #expected, e_, #seen, s_); \
	} \
} while (0)
#define TEST(name) \
	static const char *const test_name = "global." #name; \
	static void test_body(struct __test_metadata *_metadata \
			      __attribute__((unused)))
#define TEST_HARNESS_MAIN \
int main(void) \
{ \
	struct __test_metadata m = { 0 }; \
	printf("TAP version 13\n1..1\n# Starting 1 tests from 1 test cases.\n"); \
	printf("#  RUN           %s ...\n", test_name); \
	fflush(stdout); \
	test_body(&m); \
	printf("%sok 1 %s%s\n", result.failed ? "not " : "", test_name, \
	       result.skipped ? " # SKIP not possible here" : ""); \
	printf("# Totals: pass:%d fail:%d xfail:0 xpass:0 skip:%d error:0\n", \
	       !result.failed && !result.skipped, result.failed, result.skipped); \
	return result.failed ? 1 : result.skipped ? 4 : 0; \
}
#endif

enum { MASTER, SLAVE };
#define ROUNDS @ROUNDS@
#define SECONDS @SECONDS@
/* How long nothing has to move before data that is missing counts as stuck. */
#define QUIET_MS 300

/* The round in progress. */
static int fds[2];
static atomic_long sent[2];	/* towards this end, and accepted */
static atomic_long got[2];	/* at this end */
static atomic_int refused;	/* errno of a call that cannot be made here */
static atomic_uint ready, gate, finished;
static atomic_bool over;

static int other(int end)
{
	return end == MASTER ? SLAVE : MASTER;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void __attribute__((unused)) do_write(int end, const char *data, size_t n)
{
	ssize_t done = write(fds[end], data, n);

	if (done > 0)
		atomic_fetch_add(&sent[other(end)], done);
}

static void do_read(int end, size_t n, int wait_ms)
{
	char buf[4096];
	struct pollfd p = { .fd = fds[end], .events = POLLIN };
	ssize_t done;

	if (wait_ms && poll(&p, 1, wait_ms) <= 0)
		return;
	done = read(fds[end], buf, n < sizeof(buf) ? n : sizeof(buf));
	if (done > 0)
		atomic_fetch_add(&got[end], done);
}

static void __attribute__((unused)) do_sti(int end, char c)
{
	if (ioctl(fds[end], TIOCSTI, &c) == 0)
		atomic_fetch_add(&sent[end], 1);
	else
		atomic_store(&refused, errno);
}

static void __attribute__((unused)) do_peek(int end, unsigned long number)
{
	static char image[1 << 16];

	/* Refused for the moment is fine: what counts is what it leaves behind. */
	if (ioctl(fds[end], number, image) && (errno == ENOTTY || errno == EPERM))
		atomic_store(&refused, errno);
}

static void __attribute__((unused)) do_number(int end, unsigned long request)
{
	int n;

	if (ioctl(fds[end], request, &n))
		atomic_store(&refused, errno);
}

static void __attribute__((unused)) do_poll(int end)
{
	struct pollfd p = { .fd = fds[end], .events = POLLIN | POLLOUT };

	poll(&p, 1, 0);
}

struct settings {
	tcflag_t iflag, oflag, lflag;
	unsigned char cc[17];
};

static void __attribute__((unused)) do_termios(int end, const struct settings *s,
					       int when)
{
	struct termios t;

	tcgetattr(fds[end], &t);
	t.c_iflag = s->iflag;
	t.c_oflag = s->oflag;
	t.c_lflag = s->lflag;
	memcpy(t.c_cc, s->cc, sizeof(s->cc));
	tcsetattr(fds[end], when, &t);
}

/* Lets the workers finish: a poll that finds nothing waits for them. */
static void __attribute__((unused)) do_settle(void)
{
	for (int i = 0; i < 3; i++) {
		for (int end = MASTER; end <= SLAVE; end++) {
			struct pollfd p = { .fd = fds[end], .events = POLLIN };

			poll(&p, 1, 0);
		}
		usleep(100);
	}
}

@DATA@
static void before(void)
{
@BEFORE@
}

@BODIES@
static void (*const bodies[])(void) = { @NAMES@ };
#define THREADS (sizeof(bodies) / sizeof(bodies[0]))

static unsigned int random_next(unsigned int *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void *thread(void *arg)
{
	size_t me = (size_t)arg;
	unsigned int state = 2463534242u + 97 * me;

	for (unsigned int round = 1;; round++) {
		unsigned int delay;

		delay = random_next(&state);
		delay &= (1u << (random_next(&state) % 11)) - 1;
		atomic_fetch_add(&ready, 1);
		while (atomic_load(&gate) != round)
			if (!atomic_load(&over))
				sched_yield();
			else
				return NULL;
		for (volatile unsigned int i = 0; i < delay; i++)
			;
		bodies[me]();
		atomic_fetch_add(&finished, 1);
	}
}

/* Reads what comes at `end` until `want` bytes came or nothing moves. */
static long drain(int end, long want, int quiet_ms)
{
	while (atomic_load(&got[end]) < want) {
		struct pollfd p = { .fd = fds[end], .events = POLLIN };

		if (poll(&p, 1, quiet_ms) <= 0)
			break;
		do_read(end, 4096, 0);
	}
	return want - atomic_load(&got[end]);
}

static bool open_pair(void)
{
	int unlock = 0;

	fds[MASTER] = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
	if (fds[MASTER] < 0)
		return false;
	if (ioctl(fds[MASTER], TIOCSPTLCK, &unlock) == 0)
		fds[SLAVE] = ioctl(fds[MASTER], TIOCGPTPEER,
				   O_RDWR | O_NOCTTY | O_NONBLOCK);
	else
		fds[SLAVE] = -1;
	for (int end = MASTER; end <= SLAVE; end++) {
		atomic_store(&sent[end], 0);
		atomic_store(&got[end], 0);
	}
	return fds[SLAVE] >= 0;
}

static long limit(const char *name, long otherwise)
{
	const char *text = getenv(name);

	return text ? atol(text) : otherwise;
}

/* What the rounds have shown so far. */
struct tally { long rounds, stuck, lost, bytes; };

/* Looks at one end. One more byte brings what is stuck, and not what is lost. */
static void judge(int end, struct tally *tally)
{
	long missing = drain(end, atomic_load(&sent[end]), QUIET_MS);

	if (missing <= 0)
		return;
	if (write(fds[other(end)], "p", 1) == 1)
		atomic_fetch_add(&sent[end], 1);
	if (drain(end, atomic_load(&sent[end]), QUIET_MS) <= 0) {
		tally->stuck++;
		tally->bytes += missing;
	} else {
		tally->lost++;
	}
}

TEST(@NAME@)
{
	long rounds = limit("ROUNDS", ROUNDS);
	double end = now() + limit("SECONDS", SECONDS);
	struct tally tally = { 0 };
	pthread_t threads[THREADS];
	size_t n;

	for (n = 0; n < THREADS; n++)
		if (pthread_create(&threads[n], NULL, thread, (void *)n))
			break;
	while (n == THREADS && tally.rounds < rounds && now() < end) {
		if (!open_pair())
			break;
		while (atomic_load(&ready) != THREADS * (tally.rounds + 1))
			sched_yield();
		before();
		atomic_fetch_add(&gate, 1);
		tally.rounds++;
		/* Asleep: the worker needs a processor too. */
		while (atomic_load(&finished) != THREADS * tally.rounds)
			usleep(20);
@JUDGE@
		close(fds[SLAVE]);
		close(fds[MASTER]);
		if (atomic_load(&refused))
			break;
	}
	atomic_store(&over, true);
	while (n-- > 0)
		pthread_join(threads[n], NULL);
	if (atomic_load(&refused))
		SKIP(return, "a call is refused: %s", strerror(atomic_load(&refused)));
	if (tally.rounds == 0)
		SKIP(return, "no pty to be had: %s", strerror(errno));
	TH_LOG("%ld rounds, %ld with data stuck until one more byte came (%ld bytes in all), %ld with data lost",
	       tally.rounds, tally.stuck, tally.bytes, tally.lost);
	EXPECT_EQ(0, tally.stuck);
	EXPECT_EQ(0, tally.lost);
}

TEST_HARNESS_MAIN
