/*
 * forbidden: a program with the provider image, in which a seccomp filter refuses rseq(2) once a thread is registered.
 * Its threads start anyway. They are not registered, and the functions report that.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "expect.h"
#include "rseq4j.h"
#include "start.h"

/* From linux/filter.h and linux/seccomp.h, which musl's compiler does not find. */
struct step {
	uint16_t code;
	uint8_t jump_true, jump_false;
	uint32_t k;
};
struct steps {
	unsigned short length;
	struct step *first;
};
#define LOAD_WORD 0x20
#define JUMP_IF_EQUAL 0x15
#define RETURN 0x06
#define ALLOW 0x7fff0000
#define ERRNO 0x00050000
#define MODE_FILTER 2

static void *thread(void *argument)
{
	EXPECT(rseq4j_register() == -EPERM && rseq4j_current_cpu() < 0);
	return argument;
}

static void forbid(void)
{
	struct step steps[] = {
		{ LOAD_WORD, 0, 0, 0 },
		{ JUMP_IF_EQUAL, 0, 1, SYS_rseq },
		{ RETURN, 0, 0, ERRNO | EPERM },
		{ RETURN, 0, 0, ALLOW },
	};
	struct steps filter = { sizeof(steps) / sizeof(steps[0]), steps };

	EXPECT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	EXPECT(prctl(PR_SET_SECCOMP, MODE_FILTER, &filter, 0, 0) == 0);
}

int main(int argc, char **argv)
{
	pthread_t one;
	void *returned;
	int answer = 42;

	(void) argc;
	(void) argv;
	EXPECT(rseq4j_join() == 0 && rseq4j_current_cpu() >= 0);
	forbid();
	for (int i = 0; i < 10; i++) {
		EXPECT(pthread_create(&one, NULL, thread, &answer) == 0);
		EXPECT(pthread_join(one, &returned) == 0 && returned == &answer);
	}
	EXPECT(rseq4j_current_cpu() >= 0);
	printf("owner=%d faults=%d\n", rseq4j_owner(), faults);
	fflush(NULL);
	return faults;
}
