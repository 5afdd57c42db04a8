/*
 * unwind IMAGE INSTRUCTIONS: finds the caller from every instruction of every function of a provider image, as a
 * profiler does in a signal's handler: by backtrace(3) where libc has it, and by the unwinder of the compiler's
 * library; with UNWIND_LIBUNWIND by libunwind. INSTRUCTIONS is a file of the offsets of all instructions, in any order,
 * one a line. It prints the offset of each instruction that it reached.
 *
 * Each function is called repeatedly, one instruction at a time, until all of its instructions have been reached. Steps
 * out of the image are skipped: calls and system calls get made-up answers, and inaccessible memory is neither read nor
 * written. Branches take ways that they have not taken yet. The kernel would abort a section at each signal, so the
 * thread is not registered, though its area says so; the program enters abort handlers from every instruction of their
 * section, as the kernel does. With a third argument "real" the thread is registered, no step is skipped, and the
 * kernel does abort. With a number as third argument, visited() is called periodically, for a debugger.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#ifdef UNWIND_LIBUNWIND
#define UNW_LOCAL_ONLY
#include <libunwind.h>
/* Slow, because it asks the kernel which memory is mapped. */
#define UNWOUND_VISITS 1
#else
#include <unwind.h>
#define UNWOUND_VISITS 3
#endif

/* A debugger finds libraries through data that a program has, and a shared object with an entry has not. */
#ifndef UNWIND_PROGRAM
#include "start.h"
#endif

#define SIGNATURE 0x53053053
#define DEEP 32
#define ARGUMENTS 14
/* libc's first words at the thread pointer, which it does not change. */
#ifdef __x86_64__
#define THREAD_BYTES 64
#else
#define THREAD_BYTES 16
#endif
#define MOST_CALLS 400
#define MOST_STEPS 4000
#define MOST_VISITS 3
#define MORE_CALLS 5
#define ARENA_WORDS 32768

struct descriptor {
	uint32_t version, flags;
	uint64_t start, bytes, abort;
};

static const char *image;
static char *base, *text, *data;
static size_t text_bytes, data_bytes, descriptors;
static const struct descriptor *descriptor;
static const char *strings;
static const Elf64_Sym *symbols;
static size_t symbol_count;

/*
 * For each byte of the code: visits, the ways that its branch has taken, whether it was aborted, whether it leads to a
 * branch that has not taken both ways; the instruction that ran next, and the one that follows it in memory.
 */
static unsigned char *visits, *branched, *aborted, *hopeful;
static uint32_t *followers, *behind;
static void *data_copy;
/* The place of libc's data of a thread. An area at offset 0, which results from made-up answers, would overwrite it. */
static char *area, *thread, thread_copy[THREAD_BYTES];
static uintptr_t arena[ARENA_WORDS];
static size_t came_from, stop_every;
static int faults, is_real, is_stepping, in_handler, steps;
static unsigned int seed = 1;
static sigjmp_buf abandon;

/* The return addresses of the calls of the image's functions, the outermost first. */
static uintptr_t shadow[DEEP];
static int depth;
/* The return addresses of the callers of the function that makes the calls. */
static void *callers[DEEP];
static int caller_count;
static const char *calling;

extern int backtrace(void **addresses, int size) __attribute__((weak));

/* Calls a function step by step, with these arguments and with given values in the callee-saved registers. */
extern uintptr_t call_in_steps(void *function, const uintptr_t *arguments, const uint64_t *saved);
extern char call_returned[] __attribute__((visibility("hidden")));
uintptr_t call_stack __attribute__((visibility("hidden")));

/* The effects of an instruction that are needed to follow it. */
enum kind { OTHER, BRANCH, SYSTEM_CALL, CALL_OUT, CALL, RETURN };

#ifdef __x86_64__
#include "unwind_x86_64.h"
#else
#include "unwind_aarch64.h"
#endif

