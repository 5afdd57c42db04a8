// The parts of PeersReport in C: tracepoints of LTTng-UST, and the clocks that a tracer can read.
// Usage: lttng WHAT THREADS MILLISECONDS EVENTS_PER_SECOND, where 0 events per second is as fast as it can.
// Prints how many events or spans there were, and the nanoseconds of a thread's time that one takes (JMH's average
// time), waits for the pace included.
// gcc -O2 -pthread -I. lttng.c -llttng-ust -ldl
#define _GNU_SOURCE
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "lttng-events.h"
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// Events between two looks at the flag that ends the run; and what fills the rings' pages before the time counts.
enum { BATCH = 1000, WARM_UP_BATCHES = 100, MAX_THREADS = 64 };

static const char TEXT[] = "0123456789abcdef0123456789abcdef";

typedef void batch(long first);

struct worker {
	pthread_t thread;
	int64_t warmed, events, nanos;
};

static batch *emit;
static int64_t batch_nanos;
static int is_over;
static pthread_barrier_t all_warm;

static int64_t now(void) {
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static inline uint64_t cycles(void) {
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t count;
	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(count));
	return count;
#else
#error "no counter of cycles is known for this architecture"
#endif
}

// Reads the counter after all earlier instructions.
static inline uint64_t ordered_cycles(void) {
#if defined(__x86_64__)
	__asm__ volatile("lfence" : : : "memory");
#else
	__asm__ volatile("isb" : : : "memory");
#endif
	return cycles();
}

static void read_ordered(long first) {
	for (long i = first; i < first + BATCH; i++) {
		uint64_t read = ordered_cycles();
		__asm__ volatile("" : : "r"(read));
	}
}

static void read_cycles(long first) {
	for (long i = first; i < first + BATCH; i++) {
		uint64_t read = cycles();
		__asm__ volatile("" : : "r"(read));
	}
}

static void read_clock(long first) {
	for (long i = first; i < first + BATCH; i++) {
		int64_t read = now();
		__asm__ volatile("" : : "r"(read));
	}
}

static void trace_two_longs(long first) {
	for (long i = first; i < first + BATCH; i++) {
		lttng_ust_tracepoint(rseq4j_peer, two_longs, i, -i);
	}
}

static void trace_span(long first) {
	for (long i = first; i < first + BATCH; i++) {
		lttng_ust_tracepoint(rseq4j_peer, span_begin, i);
		lttng_ust_tracepoint(rseq4j_peer, span_end);
	}
}

static void trace_text(long first) {
	for (long i = first; i < first + BATCH; i++) {
		lttng_ust_tracepoint(rseq4j_peer, text, TEXT);
	}
}

static const struct {
	const char *name;
	batch *emit;
} WHATS[] = {{"cycles", read_cycles}, {"ordered", read_ordered}, {"clock", read_clock}, {"longs", trace_two_longs},
		{"span", trace_span}, {"text", trace_text}};

static void *work(void *argument) {
	struct worker *worker = argument;
	for (; batch_nanos == 0 && worker->warmed < WARM_UP_BATCHES * BATCH; worker->warmed += BATCH) {
		emit(worker->warmed);
	}
	pthread_barrier_wait(&all_warm);
	int64_t start = now();
	while (!__atomic_load_n(&is_over, __ATOMIC_RELAXED)) {
		emit(worker->events);
		worker->events += BATCH;
		if (batch_nanos != 0) {
			int64_t due = start + worker->events / BATCH * batch_nanos;
			struct timespec until = {due / 1000000000, due % 1000000000};
			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
		}
	}
	worker->nanos = now() - start;
	return NULL;
}

int main(int count, char **arguments) {
	if (count != 5) {
		return 2;
	}
	for (size_t i = 0; i < sizeof WHATS / sizeof *WHATS; i++) {
		if (strcmp(arguments[1], WHATS[i].name) == 0) {
			emit = WHATS[i].emit;
		}
	}
	int threads = atoi(arguments[2]);
	int64_t milliseconds = atoll(arguments[3]);
	int64_t rate = atoll(arguments[4]);
	if (emit == NULL || threads < 1 || threads > MAX_THREADS || milliseconds < 1 || rate < 0) {
		return 2;
	}
	batch_nanos = rate == 0 ? 0 : INT64_C(1000000000) * BATCH * threads / rate;
	static struct worker workers[MAX_THREADS];
	pthread_barrier_init(&all_warm, NULL, threads + 1);
	for (int i = 0; i < threads; i++) {
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
			return 1;
		}
	}
	pthread_barrier_wait(&all_warm);
	struct timespec span = {milliseconds / 1000, milliseconds % 1000 * 1000000};
	clock_nanosleep(CLOCK_MONOTONIC, 0, &span, NULL);
	__atomic_store_n(&is_over, 1, __ATOMIC_RELAXED);
	int64_t all = 0, timed = 0, nanos = 0;
	for (int i = 0; i < threads; i++) {
		pthread_join(workers[i].thread, NULL);
		all += workers[i].warmed + workers[i].events;
		timed += workers[i].events;
		nanos += workers[i].nanos;
	}
	printf("%lld %.3f\n", (long long) all, (double) nanos / timed);
	return 0;
}
