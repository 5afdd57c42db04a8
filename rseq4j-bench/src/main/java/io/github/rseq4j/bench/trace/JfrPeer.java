package io.github.rseq4j.bench.trace;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Recording;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** JFR's events without stacks, in its buffers in memory or to a file. A span is one event with a duration. */
final class JfrPeer implements Peer {
    private @Nullable Recording recording;
    private Path file = Path.of("");
    private boolean isToFile;
    private JfrFile written = JfrFile.EMPTY;

    /** Two longs. */
    @Name(TwoLongs.NAME)
    @Label("Two longs")
    @StackTrace(false)
    static final class TwoLongs extends Event {
        static final String NAME = "rseq4j.TwoLongs";

        long a;
        long b;
    }

    /** A piece of work. */
    @Name(Work.NAME)
    @Label("Work")
    @StackTrace(false)
    static final class Work extends Event {
        static final String NAME = "rseq4j.Work";

        long id;
    }

    /** A text, which JFR keeps in a pool. */
    @Name(Text.NAME)
    @Label("Text")
    @StackTrace(false)
    static final class Text extends Event {
        static final String NAME = "rseq4j.Text";

        String text = "";
    }

    @Override
    public String title() {
        return "JFR, without stacks";
    }

    @Override
    public void start(Path folder, boolean isToFiles) throws IOException {
        file = folder.resolve("trace.jfr");
        isToFile = isToFiles;
        Recording started = new Recording();
        started.setToDisk(isToFiles);
        if (isToFiles) {
            started.setDestination(file);
        }
        started.enable(TwoLongs.class).withoutStackTrace();
        started.enable(Work.class).withoutStackTrace();
        started.enable(Text.class).withoutStackTrace();
        started.start();
        recording = started;
    }

    @Override
    public void longs(long a, long b) {
        TwoLongs event = new TwoLongs();
        event.a = a;
        event.b = b;
        event.commit();
    }

    @Override
    public void span(long id) {
        Work event = new Work();
        event.begin();
        event.id = id;
        event.end();
        event.commit();
    }

    @Override
    public void text(String text) {
        Text event = new Text();
        event.text = text;
        event.commit();
    }

    @Override
    public String consumer() {
        return "JFR";
    }

    @Override
    public void stop() throws IOException, InterruptedException {
        Recording started = Objects.requireNonNull(recording);
        if (!isToFile) {
            // Events in memory can be read only while the recording runs.
            started.dump(file);
        }
        started.stop();
        started.close();
        written = JfrFile.of(file);
        if (written.count(TwoLongs.NAME) + written.count(Work.NAME) + written.count(Text.NAME) == 0) {
            throw new IllegalStateException("JFR has recorded nothing");
        }
    }

    @Override
    public long arrived(Kind kind, long emitted) {
        return written.count(switch (kind) {
            case LONGS -> TwoLongs.NAME;
            case SPAN -> Work.NAME;
            case TEXT -> Text.NAME;
        });
    }
}