#ifndef UNWIND_LIBUNWIND
/*
 * glibc 2.35 has this, and the compiler's library is built for it. Here every libc gets it, in this program only:
 * struct dl_find_object of dlfcn.h, which an older one and musl's do not have.
 */
struct found {
	unsigned long long flags;
	void *start, *end;
	struct link_map *map;
	void *frames;
	unsigned long long reserved[7];
};

struct search {
	uintptr_t pc;
	struct found *found;
};

static int look_at(struct dl_phdr_info *info, size_t bytes, void *argument)
{
	struct search *search = argument;
	const void *frames = NULL;
	int is_here = 0;

	(void) bytes;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const Elf64_Phdr *header = &info->dlpi_phdr[i];
		uintptr_t from = info->dlpi_addr + header->p_vaddr;

		if (header->p_type == PT_LOAD && search->pc >= from && search->pc < from + header->p_memsz) {
			is_here = 1;
			search->found->start = (void *) from;
			search->found->end = (void *) (from + header->p_memsz);
		}
		if (header->p_type == PT_GNU_EH_FRAME)
			frames = (void *) from;
	}
	search->found->frames = (void *) frames;
	return is_here && frames;
}

__attribute__((visibility("hidden"))) int find_object(void *pc, void *found) __asm__("_dl_find_object");

int find_object(void *pc, void *found)
{
	struct search search = { (uintptr_t) pc, found };

	memset(found, 0, sizeof(struct found));
	return dl_iterate_phdr(look_at, &search) ? 0 : -1;
}
#endif

static void fault(uintptr_t pc, const char *what)
{
	if (faults++ < 20)
		printf("%s, at offset 0x%lx, depth %d: %s\n", calling, pc - (uintptr_t) base, depth, what);
}

/* After the frame of pc the frames of its callers must follow, and then those of the program's callers. */
static void check_frames(uintptr_t pc, void **frames, int count, const char *by)
{
	char what[100];
	int at = 0, end;

	while (at < count && frames[at] != (void *) pc)
		at++;
	if (at == count) {
		snprintf(what, sizeof what, "%s does not find where it is", by);
		fault(pc, what);
		return;
	}
	for (int i = depth - 1; i >= 0; i--) {
		if (++at >= count || frames[at] != (void *) shadow[i]) {
			snprintf(what, sizeof what, "%s loses caller %d of %d", by, depth - i, depth);
			fault(pc, what);
			return;
		}
	}
	/* The next one is in the function that both share. */
	at += 2;
	end = count - at < caller_count - 1 ? count - at : caller_count - 1;
	for (int i = 0; i < end; i++) {
		if (frames[at + i] != callers[1 + i]) {
			snprintf(what, sizeof what, "%s finds other callers", by);
			fault(pc, what);
			return;
		}
	}
	if (end < 1) {
		snprintf(what, sizeof what, "%s stops ahead of main", by);
		fault(pc, what);
	}
}

static void check_saved(uintptr_t pc, const uint64_t *saved, uintptr_t stack, const char *by)
{
	char what[100];

	for (int i = 0; i < SAVED; i++) {
		if (saved[i] != magic[i]) {
			snprintf(what, sizeof what, "%s loses saved register %d: 0x%lx", by, i, (unsigned long) saved[i]);
			fault(pc, what);
		}
	}
	if (stack != call_stack) {
		snprintf(what, sizeof what, "%s finds the stack at %ld", by, (long) (stack - call_stack));
		fault(pc, what);
	}
}

#ifdef UNWIND_LIBUNWIND
static void unwind(uintptr_t pc, ucontext_t *context)
{
	void *frames[DEEP];
	int count = 0;
	unw_cursor_t cursor;

	if (unw_init_local2(&cursor, context, UNW_INIT_SIGNAL_FRAME)) {
		fault(pc, "libunwind does not begin");
		return;
	}
	do {
		unw_word_t ip, stack, value;

		unw_get_reg(&cursor, UNW_REG_IP, &ip);
		frames[count++] = (void *) ip;
		if (ip == (uintptr_t) call_returned) {
			uint64_t saved[SAVED];

			for (int i = 0; i < SAVED; i++) {
				unw_get_reg(&cursor, saved_registers[i], &value);
				saved[i] = value;
			}
			unw_get_reg(&cursor, UNW_REG_SP, &stack);
			check_saved(pc, saved, stack, "libunwind");
		}
	} while (count < DEEP && unw_step(&cursor) > 0);
	check_frames(pc, frames, count, "libunwind");
}

