using SparkTrain.Data;
using SparkTrain.Input;
using SparkTrain.Model;
using SparkTrain.Support;
using static TorchSharp.torch;

namespace SparkTrain.Trainer.Tests.Evaluation;

/// <summary>Numbers of an evaluation against those of training, of single passes, and of arithmetic by hand.</summary>
public sealed class EvaluationTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly TrainConfig config;
    private readonly TrainedModel trained;

    public EvaluationTests()
    {
        config = TinyRun.Config(TinyRun.Data(folder), folder["runs"]);
        TinyRun.Train(config);
        trained = TrainedModel.Load(folder["runs/tiny/model"], new ComputeOptions());
    }

    public void Dispose()
    {
        trained.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void A_dataset_has_the_validation_loss_that_training_measured()
    {
        var last = TinyRun.Metrics(config)[^1];
        var result = new DatasetEvaluator(trained, config.Training.SeqLen, config.Training.MicroBatch).Run(new() { Name = "it", Folder = config.Data.Folder! }, config.Validation.Tokens, TestContext.Current.CancellationToken);
        Assert.Equal(last.GetProperty("val_loss").GetDouble(), result.Nats, 1e-5);
        Assert.Equal(last.GetProperty("val_bits_per_byte").GetDouble(), result.BitsPerByte, 1e-5);
        Assert.Equal(Math.Exp(result.Nats), result.Perplexity, 1e-9);
        Assert.Equal(result.Targets, result.Loss.Buckets.Sum(b => b.Targets));
        Assert.Equal([(1L, 1L), (2, 3), (4, 7), (8, 15), (16, 31)], result.Loss.Buckets.Select(b => (b.From, b.To)).Take(5));
        // The first byte of a word is harder than what follows; a document begins with a word like any other.
        Assert.Equal(result.Loss.Total.Nats, result.Loss.Buckets.Sum(b => b.Loss * b.Targets), 1e-6);
    }

    [Fact]
    public void A_dataset_of_another_tokenizer_is_refused()
    {
        DatasetBuilder.Build(new() { Sources = [folder["data.jsonl"]], Output = folder["other"], Tokenizer = "bpe:270", ValidationFraction = 0.2 }, cancellation: TestContext.Current.CancellationToken);
        var e = Assert.Throws<DataException>(() => new DatasetEvaluator(trained, 32, 2).Run(new() { Name = "other", Folder = folder["other"] }, 100, TestContext.Current.CancellationToken));
        Assert.Contains("tokenizer bpe-270", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Losses_fall_into_buckets_by_context()
    {
        var losses = new LossByContext();
        foreach (var (context, nats) in ((long, double)[])[(1, 4), (2, 3), (3, 1), (8, 0.5)]) losses.Add(context, nats);
        Assert.Equal([(1, 1, 1, 4), (2, 3, 2, 2), (8, 15, 1, 0.5)], losses.Buckets.Select(b => (b.From, b.To, b.Targets, b.Loss)));
        Assert.Equal((8.5, 4L), losses.Total);
        losses.Add(losses);
        Assert.Equal((17, 8L), losses.Total);
    }

    [Fact]
    public void Sequences_score_alike_alone_and_side_by_side_and_keep_their_order()
    {
        var random = new Random(4);
        TokenSequence[] sequences = [.. Enumerable.Range(0, 40).Select(i =>
        {
            long[] tokens = [.. Enumerable.Range(0, random.Next(1, 49)).Select(_ => (long)random.Next(258))];
            return new TokenSequence(tokens, i % 3 == 0 ? [.. tokens.Select((_, t) => (long)(t / 9))] : null);
        })];
        var scorer = new BatchScorer(trained.Model, tokensPerBatch: 200);
        float[][] together = scorer.LogProbs(sequences), again = scorer.LogProbs(sequences);
        Assert.Equal(together, again);
        foreach (var (sequence, scores) in sequences.Zip(together))
        {
            float[] alone = scorer.LogProbs([sequence])[0];
            Assert.Equal(sequence.Tokens.Length - 1, scores.Length);
            Assert.All(alone.Zip(scores), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
        }
        foreach (int[] batch in scorer.Batches(sequences))
            Assert.True(batch.Length == 1 || batch.Length * batch.Max(i => sequences[i].Tokens.Length) <= 200);
    }

    [Fact]
    public void A_choice_has_the_likelihood_of_its_own_tokens_behind_the_context()
    {
        ChoiceQuestion[] questions = [new("the norm ", ["of", "every query"], 1), new("", ["keys", "xyz"], 0)];
        var answers = ChoiceScorer.Answer(trained, questions, " ");
        // The byte tokenizer: the white space at the context's end, then the delimiter, then the choice, each byte a token.
        Assert.Equal(Likelihood("the norm", "  of"), answers[0].LogLikelihoods[0], 1e-4);
        Assert.Equal(Likelihood("the norm", "  every query"), answers[0].LogLikelihoods[1], 1e-4);
        Assert.Equal(Likelihood("", " keys"), answers[1].LogLikelihoods[0], 1e-4);
        Assert.Equal((1, 0), (answers[0].Gold, answers[1].Gold));
        Assert.All(answers, a => Assert.Equal(a.LogLikelihoods[0] >= a.LogLikelihoods[1] ? 0 : 1, a.Prediction));
        Assert.Equal(answers[0].LogLikelihoods[0] / 2 >= answers[0].LogLikelihoods[1] / 11 ? 0 : 1, answers[0].NormalisedPrediction);
        Assert.DoesNotContain(answers, a => a.IsCut);
    }

    [Fact]
    public void A_context_that_is_too_long_is_cut_on_the_left_and_a_choice_that_is_too_long_is_refused()
    {
        string context = string.Concat(Enumerable.Repeat("the keys ", 20));
        var cut = ChoiceScorer.Answer(trained, [new(context, ["and", "few"], 0)], "")[0];
        Assert.True(cut.IsCut);
        // The model takes 48 tokens: 3 of the choice and 1 of white space are scored behind the last 44 of the context.
        using var scope = NewDisposeScope();
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(context + "and")[^48..];
        float[] scores = new BatchScorer(trained.Model).LogProbs([new([.. bytes.Select(b => (long)b)])])[0];
        Assert.Equal(scores[^4..].Sum(), cut.LogLikelihoods[0], 1e-4);
        Assert.Contains("48", Assert.Throws<DataException>(() => ChoiceScorer.Answer(trained, [new("x", [new('a', 50), "b"], 0)], "")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Accuracy_has_the_standard_error_of_a_mean()
    {
        ChoiceAnswer Answer(int prediction) => new([], prediction, 1 - prediction, 0, false);
        ChoiceAnswer[] answers = [Answer(0), Answer(0), Answer(0), Answer(1)];
        // Deviation of 1 1 1 0: √(3·(1/4)² + (3/4)²)/√3 = ½; over √4.
        Assert.Equal((0.75, 0.25), ChoiceScorer.Accuracy(answers, a => a.Prediction));
        Assert.Equal((0.25, 0.25), ChoiceScorer.Accuracy(answers, a => a.NormalisedPrediction));
    }

    [Fact]
    public void Exact_selection_scores_otherwise_than_statistical()
    {
        long[] tokens = [.. Enumerable.Range(0, 48).Select(t => (long)(t * 37 % 258))];
        float[] statistical = new BatchScorer(trained.Model).LogProbs([new(tokens)])[0];
        trained.Model.Options.Level.Selector = ModelFormat.TopkSelector.Exact;
        float[] exact = new BatchScorer(trained.Model).LogProbs([new(tokens)])[0];
        Assert.NotEqual(statistical, exact);
        Assert.All(exact, p => Assert.True(float.IsFinite(p)));
    }

    private double Likelihood(string context, string continuation)
    {
        long[] before = [256, .. System.Text.Encoding.UTF8.GetBytes(context).Select(b => (long)b)], rest = [.. System.Text.Encoding.UTF8.GetBytes(continuation).Select(b => (long)b)];
        using var scope = NewDisposeScope();
        long[] all = [.. before, .. rest];
        return trained.Model.LogProbs(tensor(all, [1, all.Length]))[0, (before.Length - 1)..].sum().item<float>();
    }
}
