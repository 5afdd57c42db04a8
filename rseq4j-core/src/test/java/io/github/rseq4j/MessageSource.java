package io.github.rseq4j;

import com.sun.source.tree.AnnotationTree;
import com.sun.source.tree.BinaryTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.ConditionalExpressionTree;
import com.sun.source.tree.ExpressionTree;
import com.sun.source.tree.LiteralTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ParenthesizedTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreePathScanner;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The texts of a source file that a user may read. A text is a template: a string literal, or a concatenation of
 * literals with an ellipsis for each other operand. A conditional operand with words makes a template for each of its
 * alternatives. Each line of a text is a template of its own.
 */
final class MessageSource {
    /** Two words: a text with fewer is a name, a key or a separator. */
    private static final Pattern WORDS = Pattern.compile("[a-z]{2,}[,;:]? [a-z]+");
    private static final String OTHER = "…";

    private MessageSource() {}

    /**
     * A template.
     *
     * @param line the line of its beginning
     * @param text the text
     */
    record Template(long line, String text) {
        boolean hasWords() {
            return WORDS.matcher(text).find();
        }
    }

    /** Returns the templates of a source file, except those in annotations and in {@code toString}. */
    static List<Template> templates(String path, String text) {
        JavacTask task = TidySource.task(path, text);
        try {
            CompilationUnitTree unit = task.parse().iterator().next();
            Scanner scanner = new Scanner(unit, Trees.instance(task).getSourcePositions());
            scanner.scan(unit, null);
            return scanner.templates;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Walks one file's tree. */
    private static final class Scanner extends TreePathScanner<@Nullable Void, @Nullable Void> {
        private final List<Template> templates = new ArrayList<>();
        private final CompilationUnitTree unit;
        private final SourcePositions positions;

        Scanner(CompilationUnitTree unit, SourcePositions positions) {
            this.unit = unit;
            this.positions = positions;
        }

        @Override
        public @Nullable Void visitAnnotation(AnnotationTree tree, @Nullable Void nothing) {
            return null;
        }

        @Override
        public @Nullable Void visitMethod(MethodTree tree, @Nullable Void nothing) {
            return tree.getName().contentEquals("toString") ? null : super.visitMethod(tree, null);
        }

        @Override
        public @Nullable Void visitBinary(BinaryTree tree, @Nullable Void nothing) {
            if (tree.getKind() != Tree.Kind.PLUS) {
                return super.visitBinary(tree, null);
            }
            add(tree);
            return null;
        }

        @Override
        public @Nullable Void visitLiteral(LiteralTree tree, @Nullable Void nothing) {
            add(tree);
            return null;
        }

        private void add(ExpressionTree tree) {
            long line = unit.getLineMap().getLineNumber(positions.getStartPosition(unit, tree));
            for (String text : texts(tree)) {
                text.lines().map(each -> each.replaceAll(OTHER + "+", OTHER).replaceAll("\\s+", " ").strip())
                        .forEach(each -> templates.add(new Template(line, each)));
            }
        }

        /** Returns the templates of an expression, and scans the operands that it does not resolve. */
        private Set<String> texts(ExpressionTree tree) {
            return switch (tree) {
                case LiteralTree literal when literal.getValue() instanceof String || literal.getValue()
                        instanceof Character -> Set.of(literal.getValue().toString());
                case ParenthesizedTree inner -> texts(inner.getExpression());
                case BinaryTree sum when sum.getKind() == Tree.Kind.PLUS -> {
                    Set<String> texts = new LinkedHashSet<>();
                    Set<String> ends = texts(sum.getRightOperand());
                    for (String begin : texts(sum.getLeftOperand())) {
                        ends.forEach(end -> texts.add(begin + end));
                    }
                    yield texts;
                }
                case ConditionalExpressionTree choice -> {
                    Set<String> texts = new LinkedHashSet<>(texts(choice.getTrueExpression()));
                    texts.addAll(texts(choice.getFalseExpression()));
                    if (texts.stream().anyMatch(each -> WORDS.matcher(each).find())) {
                        scan(choice.getCondition(), null);
                        yield texts;
                    }
                    yield Set.of(OTHER);
                }
                case LiteralTree _ -> Set.of(OTHER);
                default -> {
                    scan(tree, null);
                    yield Set.of(OTHER);
                }
            };
        }
    }
}
