package io.github.rseq4j.demo.side;

import io.github.rseq4j.trace.Span;
import java.util.List;
import jdk.jfr.Event;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** The events of the service as events of the JDK Flight Recorder, without stack traces. A span is one event. */
// JFR reads the fields of events.
@SuppressWarnings("UnusedVariable")
final class JfrServiceEvents implements ServiceEvents {
    /** The name of the event of a request. */
    static final String REQUEST = "service.request";
    /** All events. */
    static final List<Class<? extends Event>> CLASSES = List.of(Request.class, Parse.class, Query.class, LockWait.class,
            Lock.class, Write.class, Answer.class);

    /** An event with a duration. */
    @StackTrace(false)
    private abstract static sealed class Timed extends Event implements Span {
        @Override
        public boolean isRecorded() {
            return isEnabled();
        }

        @Override
        public void close() {
            commit();
        }
    }

    @Name(REQUEST)
    private static final class Request extends Timed {
        final long id;
        final String method;
        final String path;

        Request(long id, String method, String path) {
            this.id = id;
            this.method = method;
            this.path = path;
        }
    }

    @Name("service.parse")
    private static final class Parse extends Timed {
        final int bytes;

        Parse(int bytes) {
            this.bytes = bytes;
        }
    }

    @Name("service.query")
    private static final class Query extends Timed {
        final String sql;

        Query(String sql) {
            this.sql = sql;
        }
    }

    @Name("service.lock_wait")
    private static final class LockWait extends Timed {
        final String lock;

        LockWait(String lock) {
            this.lock = lock;
        }
    }

    @Name("service.lock")
    private static final class Lock extends Timed {
        final String lock;

        Lock(String lock) {
            this.lock = lock;
        }
    }

    @Name("service.write")
    private static final class Write extends Timed { }

    @Name("service.answer")
    @StackTrace(false)
    private static final class Answer extends Event {
        final int status;
        final int bytes;

        Answer(int status, int bytes) {
            this.status = status;
            this.bytes = bytes;
        }
    }

    private static Span begun(Timed event) {
        event.begin();
        return event;
    }

    @Override
    public Span request(long id, String method, String path) {
        return begun(new Request(id, method, path));
    }

    @Override
    public Span parse(int bytes) {
        return begun(new Parse(bytes));
    }

    @Override
    public Span query(String sql) {
        return begun(new Query(sql));
    }

    @Override
    public Span waiting(String lock) {
        return begun(new LockWait(lock));
    }

    @Override
    public Span held(String lock) {
        return begun(new Lock(lock));
    }

    @Override
    public Span write() {
        return begun(new Write());
    }

    @Override
    public void answer(int status, int bytes) {
        new Answer(status, bytes).commit();
    }
}
