package io.github.rseq4j.agent.site;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/** Records the calls of a method in one mode. Its handles must not throw. */
public interface Recorder {
    /** The type of the handle of entries. */
    MethodType ENTER = MethodType.methodType(long.class);
    /** The type of the handle of ends without values, which takes the start. */
    MethodType EXIT = MethodType.methodType(void.class, long.class);

    /** Records nothing. */
    Recorder OFF = new Recorder() {
        @Override
        public MethodHandle enter() {
            return MethodHandles.zero(long.class);
        }

        @Override
        public MethodHandle exit() {
            return MethodHandles.empty(EXIT);
        }

        @Override
        public void end(End end, Object[] values, long stop) {}
    };

    /** The ends of a call. */
    enum End {
        /** The method returns; its arguments are the start and those of the method. */
        EXIT,
        /** The method returns a value, which comes first. */
        RESULT,
        /** The method ends by an exception, which comes first. */
        THROWN;

        /** Returns the place of the start among the arguments. */
        int start() {
            return this == EXIT ? 0 : 1;
        }

        /** Returns the start among the arguments. */
        long start(Object[] values) {
            return (Long) values[start()];
        }
    }

    /**
     * Returns the handle of entries, of type {@link #ENTER}. It returns the start: 0 if the end has nothing to record,
     * more if it is a time, less if it is none. The mode may change before the end.
     */
    MethodHandle enter();

    /** Returns the handle of ends without values, of type {@link #EXIT}. */
    MethodHandle exit();

    /**
     * Returns the handle of ends with values.
     *
     * @param end the end
     * @param type its type
     */
    default MethodHandle exit(End end, MethodType type) {
        int after = end.start() + 1;
        MethodHandle first = MethodHandles.dropArguments(exit(), 0, type.parameterList().subList(0, end.start()));
        return MethodHandles.dropArguments(first, after, type.parameterList().subList(after, type.parameterCount()));
    }

    /**
     * Records the end of a call, as the handles of ends do.
     *
     * @param end the end
     * @param values what the handle would take
     * @param stop the time of the end
     */
    void end(End end, Object[] values, long stop);
}
