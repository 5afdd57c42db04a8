// Sections in C, inlined, for x86-64 with a glibc that registers (2.35 or later): an addition to a counter (add), a pop
// and a push of a list (list), and a push and a pop of a record of 24 bytes to and from an array (record). Prints the
// nanoseconds of an addition or a pair, for each of five measurements.
// gcc -O2 stack.c && ./a.out OPERATION
#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

extern const ptrdiff_t __rseq_offset __attribute__((weak));
extern const unsigned int __rseq_size __attribute__((weak));

enum { CPU_ID = 4, RSEQ_CS = 8, MM_CID = 24, STRIDE_SHIFT = 20, INDICES = 4096, RECORD = 24, ROUNDS = 4000000, MEASUREMENTS = 5 };

static ptrdiff_t area;
static int field;

static inline uint32_t current_index(void) {
	uint32_t index;
	__asm__ volatile("movl %%fs:(%1), %0" : "=r"(index) : "r"(area + field));
	return index;
}

// What stands around the steps: the descriptor, the store that arms it, and the abort handler with its signature.
#define BEGIN \
	".pushsection __rseq_sections, \"aw\"\n\t.balign 32\n" \
	"90:\t.long 0, 0\n\t.quad 91f, 92f - 91f, 94f\n\t.popsection\n\t" \
	"leaq 90b(%%rip), %%rax\n\tmovq %%rax, %%fs:8(%[area])\n91:\n\t" \
	"cmpl %[index], %%fs:(%[field])\n\tjne %l[again]\n\t"
#define END \
	"\n92:\n\t.pushsection __rseq_aborts, \"ax\"\n\t.byte 0x0f, 0xb9, 0x3d\n\t.long 0x53053053\n" \
	"94:\n\tjmp %l[again]\n\t.popsection"

struct node {
	struct node *next;
};

static struct node *pop(char *heads) {
	struct node *node;
again:;
	uint32_t index = current_index();
	struct node **head = (struct node **)(heads + ((size_t)index << STRIDE_SHIFT));
	__asm__ goto(BEGIN
		"movq (%[head]), %%rbx\n\t"
		"testq %%rbx, %%rbx\n\tjz %l[empty]\n\t"
		"movq %%rbx, (%[node])\n\t"
		"movq (%%rbx), %%rbx\n\t"
		"movq %%rbx, (%[head])" END
		: : [area] "r"(area), [field] "r"(area + field), [index] "r"(index), [head] "r"(head), [node] "r"(&node)
		: "memory", "cc", "rax", "rbx" : again, empty);
	return node;
empty:
	return NULL;
}

static void push(char *heads, struct node *node) {
again:;
	uint32_t index = current_index();
	struct node **head = (struct node **)(heads + ((size_t)index << STRIDE_SHIFT));
	struct node *expected = *(struct node *volatile *)head;
	node->next = expected;
	__asm__ goto(BEGIN
		"cmpq (%[head]), %[expected]\n\tjne %l[again]\n\t"
		"movq %[node], (%[head])" END
		: : [area] "r"(area), [field] "r"(area + field), [index] "r"(index), [head] "r"(head),
		  [expected] "r"(expected), [node] "r"(node)
		: "memory", "cc", "rax" : again);
}

struct records {
	uint64_t used;
	char slots[64][RECORD];
};

// Compares the number of records, copies one, and commits the new number.
#define MOVE(to, from, used, expected, changed) \
	__asm__ goto(BEGIN \
		"cmpq (%[word]), %[old]\n\tjne %l[again]\n\t" \
		"movq (%[source]), %%rbx\n\tmovq %%rbx, (%[target])\n\t" \
		"movq 8(%[source]), %%rbx\n\tmovq %%rbx, 8(%[target])\n\t" \
		"movq 16(%[source]), %%rbx\n\tmovq %%rbx, 16(%[target])\n\t" \
		"movq %[new], (%[word])" END \
		: : [area] "r"(area), [field] "r"(area + field), [index] "r"(index), [word] "r"(used), \
		  [old] "r"(expected), [new] "r"(changed), [source] "r"(from), [target] "r"(to) \
		: "memory", "cc", "rax", "rbx" : again)

static int push_record(char *areas, const char *record) {
again:;
	uint32_t index = current_index();
	struct records *records = (struct records *)(areas + ((size_t)index << STRIDE_SHIFT));
	uint64_t used = *(volatile uint64_t *)&records->used;
	if (used == 64)
		return 0;
	MOVE(records->slots[used], record, &records->used, used, used + 1);
	return 1;
}

static int pop_record(char *areas, char *record) {
again:;
	uint32_t index = current_index();
	struct records *records = (struct records *)(areas + ((size_t)index << STRIDE_SHIFT));
	uint64_t used = *(volatile uint64_t *)&records->used;
	if (used == 0)
		return 0;
	MOVE(record, records->slots[used - 1], &records->used, used, used - 1);
	return 1;
}

static double nanoseconds(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

static char *reserve(void) {
	char *memory = mmap(NULL, (size_t)INDICES << STRIDE_SHIFT, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return memory;
}

static void add(char *counters, long delta) {
again:;
	uint32_t index = current_index();
	long *counter = (long *)(counters + ((size_t)index << STRIDE_SHIFT));
	__asm__ goto(BEGIN
		"addq %[delta], (%[counter])" END
		: : [area] "r"(area), [field] "r"(area + field), [index] "r"(index), [counter] "r"(counter),
		  [delta] "r"(delta)
		: "memory", "cc", "rax" : again);
}

static double measured(char *memory, const char *operation) {
	char record[RECORD] = "twenty-four bytes of it";
	double start = nanoseconds();
	if (!strcmp(operation, "add")) {
		for (int i = 0; i < ROUNDS; i++)
			add(memory, i);
	} else if (!strcmp(operation, "list")) {
		for (int i = 0; i < ROUNDS; i++) {
			struct node *node = pop(memory);
			if (node)
				push(memory, node);
		}
	} else if (!strcmp(operation, "record")) {
		for (int i = 0; i < ROUNDS; i++) {
			if (push_record(memory, record))
				pop_record(memory, record);
		}
	} else {
		fprintf(stderr, "operation=%s, must be add, list or record\n", operation);
		exit(2);
	}
	return (nanoseconds() - start) / ROUNDS;
}

int main(int count, char **arguments) {
	if (!&__rseq_offset || !__rseq_size) {
		fprintf(stderr, "libc has not registered\n");
		return 1;
	}
	area = __rseq_offset;
	field = __rseq_size >= 28 || __rseq_size == 20 || __rseq_size == 32 ? MM_CID : CPU_ID;
	char *memory = reserve();
	const char *operation = count > 1 ? arguments[1] : "";
	static struct node nodes[8];
	if (!strcmp(operation, "list"))
		for (int i = 0; i < 8; i++)
			push(memory, &nodes[i]);
	// The first measurement warms the caches.
	measured(memory, operation);
	for (int i = 0; i < MEASUREMENTS; i++)
		printf("%.3f\n", measured(memory, operation));
	return 0;
}