static int find_callers(void **frames)
{
	unw_context_t here;
	unw_cursor_t cursor;
	int count = 0;

	unw_getcontext(&here);
	unw_init_local(&cursor, &here);
	while (count < DEEP && unw_step(&cursor) > 0) {
		unw_word_t ip;

		unw_get_reg(&cursor, UNW_REG_IP, &ip);
		frames[count++] = (void *) ip;
	}
	return count;
}
#else
struct walk {
	uintptr_t pc;
	void *frames[DEEP];
	int count;
};

static _Unwind_Reason_Code walked(struct _Unwind_Context *context, void *argument)
{
	struct walk *walk = argument;
	uintptr_t ip = _Unwind_GetIP(context);

	if (walk->count < DEEP)
		walk->frames[walk->count++] = (void *) ip;
	if (walk->pc && ip == (uintptr_t) call_returned) {
		uint64_t saved[SAVED];

		for (int i = 0; i < SAVED; i++)
			saved[i] = _Unwind_GetGR(context, saved_registers[i]);
		check_saved(walk->pc, saved, _Unwind_GetCFA(context), "the compiler's unwinder");
	}
	return _URC_NO_REASON;
}

static void unwind(uintptr_t pc, ucontext_t *context)
{
	struct walk walk = { pc, { NULL }, 0 };
	void *frames[DEEP];

	(void) context;
	_Unwind_Backtrace(walked, &walk);
	check_frames(pc, walk.frames, walk.count, "the compiler's unwinder");
	if (backtrace)
		check_frames(pc, frames, backtrace(frames, DEEP), "backtrace(3)");
}

/* Without this function's own frame, as a function sees them that its caller calls. */
static int find_callers(void **frames)
{
	struct walk walk = { 0, { NULL }, 0 };

	_Unwind_Backtrace(walked, &walk);
	memcpy(frames, walk.frames + 1, sizeof *frames * (walk.count - 1));
	return walk.count - 1;
}
#endif

/* For debuggers, which stop here, once for a given number of bytes of code. */

__attribute__((noinline)) void visited(uintptr_t pc)
{
	__asm__ volatile("" : : "r" (pc) : "memory");
}

static unsigned int any(void)
{
	return seed = seed * 1103515245 + 12345, seed >> 16;
}

static int is_in_text(uintptr_t pc)
{
	return pc >= (uintptr_t) text && pc < (uintptr_t) text + text_bytes;
}

/* A made-up answer of a skipped call: an address, an error, or 0. */
static uintptr_t answer(void)
{
	return any() % 3 == 0 ? 0 : any() % 3 == 0 ? (uintptr_t) -22 : (uintptr_t) &arena[ARENA_WORDS / 2];
}

static uintptr_t next(uintptr_t pc)
{
	return (uintptr_t) base + behind[pc - (uintptr_t) text];
}

static size_t target(size_t place, int taken)
{
	return (size_t) ((taken ? taken_to((uintptr_t) text + place) : next((uintptr_t) text + place)) - (uintptr_t) text);
}

/* Takes the way that the branch has not taken yet, or that leads to such a branch. */
static uintptr_t branch(size_t place)
{
	int ways[] = { hopeful[target(place, 0)], hopeful[target(place, 1)] };
	int taken = branched[place] == 1 ? 1 : branched[place] == 2 ? 0 : ways[0] != ways[1] ? ways[1] : (int) (any() & 1);

	branched[place] |= 1 << taken;
	return (uintptr_t) text + target(place, taken);
}

