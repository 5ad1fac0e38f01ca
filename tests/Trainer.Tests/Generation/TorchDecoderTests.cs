using SparkTrain.Generation;
using SparkTrain.Model;
using SparkTrain.ModelFormat;
using static TorchSharp.torch;

namespace SparkTrain.Trainer.Tests.Generation;

public sealed class TorchDecoderTests
{
    private const int NoEos = -1;
    private static readonly SamplingOptions Greedy = new() { Temperature = 0 };

    private static readonly ModelConfig Spark = Of(FfnKind.Spark, AttentionKind.Spark);

    public static TheoryData<FfnKind, AttentionKind> Kinds => new(
        from ffn in Enum.GetValues<FfnKind>() from attention in Enum.GetValues<AttentionKind>() select (ffn, attention));

    [Theory, MemberData(nameof(Kinds))]
    public void Greedy_tokens_are_the_largest_logits_of_passes_without_a_cache(FfnKind ffn, AttentionKind attention)
    {
        using var scope = NewDisposeScope();
        var model = Model(Of(ffn, attention));
        using var decoder = new TorchDecoder(model);
        var continuation = new Continuation([3, 1, 4, 1, 5], 30, Greedy);
        Finish(new(decoder, NoEos), [continuation]);
        List<int> expected = [3, 1, 4, 1, 5];
        for (int i = 0; i < 30; i++)
            expected.Add((int)model.call(tensor(expected.Select(t => (long)t).ToArray()).unsqueeze(0), null)[0, -1].argmax().item<long>());
        Assert.Equal(expected[5..], continuation.Tokens);
    }

    [Fact]
    public void What_follows_a_prompt_does_not_depend_on_what_runs_beside_it()
    {
        using var decoder = new TorchDecoder(Model(Spark));
        var random = new Random(5);
        Func<Continuation>[] make = [.. Enumerable.Range(0, 20).Select(i =>
        {
            int[] prompt = [.. Enumerable.Range(0, random.Next(1, 40)).Select(_ => random.Next(29))];
            int most = random.Next(1, 30);
            return (Func<Continuation>)(() => new(prompt, most, i % 3 == 0 ? Greedy : new SamplingOptions { Seed = i, TopP = 0.9 }));
        })];
        Continuation[] alone = [.. make.Select(m => m())], together = [.. make.Select(m => m())];
        foreach (var continuation in alone) Finish(new(decoder, NoEos), [continuation]);
        Finish(new(decoder, NoEos, batch: 3), together);
        Assert.Equal(alone.Select(c => string.Join(' ', c.Tokens)), together.Select(c => string.Join(' ', c.Tokens)));
    }

    [Fact]
    public void Sequences_may_get_different_numbers_of_tokens_at_once()
    {
        using var decoder = new TorchDecoder(Model(Spark));
        int[][] rows = [[1, 2, 3], [4], [5, 6, 7], [8, 9]];
        float[] together = new float[4 * 29], alone = new float[4 * 29];
        decoder.Append([.. rows.Select(row => new NewTokens(decoder.Begin(5), row))], together);
        foreach (var (i, row) in rows.Index()) decoder.Append([new(decoder.Begin(5), row)], alone.AsSpan(i * 29, 29));
        // λ √n u of the largest logit, for the roundings of two layers (λ = 8, n about 600, u = 2⁻²⁴): the order of the sums depends on the processor's library.
        float tolerance = 8 * MathF.Sqrt(600) * MathF.Pow(2, -24) * Math.Max(1, alone.Max(MathF.Abs));
        Assert.All(alone.Zip(together), pair => Assert.Equal(pair.First, pair.Second, tolerance));
    }

    [Fact]
    public void No_tensor_is_left_whether_the_tokens_are_read_to_their_end_or_not()
    {
        using var decoder = new TorchDecoder(Model(Spark));
        // Tables of positions are made at first use and stay.
        Finish(new(decoder, NoEos), [new([1, 2], 30, Greedy)]);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long live = Tensor.TotalCount;
        Continuation[] Prompts() => [new([1, 2], 20, Greedy), new([3], 20, Greedy), new([4], 20, Greedy)];
        Finish(new(decoder, NoEos, batch: 2), Prompts());
        Assert.Equal(live, Tensor.TotalCount);
        Assert.Equal(7, new TokenGenerator(decoder, NoEos, batch: 2).Run(Prompts(), TestContext.Current.CancellationToken).Take(7).Count());
        Assert.Equal(live, Tensor.TotalCount);
    }

    [Fact]
    public void What_does_not_fit_is_refused_and_changes_nothing()
    {
        using var decoder = new TorchDecoder(Model(Spark));
        using var sequence = decoder.Begin(2);
        string Refusal(int room, params NewTokens[] batch) => Assert.ThrowsAny<ArgumentException>(() => decoder.Append(batch, new float[room])).Message;
        Assert.Contains("room for 28 logits; expected 1 sequences of 29", Refusal(28, new NewTokens(sequence, (int[])[1])), StringComparison.Ordinal);
        Assert.Contains("a sequence comes twice", Refusal(58, new(sequence, (int[])[1]), new(sequence, (int[])[2])), StringComparison.Ordinal);
        Assert.Contains("0 tokens", Refusal(29, new NewTokens(sequence, default)), StringComparison.Ordinal);
        Assert.Contains("3 tokens for a sequence that holds 0 of 2", Refusal(29, new NewTokens(sequence, (int[])[1, 2, 3])), StringComparison.Ordinal);
        Assert.Contains("token 29; expected 0 to 28", Refusal(29, new NewTokens(sequence, (int[])[1, 29])), StringComparison.Ordinal);
        Assert.Equal((0, 2), (sequence.Length, sequence.Capacity));
    }

    private static ModelConfig Of(FfnKind ffn, AttentionKind attention) => new()
    {
        VocabSize = 29, DModel = 8, NumLayers = 2, MaxSeqLen = 64,
        Ffn = new() { Kind = ffn, DFf = 12, PredictorDim = ffn == FfnKind.Spark ? 4 : 0, Active = ffn is FfnKind.Spark or FfnKind.GatedTopk ? 3 : 0 },
        Attention = new()
        {
            Kind = attention, NumHeads = 2, NumKvHeads = 1, HeadDim = 4, Window = 5, PredictorDim = attention == AttentionKind.Spark ? 2 : 0, Active = attention == AttentionKind.Dense ? 0 : 3,
        },
    };

    private static Transformer Model(ModelConfig config)
    {
        var model = new Transformer(config, new ComputeOptions());
        WeightInit.Fill(model, 1);
        return model;
    }

    private static void Finish(TokenGenerator generator, IEnumerable<Continuation> prompts)
    {
        foreach (var _ in generator.Run(prompts, TestContext.Current.CancellationToken)) { }
    }
}
