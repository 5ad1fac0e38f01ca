using CsCheck;

namespace SparkTrain.Generation.Tests;

public sealed class SamplerTests
{
    // A count of n draws with probability p has standard deviation √(n p (1 − p)); five of them are exceeded once in 2 million.
    private const double Deviations = 5;

    // Probabilities of five tokens, as logits.
    private static readonly double[] Probabilities = [0.07, 0.5, 0.03, 0.3, 0.1];
    private static readonly float[] Logits = [.. Probabilities.Select(p => (float)Math.Log(p))];

    [Fact]
    public void Without_temperature_the_most_probable_token_is_taken_and_of_equals_the_first()
    {
        var sampler = new Sampler(new() { Temperature = 0, TopK = 3, TopP = 0.1 }, []);
        Assert.Equal(1, sampler.Next(Logits));
        Assert.Equal(2, sampler.Next([-1, 0, 7, 7, 3]));
    }

    [Fact]
    public void Every_token_comes_as_often_as_its_probability_says() => RequireFrequencies(new(), Probabilities);

    [Fact]
    public void Temperature_divides_the_logits() =>
        // p^(1/2) and p², divided by their sums, 2.0087 and 0.3558.
        Assert.All([(2.0, [0.1317, 0.3520, 0.0862, 0.2727, 0.1574]), (0.5, [0.0138, 0.7026, 0.0025, 0.2530, 0.0281])], ((double Temperature, double[] Expected) c) =>
            RequireFrequencies(new() { Temperature = c.Temperature }, c.Expected));

    public static TheoryData<SamplingOptions, double[]> Cuts => new()
    {
        { new() { TopK = 1 }, [0, 1, 0, 0, 0] },
        { new() { TopK = 2 }, [0, 0.625, 0, 0.375, 0] },
        { new() { TopK = 9 }, Probabilities },
        { new() { TopP = 0.49 }, [0, 1, 0, 0, 0] },
        { new() { TopP = 0.51 }, [0, 0.625, 0, 0.375, 0] },
        { new() { TopP = 0.79 }, [0, 0.625, 0, 0.375, 0] },
        { new() { TopP = 0.81 }, [0, 5 / 9.0, 0, 3 / 9.0, 1 / 9.0] },
        { new() { MinP = 0.21 }, [0, 0.625, 0, 0.375, 0] },
        { new() { MinP = 0.19 }, [0, 5 / 9.0, 0, 3 / 9.0, 1 / 9.0] },
        { new() { MinP = 1 }, [0, 1, 0, 0, 0] },
        // Of the two that top-k leaves, the first has 0.625 of the probability; of all five it has 0.5.
        { new() { TopK = 2, TopP = 0.6 }, [0, 1, 0, 0, 0] },
        { new() { TopP = 0.6 }, [0, 0.625, 0, 0.375, 0] },
        // At temperature 2 the tokens have 0.13, 0.35, 0.09, 0.27, 0.16: the cuts see these.
        { new() { Temperature = 2, TopP = 0.5 }, [0, 0.5635, 0, 0.4365, 0] },
        { new() { Temperature = 2, TopP = 0.9, MinP = 0.4 }, [0, 0.4501, 0, 0.3486, 0.2013] },
        { new() { TopK = 3, MinP = 0.3 }, [0, 0.625, 0, 0.375, 0] },
    };

    [Theory, MemberData(nameof(Cuts))]
    public void Every_cut_leaves_the_probabilities_of_what_it_keeps(SamplingOptions options, double[] expected) => RequireFrequencies(options, expected);

    [Fact]
    public void Cuts_equal_those_of_sorted_lists()
    {
        var candidates = new Candidates();
        (from logits in Gen.Int[-6, 6].Array[1, 200] from k in Gen.Int[1, 45] from p in Gen.Double[0.01, 0.99] from m in Gen.Double[0, 1] select (logits, k, p, m)).Sample(c =>
        {
            float[] logits = [.. c.logits.Select(l => l * 0.37f)];
            double[] weights = [.. logits.Select(l => Math.Exp(l - logits.Max()))];
            candidates.Begin(logits, logits.Max(), 1);
            int[] sorted = [.. Enumerable.Range(0, logits.Length).OrderByDescending(t => weights[t]).ThenBy(t => t).Take(c.k)];
            candidates.KeepMost(c.k);
            Assert.Equal(sorted.Order(), candidates.Tokens.ToArray());

            double share = c.p * sorted.Sum(t => weights[t]);
            int needed = 0;
            for (double sum = 0; sum < share; needed++) sum += weights[sorted[needed]];
            candidates.KeepNucleus(c.p);
            Assert.Equal(sorted[..needed].Order(), candidates.Tokens.ToArray());

            candidates.KeepFrom(c.m);
            Assert.Equal(sorted[..needed].Where(t => weights[t] >= c.m).Order(), candidates.Tokens.ToArray());
        }, iter: 2000, threads: 1);
    }

