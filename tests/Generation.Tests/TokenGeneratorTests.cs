namespace SparkTrain.Generation.Tests;

public sealed class TokenGeneratorTests : IDisposable
{
    private const int NoEos = -1;
    private static readonly SamplingOptions Greedy = new() { Temperature = 0 };

    private readonly SumDecoder decoder = new();

    public void Dispose() => decoder.Dispose();

    [Fact]
    public void Every_token_follows_from_the_prompt_and_all_tokens_before_it()
    {
        var continuation = new Continuation([3, 1, 4, 1, 5], 30, Greedy);
        Assert.All(Run(new(decoder, NoEos), [continuation]), c => Assert.Same(continuation, c));
        List<int> expected = [3, 1, 4, 1, 5];
        for (int i = 0; i < 30; i++) expected.Add(SumDecoder.After(expected));
        Assert.Equal(expected[5..], continuation.Tokens);
        Assert.Equal(FinishReason.Length, continuation.Finish);
        // The last token goes nowhere.
        Assert.Equal([5 + 30 - 1], decoder.Capacities);
        Assert.Equal([(1, 5), .. Enumerable.Repeat((1, 1), 29)], decoder.Calls);
    }

    [Theory, InlineData(2), InlineData(3), InlineData(20)]
    public void What_follows_a_prompt_does_not_depend_on_what_runs_beside_it(int batch)
    {
        var random = new Random(5);
        // Greedy ones and sampled ones, with seeds, penalties and lengths of their own; some end at token 7.
        Func<Continuation>[] make = [.. Enumerable.Range(0, 20).Select(i =>
        {
            int[] prompt = [.. Enumerable.Range(0, random.Next(1, 40)).Select(_ => random.Next(SumDecoder.VocabSize))];
            int most = random.Next(1, 30);
            var sampling = i % 3 == 0 ? Greedy : new SamplingOptions { Seed = i, TopP = 0.9, TopK = i % 2 == 0 ? 0 : 12, RepetitionPenalty = i % 5 == 1 ? 1.2 : 1 };
            return (Func<Continuation>)(() => new(prompt, most, sampling));
        })];
        Continuation[] alone = [.. make.Select(m => m())], together = [.. make.Select(m => m())];
        foreach (var continuation in alone) Finish(new(decoder, eosToken: 7), [continuation]);
        Finish(new(decoder, eosToken: 7, batch), together);
        Assert.Equal(alone.Select(c => (string.Join(' ', c.Tokens), c.Finish)), together.Select(c => (string.Join(' ', c.Tokens), c.Finish)));
        Assert.Contains(alone, c => c.Finish == FinishReason.Eos);
        Assert.Contains(alone, c => c.Finish == FinishReason.Length);
        Assert.All(alone.Where(c => c.Finish == FinishReason.Eos), c => Assert.Equal(7, c.Tokens[^1]));
        Assert.All(alone, c => Assert.DoesNotContain(7, c.Tokens.SkipLast(1)));
        Assert.Equal(0, decoder.Live);
    }

    [Fact]
    public void A_prompt_joins_as_soon_as_a_place_is_free()
    {
        Continuation[] all = [.. ((int[])[2, 5, 1, 4]).Select(most => new Continuation([1, 2], most, Greedy))];
        var order = Run(new(decoder, NoEos, batch: 2), all).Select(c => Array.IndexOf(all, c));
        // Both first tokens; a step of both, which ends 0; 2 is done with its first token; 3 joins 1.
        Assert.Equal([0, 1, 0, 1, 2, 3, 1, 3, 1, 3, 1, 3], order);
    }

    [Fact]
    public void A_sequence_ends_where_its_reader_or_the_models_length_says()
    {
        Continuation[] all = [new([1], 50, Greedy), new(new int[60], 50, Greedy), new([2], 4, Greedy)];
        foreach (var c in Run(new(decoder, NoEos, batch: 3), all))
            if (c.Tokens.Count == 4 && c != all[1]) c.Stop();
        // The model takes 64 tokens; the reader's word counts even where the length is reached as well.
        Assert.Equal([(4, FinishReason.Stop), (4, FinishReason.Length), (4, FinishReason.Stop)], all.Select(c => (c.Tokens.Count, c.Finish!.Value)));
    }

    [Fact]
    public void Tokens_of_prompts_and_behind_their_first_token_are_counted()
    {
        var generator = new TokenGenerator(decoder, NoEos, batch: 2);
        Finish(generator, [new([1, 2, 3], 1, Greedy), new([1, 2], 5, Greedy), new([1], 3, Greedy)]);
        Assert.Equal((6L, 6L), (generator.Speed.PrefillTokens, generator.Speed.DecodedTokens));
        Assert.True(generator.Speed.PrefillTime > TimeSpan.Zero && generator.Speed.DecodeTime > TimeSpan.Zero);
    }

    [Fact]
    public void Sequences_are_given_back_when_the_reader_leaves_or_cancels()
    {
        Continuation[] Prompts() => [new([1, 2], 20, Greedy), new([3], 20, Greedy), new([4], 20, Greedy)];
        var tokens = Run(new(decoder, NoEos, batch: 2), Prompts()).Take(7).GetEnumerator();
        tokens.MoveNext();
        Assert.Equal(1, decoder.Live);
        while (tokens.MoveNext()) Assert.Equal(2, decoder.Live);
        Assert.Equal(0, decoder.Live);
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() =>
        {
            foreach (var _ in new TokenGenerator(decoder, NoEos, batch: 2).Run(Prompts(), stop.Token)) stop.Cancel();
        });
        Assert.Equal(0, decoder.Live);
    }

    [Theory, InlineData(2), InlineData(5)]
    public void A_logit_that_is_not_finite_ends_all(int length)
    {
        using var broken = new SumDecoder { Broken = (length, 11) };
        var e = Assert.Throws<NotFiniteNumberException>(() => Finish(new(broken, NoEos), [new([1, 2], 20, Greedy)]));
        Assert.Contains("token 11", e.Message, StringComparison.Ordinal);
        Assert.Equal(0, broken.Live);
    }

    [Fact]
    public void A_prompt_that_does_not_fit_is_refused()
    {
        string Refusal(int[] prompt) => Assert.ThrowsAny<ArgumentException>(() => Finish(new(decoder, NoEos), [new(prompt, 5, Greedy)])).Message;
        Assert.Contains("0 tokens; expected 1 to 63", Refusal([]), StringComparison.Ordinal);
        Assert.Contains("64 tokens; expected 1 to 63", Refusal(new int[64]), StringComparison.Ordinal);
        Assert.Contains("token 29; expected 0 to 28", Refusal([1, 29]), StringComparison.Ordinal);
        Assert.Contains("token -1; expected 0 to 28", Refusal([-1]), StringComparison.Ordinal);
        Assert.Equal(0, decoder.Live);
    }

    private static IEnumerable<Continuation> Run(TokenGenerator generator, IEnumerable<Continuation> prompts) => generator.Run(prompts, TestContext.Current.CancellationToken);

    private static void Finish(TokenGenerator generator, IEnumerable<Continuation> prompts)
    {
        foreach (var _ in Run(generator, prompts)) { }
    }
}
