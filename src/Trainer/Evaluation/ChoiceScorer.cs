using SparkTrain.Input;
using SparkTrain.Tokenizers;

namespace SparkTrain.Trainer;

/// <summary>What a model makes of a question.</summary>
/// <param name="LogLikelihoods">ln P(choice | context) of each choice, in nats.</param>
/// <param name="Prediction">The choice of the largest likelihood.</param>
/// <param name="NormalisedPrediction">The choice of the largest likelihood a character.</param>
/// <param name="Gold">The right choice.</param>
/// <param name="IsCut">True where the context was cut on the left to fit the model.</param>
public sealed record ChoiceAnswer(IReadOnlyList<double> LogLikelihoods, int Prediction, int NormalisedPrediction, int Gold, bool IsCut);

/// <summary>
/// Scores multiple-choice questions with the arithmetic of the Language Model Evaluation Harness: each choice by the log-likelihood of its tokens behind the context; the prediction is the largest, or the largest
/// a character; of equals the first.
/// </summary>
public static class ChoiceScorer
{
    /// <summary>Answers the questions, in their order.</summary>
    /// <param name="trained">The model.</param>
    /// <param name="questions">The questions.</param>
    /// <param name="delimiter">What stands between context and choice.</param>
    public static IReadOnlyList<ChoiceAnswer> Answer(TrainedModel trained, IReadOnlyList<ChoiceQuestion> questions, string delimiter)
    {
        var pairs = questions.SelectMany(q => q.Choices.Select(choice => Encode(trained, q.Context, delimiter + choice))).ToList();
        float[][] logProbs = new BatchScorer(trained.Model).LogProbs([.. pairs.Select(p => p.Sequence)]);
        var answers = new List<ChoiceAnswer>();
        int next = 0;
        foreach (var question in questions)
        {
            var mine = Enumerable.Range(next, question.Choices.Count).ToList();
            double[] likelihoods = [.. mine.Select(i => logProbs[i].TakeLast(pairs[i].Scored).Sum(p => (double)p))];
            double[] normalised = [.. likelihoods.Zip(question.Choices, (likelihood, choice) => likelihood / choice.EnumerateRunes().Count())];
            answers.Add(new(likelihoods, First(likelihoods), First(normalised), question.Gold, mine.Any(i => pairs[i].IsCut)));
            next += question.Choices.Count;
        }
        return answers;
    }

    /// <summary>The share of right answers, and the standard error of that share: the deviation of the 0s and 1s, divided by n − 1, over √n; null for a single question, which tells nothing of it.</summary>
    public static (double Accuracy, double? StandardError) Accuracy(IReadOnlyList<ChoiceAnswer> answers, Func<ChoiceAnswer, int> prediction)
    {
        double n = answers.Count, p = answers.Count(a => prediction(a) == a.Gold) / n;
        return (p, n > 1 ? Math.Sqrt(p * (1 - p) / (n - 1)) : null);
    }

    // White space at the context's end belongs to the continuation, as a tokenizer puts it; what the whole has beyond the context's tokens is scored.
    private static (TokenSequence Sequence, int Scored, bool IsCut) Encode(TrainedModel trained, string context, string continuation)
    {
        string kept = context.TrimEnd();
        long[] whole = [.. trained.Tokenizer.EncodeFromStart(context + continuation).Select(t => (long)t)];
        int limit = trained.Model.Config.MaxSeqLen, scored = whole.Length - trained.Tokenizer.EncodeFromStart(kept).Count;
        if (scored >= limit)
            throw new DataException($"choice '{continuation.Trim()}'", $"it has {scored} tokens", $"fewer than the model's {limit}", "use shorter choices, or a model of longer sequences");
        return (new(whole.Length > limit ? whole[^limit..] : whole), scored, whole.Length > limit);
    }

    private static int First(double[] values) => Array.IndexOf(values, values.Max());
}
