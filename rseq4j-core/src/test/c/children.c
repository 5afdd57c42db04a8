/* children: forked processes work, and keep the registration of the parent's thread. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"
#include "rseq4j.h"
#include "start.h"

#define SIGNATURE 0x53053053

extern char **environ;
static intptr_t *cell;

static int ended(pid_t child)
{
	int status = -1;

	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int is_registered(void)
{
	char *area = (char *) __builtin_thread_pointer() + rseq4j_offset();

	return syscall(SYS_rseq, area, rseq4j_length(), 0, SIGNATURE) == -1 && errno == EBUSY && !rseq4j_add(cell, 1);
}

static void *thread(void *argument)
{
	_exit(is_registered() ? 3 : 4);
	return argument;
}

static void *all(void *argument)
{
	char *sh[] = { "sh", "-c", "exit 3", NULL };
	pid_t child;

	child = fork();
	if (!child) {
		pthread_t one;

		/* The child has inherited the registration, and its threads get their own. */
		if (!is_registered() || rseq4j_register() || rseq4j_unregister())
			_exit(5);
		pthread_create(&one, NULL, thread, NULL);
		pthread_join(one, NULL);
		_exit(6);
	}
	EXPECT(ended(child) == 3);
	EXPECT(is_registered());

	child = fork();
	if (!child) {
		execv("/bin/sh", sh);
		_exit(7);
	}
	EXPECT(ended(child) == 3);
	EXPECT(is_registered());

	child = vfork();
	if (!child) {
		execv("/bin/sh", sh);
		_exit(7);
	}
	EXPECT(ended(child) == 3);
	EXPECT(is_registered());

	EXPECT(posix_spawn(&child, "/bin/sh", NULL, NULL, sh, environ) == 0);
	EXPECT(ended(child) == 3);
	EXPECT(is_registered());
	return argument;
}

int main(int argc, char **argv)
{
	pthread_t one;

	(void) argc;
	(void) argv;
	cell = mmap(NULL, (size_t) rseq4j_limit() * (size_t) RSEQ4J_STRIDE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	all(NULL);
	pthread_create(&one, NULL, all, NULL);
	pthread_join(one, NULL);
	printf("owner=%d faults=%d\n", rseq4j_owner(), faults);
	fflush(NULL);
	return faults;
}
