/* The parts of unwind.c for A64. A step is a breakpoint on each instruction except the one to run. */
#ifndef UNWIND_AARCH64_H
#define UNWIND_AARCH64_H

#define SAVED 11
#define BREAKPOINT 0xd4200000

/* The callee-saved registers by the unwinders' numbers: x19 to x29. */
static const uint64_t magic[SAVED] = {
	0x5eed1919191919, 0x5eed2020202020, 0x5eed2121212121, 0x5eed2222222222, 0x5eed2323232323, 0x5eed2424242424,
	0x5eed2525252525, 0x5eed2626262626, 0x5eed2727272727, 0x5eed2828282828, 0x5eed2929292929,
};
static const int saved_registers[SAVED] = { 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29 };

static uint32_t *code, *code_copy, *running;
static size_t code_bytes;

__asm__(".text\n"
	".hidden call_in_steps, call_returned\n"
	".globl call_in_steps, call_returned\n"
	".type call_in_steps, %function\n"
	"call_in_steps:\n"
	"	.cfi_startproc\n"
	"	stp x29, x30, [sp, #-96]!\n	.cfi_adjust_cfa_offset 96\n	.cfi_rel_offset x29, 0\n	.cfi_rel_offset x30, 8\n"
	"	stp x19, x20, [sp, #16]\n	.cfi_rel_offset x19, 16\n	.cfi_rel_offset x20, 24\n"
	"	stp x21, x22, [sp, #32]\n	.cfi_rel_offset x21, 32\n	.cfi_rel_offset x22, 40\n"
	"	stp x23, x24, [sp, #48]\n	.cfi_rel_offset x23, 48\n	.cfi_rel_offset x24, 56\n"
	"	stp x25, x26, [sp, #64]\n	.cfi_rel_offset x25, 64\n	.cfi_rel_offset x26, 72\n"
	"	stp x27, x28, [sp, #80]\n	.cfi_rel_offset x27, 80\n	.cfi_rel_offset x28, 88\n"
	"	sub sp, sp, #48\n	.cfi_adjust_cfa_offset 48\n"
	"	mov x16, x0\n"
	"	mov x17, x1\n"
	"	ldp x19, x20, [x2, #0]\n"
	"	ldp x21, x22, [x2, #16]\n"
	"	ldp x23, x24, [x2, #32]\n"
	"	ldp x25, x26, [x2, #48]\n"
	"	ldp x27, x28, [x2, #64]\n"
	"	ldr x29, [x2, #80]\n"
	"	ldp x0, x1, [x17, #64]\n"
	"	stp x0, x1, [sp, #0]\n"
	"	ldp x0, x1, [x17, #80]\n"
	"	stp x0, x1, [sp, #16]\n"
	"	ldp x0, x1, [x17, #96]\n"
	"	stp x0, x1, [sp, #32]\n"
	"	adrp x0, call_stack\n"
	"	mov x1, sp\n"
	"	str x1, [x0, :lo12:call_stack]\n"
	"	ldp x0, x1, [x17, #0]\n"
	"	ldp x2, x3, [x17, #16]\n"
	"	ldp x4, x5, [x17, #32]\n"
	"	ldp x6, x7, [x17, #48]\n"
	"	blr x16\n"
	"call_returned:\n"
	"	add sp, sp, #48\n	.cfi_adjust_cfa_offset -48\n"
	"	ldp x19, x20, [sp, #16]\n	.cfi_restore x19\n	.cfi_restore x20\n"
	"	ldp x21, x22, [sp, #32]\n	.cfi_restore x21\n	.cfi_restore x22\n"
	"	ldp x23, x24, [sp, #48]\n	.cfi_restore x23\n	.cfi_restore x24\n"
	"	ldp x25, x26, [sp, #64]\n	.cfi_restore x25\n	.cfi_restore x26\n"
	"	ldp x27, x28, [sp, #80]\n	.cfi_restore x27\n	.cfi_restore x28\n"
	"	ldp x29, x30, [sp], #96\n	.cfi_adjust_cfa_offset -96\n	.cfi_restore x29\n	.cfi_restore x30\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size call_in_steps, .-call_in_steps\n");

static uintptr_t *pc_of(ucontext_t *context)
{
	return (uintptr_t *) &context->uc_mcontext.pc;
}

static uintptr_t *result_of(ucontext_t *context)
{
	return (uintptr_t *) &context->uc_mcontext.regs[0];
}

static uint32_t instruction(uintptr_t pc)
{
	return code_copy[(uint32_t *) pc - code];
}

static enum kind kind(uintptr_t pc)
{
	uint32_t word = instruction(pc);

	/* b.cond, cbz */
	if ((word & 0xff000010) == 0x54000000 || (word & 0x7f000000) == 0x34000000)
		return BRANCH;
	if (word == 0xd4000001)
		return SYSTEM_CALL;
	if ((word & 0xfc000000) == 0x94000000)
		return CALL;
	if ((word & 0xfffffc1f) == 0xd63f0000)
		return CALL_OUT;
	/* ret, br */
	return word == 0xd65f03c0 || (word & 0xfffffc1f) == 0xd61f0000 ? RETURN : OTHER;
}

static uintptr_t taken_to(uintptr_t pc)
{
	int32_t words = (int32_t) (instruction(pc) << 8) >> 13;

	return pc + (uintptr_t) (intptr_t) words * 4;
}

/* Returns from the function, and reports the address. */
static uintptr_t returned(ucontext_t *context)
{
	return context->uc_mcontext.regs[30];
}

static void put(uint32_t *at, uint32_t word)
{
	*at = word;
	__builtin___clear_cache((char *) at, (char *) (at + 1));
}

static void begin_steps(char *text, size_t bytes)
{
	size_t page = (size_t) sysconf(_SC_PAGESIZE);

	code = (uint32_t *) text;
	code_bytes = bytes;
	code_copy = malloc(bytes);
	memcpy(code_copy, text, bytes);
	if (mprotect(text, (bytes + page - 1) & -page, PROT_READ | PROT_WRITE | PROT_EXEC)) {
		printf("mprotect: the code cannot be changed\n");
		_exit(2);
	}
	for (size_t i = 0; i < bytes / 4; i++)
		code[i] = BREAKPOINT;
	__builtin___clear_cache(text, text + bytes);
}

static void run_one(uintptr_t pc)
{
	if (running)
		put(running, BREAKPOINT);
	running = NULL;
	if (pc - (uintptr_t) code < code_bytes) {
		running = (uint32_t *) pc;
		put(running, instruction(pc));
	}
}

#endif
