package io.github.rseq4j.cli.agent;

import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A terminal's screen: it executes what a program writes for terminal type {@code xterm}. */
final class ScreenOutput extends OutputStream {
    private static final Pattern SEQUENCE = Pattern.compile("\\[([?>]?)([0-9;]*)([ -/]*)([@-~])");
    private static final int ROWS = 60;
    private static final int COLUMNS = 200;

    private final char[][] cells = new char[ROWS][COLUMNS];
    private final StringBuilder sequence = new StringBuilder();
    private volatile List<String> shown = List.of();
    private boolean isEscape;
    private boolean isAlternate;
    private int row;
    private int column;
    private int columns = COLUMNS;

    ScreenOutput() {
        clear(0, ROWS);
    }

    /** Sets the width: a character after the last column goes to the next row. */
    synchronized void columns(int width) {
        columns = width;
    }

    private void clear(int from, int to) {
        for (int i = from; i < to; i++) {
            Arrays.fill(cells[i], ' ');
        }
    }

    /** Returns the rows from the top to the last that is not empty, as of the last flush. */
    List<String> lines() {
        return shown;
    }

    @Override
    public synchronized void flush() {
        List<String> lines = new ArrayList<>();
        for (char[] each : cells) {
            lines.add(new String(each).stripTrailing());
        }
        while (!lines.isEmpty() && lines.getLast().isEmpty()) {
            lines.removeLast();
        }
        shown = lines;
    }

    /** Tells whether the program shows the alternate screen, whose end restores what was there before. */
    synchronized boolean isAlternate() {
        return isAlternate;
    }

    @Override
    public synchronized void write(int octet) {
        char c = (char) (octet & 0xFF);
        if (isEscape) {
            sequence.append(c);
            finish();
        } else if (c == '\033') {
            isEscape = true;
        } else if (c == '\r') {
            column = 0;
        } else if (c == '\n') {
            row = Math.min(row + 1, ROWS - 1);
        } else if (c == '\b') {
            column = Math.max(0, Math.min(column, columns - 1) - 1);
        } else if (c >= ' ') {
            if (column >= columns) {
                column = 0;
                row = Math.min(row + 1, ROWS - 1);
            }
            cells[row][column] = c;
            column++;
        }
    }

    private void finish() {
        char first = sequence.charAt(0);
        Matcher matcher = SEQUENCE.matcher(sequence);
        if (first == '[' && !matcher.matches()) {
            return;
        }
        if (first == '(' && sequence.length() < 2) {
            return;
        }
        if (first == '[') {
            execute(matcher.group(1) + matcher.group(4), matcher.group(2));
        } else if (first != '=' && first != '>' && first != '(') {
            throw new IllegalStateException("escape " + sequence);
        }
        sequence.setLength(0);
        isEscape = false;
    }

    private void execute(String function, String parameters) {
        String[] numbers = parameters.isEmpty() ? new String[0] : parameters.split(";");
        int n = numbers.length == 0 ? 1 : Integer.parseInt(numbers[0]);
        switch (function) {
            case "A" -> row = Math.max(0, row - n);
            case "B" -> row = Math.min(ROWS - 1, row + n);
            case "C" -> column = Math.min(columns - 1, column + n);
            case "D" -> column = Math.max(0, Math.min(column, columns - 1) - n);
            case "G" -> column = n - 1;
            case "d" -> row = n - 1;
            case "H" -> {
                row = n - 1;
                column = numbers.length < 2 ? 0 : Integer.parseInt(numbers[1]) - 1;
            }
            case "J" -> {
                if (parameters.isEmpty() || parameters.equals("0")) {
                    Arrays.fill(cells[row], Math.min(column, COLUMNS), COLUMNS, ' ');
                }
                clear(parameters.equals("2") ? 0 : row + 1, ROWS);
            }
            case "K" -> Arrays.fill(cells[row], parameters.equals("1") ? 0 : Math.min(column, COLUMNS),
                    parameters.equals("1") ? column + 1 : COLUMNS, ' ');
            case "P" -> {
                System.arraycopy(cells[row], column + n, cells[row], column, COLUMNS - column - n);
                Arrays.fill(cells[row], COLUMNS - n, COLUMNS, ' ');
            }
            case "@" -> {
                System.arraycopy(cells[row], column, cells[row], column + n, COLUMNS - column - n);
                Arrays.fill(cells[row], column, column + n, ' ');
            }
            case "X" -> Arrays.fill(cells[row], column, Math.min(COLUMNS, column + n), ' ');
            case "L" -> {
                for (int i = ROWS - 1; i >= row + n; i--) {
                    cells[i] = cells[i - n].clone();
                }
                clear(row, row + n);
            }
            case "M" -> {
                for (int i = row; i < ROWS - n; i++) {
                    cells[i] = cells[i + n].clone();
                }
                clear(ROWS - n, ROWS);
            }
            case "?h", "?l" -> isAlternate = parameters.contains("1049") ? function.equals("?h") : isAlternate;
            case "m", "t", "?u", ">u", "?p", "r" -> { }
            default -> throw new IllegalStateException("sequence [" + parameters + function);
        }
    }
}
