/*
 * Counts from a signal handler in C: the handler interrupts the counting of the same counter anywhere, a hundred times
 * or more, and no count is lost. Runs without a JVM, by librseq4j.so and rseq4j.h, which `rseq4j provider --output DIR`
 * writes: gcc -I DIR Sample22SignalHandler.c -L DIR -lrseq4j -Wl,-rpath,DIR
 *
 * <pre>
 * interrupted 100 times or more: 1
 * counts that are missing: 0
 * </pre>
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/time.h>

#include "rseq4j.h"

static intptr_t *counter;
static volatile sig_atomic_t signals;

static void handler(int number)
{
	(void) number;
	signals++;
	if (rseq4j_add(counter, 1))
		signals = -1000000;
}

int main(void)
{
	struct itimerval timer = { { 0, 500 }, { 0, 500 } };
	long added = 0, sum = 0;

	counter = mmap(NULL, (size_t) rseq4j_limit() * RSEQ4J_STRIDE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (counter == MAP_FAILED || signal(SIGALRM, handler) == SIG_ERR || setitimer(ITIMER_REAL, &timer, NULL)) {
		perror("mmap, signal or setitimer");
		return 1;
	}
	while (signals >= 0 && signals < 100) {
		if (rseq4j_add(counter, 1))
			return 1;
		added++;
	}
	signal(SIGALRM, SIG_IGN);
	for (int index = 0; index < rseq4j_limit(); index++)
		sum += *(intptr_t *) ((char *) counter + index * RSEQ4J_STRIDE);
	printf("interrupted 100 times or more: %d\n", signals >= 100);
	printf("counts that are missing: %ld\n", added + signals - sum);
	return 0;
}
