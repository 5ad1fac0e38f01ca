using System.Globalization;
using SparkTrain.Input;
using SparkTrain.ModelFormat;

namespace SparkTrain.Trainer;

/// <summary>Scores sequences: one JSON object a line in, one a line out.</summary>
public static class SequenceScorer
{
    // So many lines are held at once, and sorted by length.
    private const int LinesAtOnce = 1024;

    /// <summary>
    /// Writes <c>{"logprobs": […]}</c> for each sequence: the natural-log probability of each token but the first, given those before it (in its document, where ids are given). Returns the number of sequences.
    /// </summary>
    /// <param name="sequences">What <see cref="SequenceReader"/> reads.</param>
    /// <param name="logProbs">Computes the values of some sequences, in their order.</param>
    /// <param name="model">Where the model lies, for messages.</param>
    /// <param name="writer">Takes the lines.</param>
    /// <exception cref="DataException">A line is not a sequence, or does not fit the model.</exception>
    /// <exception cref="ModelFormatException">A value is not finite.</exception>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    public static long Score(IEnumerable<TokenSequence> sequences, Func<IReadOnlyList<TokenSequence>, IEnumerable<float[]>> logProbs, string model, TextWriter writer)
    {
        long lines = 0;
        foreach (var some in sequences.Chunk(LinesAtOnce))
            foreach (float[] values in logProbs(some))
            {
                lines++;
                if (Array.FindIndex(values, p => !float.IsFinite(p)) is var bad and >= 0)
                    throw new ModelFormatException(model, $"the log-probability of token {bad + 1} of line {lines} is {values[bad]}", "finite numbers", "train or export it again; its weights are broken");
                writer.Write($"{{\"logprobs\":[{string.Join(',', values.Select(p => p.ToString("R", CultureInfo.InvariantCulture)))}]}}\n");
            }
        return lines;
    }
}
