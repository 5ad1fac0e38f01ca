using System.Text.Json;
using System.Text.Json.Serialization;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Evaluation;

/// <summary>The answers to a set of questions.</summary>
/// <param name="Name">The set.</param>
/// <param name="Answers">Its answers.</param>
internal sealed record ChoiceResult(string Name, IReadOnlyList<ChoiceAnswer> Answers)
{
    /// <summary>Share of right answers by likelihood, with its standard error.</summary>
    public (double Accuracy, double? StandardError) ByLikelihood => ChoiceScorer.Accuracy(Answers, a => a.Prediction);

    /// <summary>Share of right answers by likelihood a character, with its standard error.</summary>
    public (double Accuracy, double? StandardError) Normalised => ChoiceScorer.Accuracy(Answers, a => a.NormalisedPrediction);

    /// <summary>Questions whose context did not fit.</summary>
    public int Cut => Answers.Count(a => a.IsCut);
}

/// <summary>What an evaluation has found.</summary>
/// <param name="Model">Where the weights came from.</param>
/// <param name="Losses">Losses by dataset.</param>
/// <param name="Choices">Accuracies by set of questions.</param>
/// <param name="FfnActiveFraction">Share of non-zero FFN neurons of each layer, over everything that was computed.</param>
/// <param name="AttentionKept">Keys kept per query of each layer.</param>
internal sealed record EvaluationReport(string Model, IReadOnlyList<DatasetLoss> Losses, IReadOnlyList<ChoiceResult> Choices, IReadOnlyList<double> FfnActiveFraction, IReadOnlyList<double> AttentionKept)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <summary>All datasets as one; null where there are fewer than two.</summary>
    public DatasetLoss? All
    {
        get
        {
            if (Losses.Count < 2) return null;
            var losses = new LossByContext();
            foreach (var set in Losses) losses.Add(set.Loss);
            return new("all", losses, Losses.Sum(set => set.Bytes));
        }
    }

    /// <summary>Renders it for programs.</summary>
    public string ToJson() => JsonSerializer.Serialize(new
    {
        Model,
        Sets = Losses.Concat(All is { } all ? [all] : []).Select(set => new
        {
            set.Name, set.Targets, Loss = set.Nats, set.Perplexity, set.BitsPerByte,
            ByContext = set.Loss.Buckets.Select(b => new { b.From, b.To, b.Targets, b.Loss }),
        }),
        Choices = Choices.Select(set => new
        {
            set.Name, Questions = set.Answers.Count, Accuracy = set.ByLikelihood.Accuracy, AccuracyStandardError = set.ByLikelihood.StandardError,
            AccuracyNormalised = set.Normalised.Accuracy, AccuracyNormalisedStandardError = set.Normalised.StandardError, set.Cut,
        }),
        FfnActiveFractionByLayer = FfnActiveFraction,
        AttentionKeptByLayer = AttentionKept,
    }, Json);
}
