using SparkTrain.Inference;
using SparkTrain.Input;
using SparkTrain.Numerics;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Evaluation;

/// <summary>Scores sequences with the sparse engine, a document at a time: no more than a few tokens' logits are held at once.</summary>
/// <param name="engine">The model.</param>
internal sealed class SparseScorer(SparseEngine engine)
{
    /// <summary>Refuses a sequence in which a document comes in several pieces.</summary>
    /// <exception cref="DataException">It does.</exception>
    public static TokenSequence RequireWholeDocuments(TokenSequence sequence, string where)
    {
        if (sequence.Documents is not { } documents) return sequence;
        var ended = new HashSet<long>();
        for (int i = 1; i < documents.Length; i++)
        {
            if (documents[i] == documents[i - 1]) continue;
            ended.Add(documents[i - 1]);
            if (ended.Contains(documents[i]))
                throw new DataException(where, $"document {documents[i]} goes on at token {i}, after another one", "every document in one piece, as the sparse engine needs it", "put its tokens together, or use --engine torch");
        }
        return sequence;
    }

    /// <summary>Returns the natural-log probability of each token but the first, given those before it in its document; of a document's first token, given the document before.</summary>
    /// <exception cref="OutOfMemoryException">Its keys and values do not fit into memory.</exception>
    public float[] LogProbs(TokenSequence sequence)
    {
        int[] tokens = Array.ConvertAll(sequence.Tokens, checked(token => (int)token));
        // Nothing is asked for behind the last token.
        float[] logProbs = new float[tokens.Length - 1];
        for (int first = 0, count; first < logProbs.Length; first += count)
        {
            count = Together(sequence.Documents, first, logProbs.Length);
            int document = first;
            using var state = engine.Begin(count);
            engine.AppendEach(state, tokens.AsSpan(first, count), (i, logits) =>
                logProbs[document + i] = (float)(logits[tokens[document + i + 1]] - LogSumExp.Of(logits)));
        }
        return logProbs;
    }

    // How many tokens from one on are of its document.
    private static int Together(long[]? documents, int first, int end)
    {
        int next = first + 1;
        while (next < end && (documents is null || documents[next] == documents[first])) next++;
        return next - first;
    }
}