/* Finds the places of a function from which a branch is reachable that has not taken both ways. */
static void hope(size_t from, size_t bytes)
{
	int changed = 1;

	memset(hopeful + from, 0, bytes);
	while (changed) {
		changed = 0;
		for (size_t place = from + bytes; place-- > from;) {
			int is_hopeful = 0;

			if (!visits[place] || hopeful[place])
				continue;
			if (branched[place])
				is_hopeful = branched[place] != 3 || hopeful[target(place, 0)] || hopeful[target(place, 1)];
			else if (followers[place])
				is_hopeful = hopeful[followers[place]];
			hopeful[place] = (unsigned char) is_hopeful;
			changed |= is_hopeful;
		}
	}
}

/* Acts as the kernel does at a signal, once for each instruction of a section. */
static uintptr_t aborts(uintptr_t pc)
{
	for (size_t i = 0; i < descriptors; i++) {
		size_t place = pc - (uintptr_t) text;

		if (pc - descriptor[i].start < descriptor[i].bytes && visits[place] > 1 && !aborted[place]) {
			aborted[place] = 1;
			return descriptor[i].abort;
		}
	}
	return 0;
}

static void look(uintptr_t pc, ucontext_t *context)
{
	size_t place = pc - (uintptr_t) text;

	/* The instruction after a call is known as the return address. */
	if (came_from && !followers[came_from])
		followers[came_from] = (uint32_t) place;
	came_from = place;
	if (visits[place] < MOST_VISITS) {
		if (!visits[place]++) {
			if (stop_every && place % stop_every == 0)
				visited(pc);
		}
		if (visits[place] <= UNWOUND_VISITS)
			unwind(pc, context);
	}
}

/*
 * Examines the next instruction. Returns 1 when it was skipped, so that another one comes next; 0 when the processor
 * must execute it.
 */
static int left_out(ucontext_t *context)
{
	uintptr_t pc = *pc_of(context), to = aborts(pc);

	if (to) {
		*pc_of(context) = to;
		return 1;
	}
	switch (kind(pc)) {
	case BRANCH:
		*pc_of(context) = branch(pc - (uintptr_t) text);
		return 1;
	case SYSTEM_CALL:
	case CALL_OUT:
		*result_of(context) = answer();
		*pc_of(context) = next(pc);
		return 1;
	case CALL:
		shadow[depth++] = next(pc);
		followers[pc - (uintptr_t) text] = (uint32_t) (next(pc) - (uintptr_t) text);
		came_from = 0;
		return 0;
	case RETURN:
		*pc_of(context) = returned(context);
		if (*pc_of(context) != shadow[--depth])
			fault(pc, "returns elsewhere");
		return 1;
	default:
		return 0;
	}
}

/* The same where no step is skipped: only the calls are followed. */
static void followed(uintptr_t pc)
{
	if (kind(pc) == CALL)
		shadow[depth++] = next(pc);
	if (kind(pc) == RETURN)
		depth--;
}

static void step(ucontext_t *context)
{
	if (is_real && is_in_text(*pc_of(context))) {
		look(*pc_of(context), context);
		followed(*pc_of(context));
	}
	while (!is_real && is_in_text(*pc_of(context))) {
		look(*pc_of(context), context);
		if (++steps > MOST_STEPS || depth == DEEP) {
			in_handler = 0;
			siglongjmp(abandon, 1);
		}
		if (!left_out(context))
			break;
	}
	run_one(*pc_of(context));
}

static void handler(int signal, siginfo_t *info, void *argument)
{
	ucontext_t *context = argument;
	uintptr_t pc = *pc_of(context);

	(void) info;
	memcpy(thread, thread_copy, sizeof thread_copy);
	if (signal != SIGTRAP) {
		/* Made-up arguments may lead anywhere. */
		if (in_handler || is_real || !is_stepping || !is_in_text(pc)) {
			printf("%s: signal %d at 0x%lx, in a handler: %d\n", calling, signal, (long) pc, in_handler);
			fflush(NULL);
			_exit(3);
		}
		*pc_of(context) = next(pc);
	}
	in_handler = 1;
	step(context);
	in_handler = 0;
}

