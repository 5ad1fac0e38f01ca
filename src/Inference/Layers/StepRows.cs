namespace SparkTrain.Inference;

/// <summary>The tokens of a step: runs of neighbouring tokens of different sequences.</summary>
internal sealed class StepRows
{
    private readonly List<Run> runs = [];
    private readonly List<int> runOfRow = [];

    /// <summary>Tokens.</summary>
    public int Count => Tokens.Count;

    /// <summary>The runs.</summary>
    public IReadOnlyList<Run> Runs => runs;

    /// <summary>The tokens' ids.</summary>
    public List<int> Tokens { get; } = [];

    /// <summary>The rows whose logits are wanted, and where these go.</summary>
    public List<(int Row, int Target)> Wanted { get; } = [];

    /// <summary>The run that a row belongs to.</summary>
    public Run Of(int row) => runs[runOfRow[row]];

    /// <summary>The place of a row's token in its sequence.</summary>
    public int Position(int row) => Of(row).FirstPosition + row - Of(row).FirstRow;

    /// <summary>Begins anew.</summary>
    public void Clear()
    {
        runs.Clear();
        runOfRow.Clear();
        Tokens.Clear();
        Wanted.Clear();
    }

    /// <summary>Adds a run of tokens that follow those in a sequence.</summary>
    public void Add(DecodeSequence sequence, ReadOnlySpan<int> tokens)
    {
        runs.Add(new(sequence, Count, tokens.Length, sequence.Length));
        foreach (int token in tokens)
        {
            runOfRow.Add(runs.Count - 1);
            Tokens.Add(token);
        }
    }

    /// <summary>Tokens of one sequence.</summary>
    /// <param name="Sequence">The sequence.</param>
    /// <param name="FirstRow">The first of them in the step.</param>
    /// <param name="Count">How many.</param>
    /// <param name="FirstPosition">The place of the first one in its sequence.</param>
    public sealed record Run(DecodeSequence Sequence, int FirstRow, int Count, int FirstPosition)
    {
        /// <summary>The place of the last one.</summary>
        public int LastPosition => FirstPosition + Count - 1;

        /// <summary>The first block of 32 positions that any of them sees.</summary>
        public int FirstBlock(int? window) => Math.Max(0, FirstPosition - ((window ?? int.MaxValue) - 1)) / 32;

        /// <summary>The blocks that they see.</summary>
        public int Blocks(int? window) => LastPosition / 32 + 1 - FirstBlock(window);
    }
}
