using System.Globalization;
using SparkTrain.Data;

namespace SparkTrain.Trainer;

/// <summary>Scores sequences: one JSON object a line in, one a line out.</summary>
public static class SequenceScorer
{
    // So many lines are held at once, and sorted by length.
    private const int LinesAtOnce = 1024;

    /// <summary>
    /// Reads the lines that <see cref="SequenceReader"/> knows and writes <c>{"logprobs": […]}</c> for each: the natural-log probability of each token but the first, given those before
    /// it (in its document, where ids are given). Returns the number of lines.
    /// </summary>
    /// <exception cref="DataException">A line is not a sequence, or does not fit the model.</exception>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    public static long Score(TrainedModel trained, string input, TextWriter writer)
    {
        var scorer = new BatchScorer(trained.Model);
        long lines = 0;
        foreach (var sequences in SequenceReader.Read(trained, input).Chunk(LinesAtOnce))
        {
            foreach (float[] logProbs in scorer.LogProbs(sequences))
                writer.Write($"{{\"logprobs\":[{string.Join(',', logProbs.Select(p => p.ToString("R", CultureInfo.InvariantCulture)))}]}}\n");
            lines += sequences.Length;
        }
        return lines;
    }
}