static __attribute__((noinline)) void call(void *function, const uintptr_t *arguments)
{
	/* Volatile, or the compiler turns the call at the end into a jump. */
	volatile uintptr_t result;

	caller_count = find_callers(callers);
	shadow[0] = (uintptr_t) call_returned;
	depth = 1;
	steps = 0;
	came_from = 0;
	is_stepping = 1;
	if (!sigsetjmp(abandon, 1)) {
		result = call_in_steps(function, arguments, magic);
		(void) result;
	}
	is_stepping = 0;
}

static void find_area(void)
{
	static char none[32];
	ptrdiff_t (*offset)(void);

	/* An image without sections has none. */
	*(void **) &offset = dlsym(dlopen(image, RTLD_NOW), "rseq4j_offset");
	area = offset ? (char *) __builtin_thread_pointer() + offset() : none;
}

/* The area as it is while the thread runs on CPU 0; it is not registered. */
static void pretend(void)
{
	memset(area, 0, 32);
}

static int all_visited(size_t from, size_t bytes)
{
	for (size_t place = from; place - from < bytes; place = (size_t) (base + behind[place] - text)) {
		if (!visits[place])
			return 0;
	}
	return 1;
}

static void explore(char *function, size_t bytes)
{
	for (int i = 0, more = 0; i < MOST_CALLS && more <= (stop_every ? 0 : MORE_CALLS); i++) {
		uintptr_t arguments[ARGUMENTS];

		for (int k = 0; k < ARGUMENTS; k++)
			arguments[k] = k == 0 || any() % 3 ? (uintptr_t) &arena[ARENA_WORDS / 2] : any() % 4 * 8;
		for (int k = 0; k < ARENA_WORDS; k++)
			arena[k] = any() % 4 ? (uintptr_t) &arena[ARENA_WORDS / 2] : 0;
		pretend();
		hope((size_t) (function - text), bytes);
		call(function, arguments);
		memcpy(data, data_copy, data_bytes);
		memcpy(thread, thread_copy, sizeof thread_copy);
		more += all_visited((size_t) (function - text), bytes);
	}
}

static const Elf64_Shdr *find_sections(const char *file, const Elf64_Ehdr *header)
{
	const Elf64_Shdr *sections = (const Elf64_Shdr *) (file + header->e_shoff);
	const char *names = file + sections[header->e_shstrndx].sh_offset;

	for (int i = 0; i < header->e_shnum; i++) {
		const Elf64_Shdr *section = &sections[i];
		const char *name = names + section->sh_name;

		if (!strcmp(name, ".text")) {
			text = base + section->sh_addr;
			text_bytes = section->sh_size;
		} else if (!strcmp(name, ".data")) {
			data = base + section->sh_addr;
			data_bytes = section->sh_size;
		} else if (!strcmp(name, "__rseq_cs")) {
			descriptor = (const struct descriptor *) (base + section->sh_addr);
			descriptors = section->sh_size / sizeof *descriptor;
		} else if (!strcmp(name, ".symtab")) {
			symbols = (const Elf64_Sym *) (file + section->sh_offset);
			symbol_count = section->sh_size / sizeof *symbols;
			strings = file + sections[section->sh_link].sh_offset;
		}
	}
	return sections;
}

