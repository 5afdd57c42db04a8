package io.github.rseq4j;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.IdentifierTree;
import com.sun.source.tree.ImportTree;
import com.sun.source.tree.LineMap;
import com.sun.source.tree.LiteralTree;
import com.sun.source.tree.MemberSelectTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreePathScanner;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import javax.lang.model.element.Modifier;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;

/** The rules for sources. */
final class TidySource {
    private static final int MAX_COLUMNS = 120;
    private static final int MAX_FILE_LINES = 500;
    private static final int MAX_METHOD_LINES = 60;
    private static final Pattern WORDS = Pattern.compile("\\b(TO" + "DO|FIX" + "ME|XX" + "X)\\b|@aut" + "hor\\b");
    private static final Pattern ARCHITECTURE =
            Pattern.compile("(?i)(x86|amd64|x64|aar" + "ch64|arm64)");
    /**
     * The sources that may contain an architecture's name: the encoders' packages, two classes of kernel, and tests.
     */
    private static final Pattern ARCHITECTS =
            Pattern.compile(".*/machine/(x64|aarch64)/.*|.*/kernel/(Architecture|SystemCall)\\.java|.*/src/test/.*"
                    + "|.*/package-info\\.java");
    private static final String OS_ARCH = "os.ar" + "ch";
    private static final String BASE = "io.github.rseq4j.";

    private TidySource() {}

    /** Returns the faults of a source file: path, line and rule. */
    static List<String> faults(TidyRooms rooms, String path, String text) {
        List<String> faults = new ArrayList<>();
        List<String> lines = text.lines().toList();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            String at = path + ":" + (i + 1) + ": ";
            add(faults, line.length() > MAX_COLUMNS, at + "column " + line.length() + ", at most " + MAX_COLUMNS);
            add(faults, line.contains("\t"), at + "tab");
            add(faults, !line.equals(line.stripTrailing()), at + "trailing blanks");
            add(faults, WORDS.matcher(line).find(), at + "forbidden word");
        }
        add(faults, lines.size() > MAX_FILE_LINES, path + ": " + lines.size() + " lines, at most " + MAX_FILE_LINES);
        JavacTask task = task(path, text);
        try {
            CompilationUnitTree unit = task.parse().iterator().next();
            new Scanner(rooms, path, unit, Trees.instance(task).getSourcePositions(), faults).scan(unit, null);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return faults;
    }

    /** Returns a task of the JDK's compiler that can parse a source. */
    static JavacTask task(String path, String text) {
        return (JavacTask) ToolProvider.getSystemJavaCompiler()
                .getTask(null, null, null, null, null, List.of(new Source(path, text)));
    }

    private static void add(List<String> faults, boolean isOne, String fault) {
        if (isOne) {
            faults.add(fault);
        }
    }

    /** A source in memory. */
    private static final class Source extends SimpleJavaFileObject {
        private final String text;

        Source(String path, String text) {
            super(URI.create("string:///" + path), JavaFileObject.Kind.SOURCE);
            this.text = text;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return text;
        }
    }

    /** Walks one file's tree. */
    private static final class Scanner extends TreePathScanner<@Nullable Void, @Nullable Void> {
        private final TidyRooms rooms;
        private final String path;
        private final boolean isMain;
        private final CompilationUnitTree unit;
        private final List<String> faults;
        private final LineMap lines;
        private final SourcePositions positions;

        Scanner(TidyRooms rooms, String path, CompilationUnitTree unit, SourcePositions positions,
                List<String> faults) {
            this.rooms = rooms;
            this.positions = positions;
            this.path = path;
            this.isMain = path.contains("src/main/");
            this.unit = unit;
            this.faults = faults;
            this.lines = unit.getLineMap();
        }

        private long line(Tree tree, boolean end) {
            long position = end ? positions.getEndPosition(unit, tree) : positions.getStartPosition(unit, tree);
            return position < 0 ? 0 : lines.getLineNumber(position);
        }

        private void fault(Tree tree, String what) {
            faults.add(path + ":" + line(tree, false) + ": " + what);
        }

        @Override
        public @Nullable Void visitImport(ImportTree tree, @Nullable Void nothing) {
            String name = tree.getQualifiedIdentifier().toString();
            String own = String.valueOf(unit.getPackageName()) + ".X";
            if (isMain && name.startsWith(BASE) && own.startsWith(BASE)) {
                rooms.faults(own, name).forEach(fault -> fault(tree, fault));
            }
            return super.visitImport(tree, null);
        }

        @Override
        public @Nullable Void visitMethod(MethodTree tree, @Nullable Void nothing) {
            long length = line(tree, true) - line(tree, false) + 1;
            if (length > MAX_METHOD_LINES) {
                fault(tree, "method " + tree.getName() + " has " + length + " lines, at most " + MAX_METHOD_LINES);
            }
            return super.visitMethod(tree, null);
        }

        @Override
        public @Nullable Void visitVariable(VariableTree tree, @Nullable Void nothing) {
            Set<Modifier> flags = tree.getModifiers().getFlags();
            if (isMain && flags.contains(Modifier.STATIC) && !flags.contains(Modifier.FINAL)) {
                fault(tree, "mutable static " + tree.getName());
            }
            return super.visitVariable(tree, null);
        }

        @Override
        public @Nullable Void visitClass(ClassTree tree, @Nullable Void nothing) {
            Set<Modifier> flags = tree.getModifiers().getFlags();
            boolean isJmh = tree.getModifiers().getAnnotations().stream()
                    .anyMatch(a -> a.getAnnotationType().toString().equals("State"));
            if (isMain && !isJmh && tree.getKind() == Tree.Kind.CLASS && !tree.getSimpleName().isEmpty()
                    && !flags.contains(Modifier.FINAL) && !flags.contains(Modifier.SEALED)) {
                fault(tree, "class " + tree.getSimpleName() + " is open to inheritance: final or sealed");
            }
            return super.visitClass(tree, null);
        }

        @Override
        public @Nullable Void visitIdentifier(IdentifierTree tree, @Nullable Void nothing) {
            name(tree, tree.getName().toString());
            return super.visitIdentifier(tree, null);
        }

        @Override
        public @Nullable Void visitMemberSelect(MemberSelectTree tree, @Nullable Void nothing) {
            name(tree, tree.getIdentifier().toString());
            return super.visitMemberSelect(tree, null);
        }

        @Override
        public @Nullable Void visitLiteral(LiteralTree tree, @Nullable Void nothing) {
            if (tree.getValue() instanceof String text) {
                name(tree, text);
                if (text.contains(OS_ARCH) && isMain && !ARCHITECTS.matcher(path).matches()) {
                    fault(tree, OS_ARCH + " is read in one class alone");
                }
            }
            return super.visitLiteral(tree, null);
        }

        private void name(Tree tree, String name) {
            if (ARCHITECTURE.matcher(name).find() && !ARCHITECTS.matcher(path).matches()) {
                fault(tree, "architecture named outside of its encoder: " + name);
            }
        }
    }
}
