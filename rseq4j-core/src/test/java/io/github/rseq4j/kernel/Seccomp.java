package io.github.rseq4j.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs a program under a seccomp filter: a separate JVM installs the filter and then becomes the program. The JVM of
 * the tests cannot do so itself, because glibc ends a process in which a new thread cannot register.
 */
public final class Seccomp {
    private static final int PR_SET_NO_NEW_PRIVS = 38;
    private static final int PR_SET_SECCOMP = 22;
    private static final int SECCOMP_MODE_FILTER = 2;
    private static final int RET_ERRNO = 0x0005_0000;
    private static final int RET_ALLOW = 0x7fff_0000;
    private static final int LOAD_WORD = 0x20;
    private static final int JUMP_IF_EQUAL = 0x15;
    private static final int RETURN = 0x06;
    private static final int NUMBER_OFFSET = 0;
    private static final int FIRST_ARGUMENT_OFFSET = 16;

    private Seccomp() {}

    /**
     * One instruction of the filter: struct sock_filter.
     */
    private record Instruction(int code, int jumpTrue, int jumpFalse, int k) {}

    /**
     * Installs the filter and becomes the program.
     *
     * @param arguments system call, argument, value, errno (see {@link #refuse}), then the program's path and arguments
     */
    public static void main(String[] arguments) {
        refuse(Integer.parseInt(arguments[0]), Integer.parseInt(arguments[1]), Integer.parseInt(arguments[2]),
                Integer.parseInt(arguments[3]));
        Arena arena = Arena.global();
        int count = arguments.length - 4;
        MemorySegment pointers = arena.allocate((count + 1L) * Long.BYTES, Long.BYTES);
        for (int i = 0; i < count; i++) {
            pointers.set(ValueLayout.JAVA_LONG, (long) i * Long.BYTES, arena.allocateFrom(arguments[4 + i]).address());
        }
        long answer = Native.call(Native.find("execv"), pointers.get(ValueLayout.JAVA_LONG, 0), pointers.address())
                .intOrNegativeErrno();
        throw Errno.refusal("execv(" + arguments[4] + ")", (int) -answer);
    }

    /**
     * Makes a system call fail for the calling thread and all threads and processes that it starts.
     *
     * @param number the system call
     * @param argument the number of the argument to compare, or -1 to refuse every call
     * @param value the argument's value (its lower half) for which the call is refused
     * @param errno the errno that the call returns
     */
    public static void refuse(int number, int argument, int value, int errno) {
        List<Instruction> program = new ArrayList<>();
        program.add(new Instruction(LOAD_WORD, 0, 0, NUMBER_OFFSET));
        if (argument < 0) {
            program.add(new Instruction(JUMP_IF_EQUAL, 0, 1, number));
        } else {
            program.add(new Instruction(JUMP_IF_EQUAL, 0, 3, number));
            program.add(new Instruction(LOAD_WORD, 0, 0, FIRST_ARGUMENT_OFFSET + argument * Long.BYTES));
            program.add(new Instruction(JUMP_IF_EQUAL, 0, 1, value));
        }
        program.add(new Instruction(RETURN, 0, 0, RET_ERRNO | errno));
        program.add(new Instruction(RETURN, 0, 0, RET_ALLOW));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment filter = arena.allocate(program.size() * 8L, 8);
            for (int i = 0; i < program.size(); i++) {
                Instruction each = program.get(i);
                filter.set(ValueLayout.JAVA_SHORT, i * 8L, (short) each.code());
                filter.set(ValueLayout.JAVA_BYTE, i * 8L + 2, (byte) each.jumpTrue());
                filter.set(ValueLayout.JAVA_BYTE, i * 8L + 3, (byte) each.jumpFalse());
                filter.set(ValueLayout.JAVA_INT, i * 8L + 4, each.k());
            }
            MemorySegment header = arena.allocate(16, 8);
            header.set(ValueLayout.JAVA_SHORT, 0, (short) program.size());
            header.set(ValueLayout.JAVA_LONG, 8, filter.address());
            long prctl = Native.find("prctl");
            Errno.check("prctl(PR_SET_NO_NEW_PRIVS)",
                    Native.call(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0).intOrNegativeErrno());
            Errno.check("prctl(PR_SET_SECCOMP)",
                    Native.call(prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header.address()).intOrNegativeErrno());
        }
    }
}