static int open_image(void)
{
	void *handle = dlopen(image, RTLD_NOW | RTLD_LOCAL);
	int file = open(image, O_RDONLY);
	off_t bytes = file < 0 ? -1 : lseek(file, 0, SEEK_END);
	Dl_info info;
	const char *mapped;

	if (!handle || bytes < 0 || !dladdr(dlsym(handle, "rseq4j_owner"), &info)) {
		printf("%s: %s\n", image, handle ? "is not there" : dlerror());
		return 0;
	}
	base = info.dli_fbase;
	mapped = mmap(NULL, (size_t) bytes, PROT_READ, MAP_PRIVATE, file, 0);
	find_sections(mapped, (const Elf64_Ehdr *) mapped);
	visits = calloc(4, text_bytes);
	branched = visits + text_bytes;
	aborted = branched + text_bytes;
	hopeful = aborted + text_bytes;
	followers = calloc(2 * sizeof *followers, text_bytes);
	behind = followers + text_bytes;
	data_copy = malloc(data_bytes);
	memcpy(data_copy, data, data_bytes);
	return 1;
}

static int read_instructions(const char *name)
{
	FILE *file = fopen(name, "r");
	unsigned int at;
	uint32_t next = (uint32_t) (text + text_bytes - base);
	int count = 0;

	while (file && fscanf(file, "%x", &at) == 1 && base + at - text < (ptrdiff_t) text_bytes) {
		behind[base + at - text] = 1;
		count++;
	}
	for (size_t place = text_bytes; place-- > 0;) {
		if (behind[place]) {
			behind[place] = next;
			next = (uint32_t) (text + place - base);
		}
	}
	return count;
}

static void handle(int signal)
{
	struct sigaction action;

	memset(&action, 0, sizeof action);
	action.sa_sigaction = handler;
	/* The signal must not be blocked at a debugger's own traps: the kernel would reset the handler. */
	action.sa_flags = SA_SIGINFO | SA_NODEFER;
	sigaction(signal, &action, NULL);
}

static int has_section(const char *function, size_t bytes)
{
	for (size_t i = 0; i < descriptors; i++) {
		if (descriptor[i].start - (uintptr_t) function < bytes)
			return 1;
	}
	return 0;
}

static __attribute__((noinline)) void every_function(void)
{
	for (size_t i = 0; i < symbol_count; i++) {
		if (ELF64_ST_TYPE(symbols[i].st_info) != STT_FUNC)
			continue;
		calling = strings + symbols[i].st_name;
		if (!is_real) {
			explore(base + symbols[i].st_value, symbols[i].st_size);
		} else if (has_section(base + symbols[i].st_value, symbols[i].st_size)) {
			uintptr_t arguments[ARGUMENTS];

			memset(arena, 0, sizeof arena);
			for (int k = 0; k < ARGUMENTS; k++)
				arguments[k] = (uintptr_t) arena;
			call(base + symbols[i].st_value, arguments);
		}
	}
}

int main(int argc, char **argv)
{
	void *frames[DEEP];

	image = argc > 1 ? argv[1] : "";
	is_real = argc > 3 && !strcmp(argv[3], "real");
	stop_every = argc > 3 ? (size_t) atoi(argv[3]) : 0;
	if (argc < 3 || !open_image() || !read_instructions(argv[2]))
		return 2;
	/* The first call may load a library. */
	if (backtrace)
		backtrace(frames, DEEP);
	find_area();
	thread = __builtin_thread_pointer();
	memcpy(thread_copy, thread, sizeof thread_copy);
	handle(SIGTRAP);
	handle(SIGSEGV);
	handle(SIGBUS);
	if (!is_real) {
		/* Unregisters the thread, which the constructor or libc has registered. */
		syscall(SYS_rseq, area, 32, 1, SIGNATURE);
	}
	begin_steps(text, text_bytes);
	every_function();
	for (size_t i = 0; i < text_bytes; i++) {
		if (visits[i])
			printf("at 0x%lx\n", (unsigned long) (text + i - base));
	}
	for (size_t i = 0; i < descriptors; i++) {
		if (visits[descriptor[i].abort - (uintptr_t) text])
			printf("aborted 0x%lx\n", (unsigned long) (descriptor[i].abort - (uintptr_t) base));
	}
	printf("faults=%d\n", faults);
	fflush(NULL);
	/* Without destructors: the thread's registration is not the one that libc and the image expect. */
	_exit(faults != 0);
}
