/*
 * every_step: a signal before every instruction of the protocol's functions, one by one. The parent forks a child for
 * each instruction, runs it up to there, sends the signal, and continues it. The handler registers and unregisters, or
 * joins, or keeps its registration. In every case the count must be exact, and a holder of a count must be registered.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"
#include "rseq4j.h"
#include "start.h"

#define SIGNATURE 0x53053053
#define SIGNAL 44
#define MOST_STEPS 5000
#define LOST_THE_WAY 1000
#define CRASHED 1001

extern __thread unsigned int __rseq_refcount, rseq4j_libc_refcount, rseq4j_users, rseq4j_state;
extern __thread char __rseq_abi[];

static int handled, kept, handler_does;

static char *area(void)
{
	return (char *) __builtin_thread_pointer() + rseq4j_offset();
}

static unsigned int count(void)
{
	return area() == __rseq_abi ? __rseq_refcount : rseq4j_libc_refcount;
}

static int is_registered(void)
{
	return rseq4j_current_cpu() >= 0 && syscall(SYS_rseq, area(), rseq4j_length(), 0, SIGNATURE) == -1 && errno == EBUSY;
}

static void handler(int signal)
{
	int error = errno, answer;

	(void) signal;
	handled++;
	if (handler_does == 1) {
		answer = rseq4j_join();
		EXPECT(answer == 0 || (answer == -ECANCELED && rseq4j_state == 2));
	} else {
		answer = rseq4j_register();
		EXPECT(answer == 0 || (answer == -ECANCELED && rseq4j_state == 2));
		kept += !answer;
	}
	EXPECT(answer != 0 || is_registered());
	if (handler_does == 0 && answer == 0) {
		kept--;
		EXPECT(rseq4j_unregister() == 0);
	}
	errno = error;
}

/* Stops the child, by an instruction that no other code contains. */
static inline __attribute__((always_inline)) void stop(long self)
{
	long answer;

	__asm__ volatile("syscall" : "=a" (answer) : "0" ((long) SYS_kill), "D" (self), "S" ((long) SIGSTOP)
			 : "rcx", "r11", "memory");
}

/* The script of the thread, which is run step by step, so it has no checks that a handler may disturb. */
static void script(int which, int answers[4])
{
	switch (which) {
	case 0:
		answers[0] = rseq4j_register();
		answers[1] = rseq4j_unregister();
		break;
	case 1:
		answers[0] = rseq4j_join();
		answers[1] = rseq4j_leave();
		break;
	case 2:
		answers[0] = rseq4j_register();
		answers[1] = rseq4j_join();
		answers[2] = rseq4j_unregister();
		break;
	default:
		answers[0] = rseq4j_join();
		answers[1] = rseq4j_register();
		answers[2] = rseq4j_leave();
		answers[3] = rseq4j_unregister();
		break;
	}
}

static int child(int which)
{
	int answers[4] = { 0, 0, 0, 0 };
	unsigned int stand_in;
	long self = getpid();

	/* Puts the thread into the state of a new thread. */
	EXPECT(rseq4j_leave() == 0);
	rseq4j_state = 0;
	/* One count represents libc's own registration. */
	stand_in = count();
	EXPECT(stand_in == (rseq4j_owner() == RSEQ4J_OWNER_LIBC));
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	stop(self);
	script(which, answers);
	stop(self);
	EXPECT(answers[0] == 0 && answers[1] == 0 && answers[2] == 0 && answers[3] == 0);
	EXPECT(handled == 1);
	EXPECT(!kept || is_registered());
	while (kept-- > 0)
		EXPECT(rseq4j_unregister() == 0);
	EXPECT(rseq4j_users == 0);
	EXPECT(count() == stand_in + (rseq4j_state == 1));
	EXPECT(is_registered() == (count() > 0));
	fflush(NULL);
	return faults;
}

/* The path of the script, step by step, from one pass without a signal. */
static long path[MOST_STEPS];

static pid_t start(int which)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(child(which));
	waitpid(pid, &status, 0);
	return pid;
}

static long instruction(pid_t pid)
{
	return ptrace(PTRACE_PEEKUSER, pid, (void *) offsetof(struct user, regs.rip), NULL);
}

static int find_path(int which)
{
	int status, steps = 0;
	pid_t pid = start(which);

	do {
		path[steps++] = instruction(pid);
		ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL);
		waitpid(pid, &status, 0);
	} while (WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP && steps < MOST_STEPS);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return steps;
}

/*
 * Runs the script with the signal before this step, and returns the child's faults. A breakpoint is faster than many
 * steps.
 */
static int at_step(int which, int step)
{
	int status, again = 0;
	pid_t pid = start(which);
	void *at = (void *) path[step];
	long text = ptrace(PTRACE_PEEKTEXT, pid, at, NULL);

	for (int i = 0; i < step; i++)
		again += path[i] == path[step];
	while (step && again >= 0) {
		if (instruction(pid) == path[step]) {
			ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL);
			waitpid(pid, &status, 0);
		}
		ptrace(PTRACE_POKETEXT, pid, at, (void *) ((text & ~0xffl) | 0xcc));
		ptrace(PTRACE_CONT, pid, NULL, NULL);
		waitpid(pid, &status, 0);
		ptrace(PTRACE_POKETEXT, pid, at, (void *) text);
		if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP)
			break;
		ptrace(PTRACE_POKEUSER, pid, (void *) offsetof(struct user, regs.rip), at);
		again--;
	}
	if (instruction(pid) != path[step]) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		return LOST_THE_WAY;
	}
	syscall(SYS_tgkill, pid, pid, SIGNAL);
	do {
		int signal = step ? WSTOPSIG(status) : SIGSTOP;

		ptrace(PTRACE_CONT, pid, NULL, (void *) (long) (signal == SIGSTOP || signal == SIGTRAP ? 0 : signal));
		waitpid(pid, &status, 0);
		step = 1;
	} while (WIFSTOPPED(status));
	return WIFEXITED(status) ? WEXITSTATUS(status) : CRASHED;
}

int main(int argc, char **argv)
{
	struct sigaction action;
	cpu_set_t one;
	int bad = 0, total = 0;

	(void) argc;
	(void) argv;
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* Parent and child alternate, which is many times faster on one CPU. */
	CPU_ZERO(&one);
	CPU_SET(rseq4j_current_cpu(), &one);
	sched_setaffinity(0, sizeof one, &one);
	memset(&action, 0, sizeof action);
	action.sa_handler = handler;
	sigaction(SIGNAL, &action, NULL);
	for (handler_does = 0; handler_does < 3; handler_does++) {
		for (int which = 0; which < 4; which++) {
			int steps = find_path(which);

			for (int step = 0; step < steps; step++) {
				int answer = at_step(which, step);

				if (answer && bad++ < 5)
					printf("script %d, handler %d, step %d: %d\n", which, handler_does, step, answer);
			}
			total += steps;
			bad += steps == MOST_STEPS;
		}
	}
	printf("owner=%d steps=%d faults=%d\n", rseq4j_owner(), total, bad);
	fflush(NULL);
	return bad != 0;
}