    [Theory]
    [InlineData(0, 0, 1, 0)]
    [InlineData(0, 0, 1.2, 0)]
    [InlineData(0.8, 0, 1, 1000)]
    [InlineData(0.8, 40, 1.1, 1000)]
    public void A_draw_from_a_large_vocabulary_takes_no_memory_for_it(double temperature, int topK, double penalty, int most)
    {
        var random = new Random(4);
        float[] logits = [.. Enumerable.Range(0, 100_000).Select(_ => random.NextSingle() * 20)];
        var sampler = new Sampler(new() { Temperature = temperature, TopK = topK, TopP = 0.9, RepetitionPenalty = penalty }, Enumerable.Range(0, 100));
        sampler.Next(logits);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++) sampler.Next(logits);
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 10, 0, most);
    }

    [Fact]
    public void The_repetition_penalty_makes_seen_tokens_less_likely_whatever_their_sign()
    {
        // Of the prompt's tokens, 3 becomes 3 / 2.5 = 1.2 and −1 becomes −2.5.
        float[] logits = [3, -1, 1.5f, -2];
        var sampler = new Sampler(new() { Temperature = 0, RepetitionPenalty = 2.5 }, [0, 1, 0, 0]);
        Assert.Equal(2, sampler.Next(logits));
        // Now 1.5 has become 0.6, once and for all.
        Assert.Equal([0, 0, 0], [sampler.Next(logits), sampler.Next(logits), sampler.Next(logits)]);
        Assert.Equal(3, sampler.Next([-1, -1, -1, -2]));

        // ln 0.5 · 2 = ln 0.25 and ln 0.3 · 2 = ln 0.09; their sum with the other three is 0.54.
        RequireFrequencies(new() { RepetitionPenalty = 2 }, [0.07 / 0.54, 0.25 / 0.54, 0.03 / 0.54, 0.09 / 0.54, 0.1 / 0.54], prompt: [1, 3], restart: true);
    }

    [Theory]
    // SplitMix64 in another language: ⌊10 u⌋ with u = (mix(mix(seed) + n) >> 11) / 2⁵³.
    [InlineData(0, new[] { 6, 1, 5, 9, 3, 0, 9, 0, 5, 9, 5, 5, 4, 6, 0, 4, 4, 1, 9, 8 })]
    [InlineData(-7, new[] { 0, 9, 6, 8, 1, 0, 1, 9, 1, 0, 8, 4, 3, 5, 0, 3, 2, 5, 6, 9 })]
    [InlineData(1L << 40, new[] { 1, 4, 7, 1, 6, 1, 3, 4, 0, 7, 2, 4, 1, 9, 1, 8, 9, 5, 1, 4 })]
    public void A_draw_is_a_function_of_seed_and_number(long seed, int[] expected)
    {
        var sampler = new Sampler(new() { Seed = seed }, []);
        Assert.Equal(expected, expected.Select(_ => sampler.Next(new float[10])));
    }

    [Fact]
    public void Draws_of_neighbouring_seeds_are_as_good_as_those_of_one() => RequireFrequencies(new(), Probabilities, restart: true);

    [Theory]
    [InlineData(nameof(SamplingOptions.Temperature), -0.1), InlineData(nameof(SamplingOptions.Temperature), double.NaN), InlineData(nameof(SamplingOptions.Temperature), double.PositiveInfinity)]
    [InlineData(nameof(SamplingOptions.TopK), -1)]
    [InlineData(nameof(SamplingOptions.TopP), 0), InlineData(nameof(SamplingOptions.TopP), 1.01), InlineData(nameof(SamplingOptions.TopP), double.NaN)]
    [InlineData(nameof(SamplingOptions.MinP), -0.01), InlineData(nameof(SamplingOptions.MinP), 1.01), InlineData(nameof(SamplingOptions.MinP), double.NaN)]
    [InlineData(nameof(SamplingOptions.RepetitionPenalty), 0), InlineData(nameof(SamplingOptions.RepetitionPenalty), 101), InlineData(nameof(SamplingOptions.RepetitionPenalty), double.NaN)]
    public void An_option_out_of_range_is_named(string option, double value)
    {
        var options = option switch
        {
            nameof(SamplingOptions.Temperature) => new SamplingOptions { Temperature = value },
            nameof(SamplingOptions.TopK) => new() { TopK = (int)value },
            nameof(SamplingOptions.TopP) => new() { TopP = value },
            nameof(SamplingOptions.MinP) => new() { MinP = value },
            _ => new() { RepetitionPenalty = value },
        };
        Assert.Equal(option, options.FirstOutOfRange()?.Option);
        Assert.Contains(option, Assert.Throws<ArgumentOutOfRangeException>(() => new Sampler(options, [])).Message, StringComparison.Ordinal);
    }

    [Theory, InlineData(float.NaN), InlineData(float.PositiveInfinity), InlineData(float.NegativeInfinity)]
    public void A_logit_that_is_not_finite_is_refused(float logit) =>
        Assert.Contains("token 2", Assert.Throws<NotFiniteNumberException>(() => new Sampler(new() { Temperature = 0 }, []).Next([0, 1, logit])).Message, StringComparison.Ordinal);

    // Draws from one seed, or the first draw of many seeds.
    private static void RequireFrequencies(SamplingOptions options, double[] expected, int[]? prompt = null, bool restart = false)
    {
        const int Draws = 20_000;
        var sampler = new Sampler(options, prompt ?? []);
        int[] counts = new int[expected.Length];
        for (int i = 0; i < Draws; i++)
        {
            if (restart) sampler = new Sampler(options with { Seed = i }, prompt ?? []);
            counts[sampler.Next(Logits)]++;
        }
        foreach (var (token, p) in expected.Index())
            Assert.True(Math.Abs(counts[token] - Draws * p) <= Deviations * Math.Sqrt(Draws * p * (1 - p)), $"token {token} came {counts[token]} times of {Draws}; its probability is {p:F4}");
    }
}
