package io.github.rseq4j.ir;

/**
 * One method for each kind of step. A class that implements it handles all of them, or does not compile.
 *
 * @param <C> the type of what each method gets beside the step
 */
public interface StepVisitor<C> {
    /** Visits a {@link Step.Load}. */
    void load(Step.Load step, C context);

    /** Visits a {@link Step.Store}. */
    void store(Step.Store step, C context);

    /** Visits an {@link Step.Add}. */
    void add(Step.Add step, C context);

    /** Visits a {@link Step.Subtract}. */
    void subtract(Step.Subtract step, C context);

    /** Visits an {@link Step.And}. */
    void and(Step.And step, C context);

    /** Visits an {@link Step.Address}. */
    void address(Step.Address step, C context);

    /** Visits a {@link Step.Move}. */
    void move(Step.Move step, C context);

    /** Visits a {@link Bucket}. */
    void bucket(Bucket step, C context);

    /** Visits an {@link Step.ExitIf}. */
    void exitIf(Step.ExitIf step, C context);

    /** Visits a {@link Step.Copy}. */
    void copy(Step.Copy step, C context);

    /** Visits a {@link Step.Timestamp}. */
    void timestamp(Step.Timestamp step, C context);

    /** Visits a {@link Step.Delay}. */
    void delay(Step.Delay step, C context);

    /** Visits a {@link Step.CommitStore}. */
    void commitStore(Step.CommitStore step, C context);

    /** Visits a {@link Step.CommitAdd}. */
    void commitAdd(Step.CommitAdd step, C context);

    /** Visits a {@link CommitAddPair}. */
    void commitAddPair(CommitAddPair step, C context);

    /** Visits a {@link CommitAddDouble}. */
    void commitAddDouble(CommitAddDouble step, C context);
}
