using SparkTrain.Generation;
using SparkTrain.Inference.Tests.Reference;

namespace SparkTrain.Inference.Tests;

/// <summary>A sequence's logits have the same bits however its tokens come, whatever stands beside it, and however many threads compute.</summary>
public sealed class SameBitsTests
{
    private static readonly Gen<TensorType?> AnyType = Gen.Int[0, 2].Select(i => i switch { 0 => (TensorType?)null, 1 => TensorType.F32, _ => TensorType.BF16 });

    private static readonly Gen<ModelConfig> AnyConfig = Gen.OneOf(AnyModel.Config, AnyModel.WideConfig);

    private static readonly Gen<EngineOptions> AnyOptions =
        from weights in AnyType from cache in AnyType from predictor in Gen.Frequency((3, Gen.Const(false)), (1, Gen.Const(true)))
        from screened in Gen.Frequency((3, Gen.Const(0)), (1, Gen.Const(3)))
        select new EngineOptions { Weights = weights, Cache = cache, Int8Predictor = predictor, ScreenedTokens = screened, Threads = 1 };

    private static readonly Gen<(ModelConfig Config, EngineOptions Options, int[] Tokens, int Seed)> Problems =
        from config in AnyConfig from options in AnyOptions from tokens in Tokens(config, 60) from seed in Gen.Int[0, 1 << 30] select (config, options, tokens, seed);

    // Longer than any window and than the rows that an engine computes at once.
    private static readonly Gen<(ModelConfig Config, EngineOptions Options, int[] Tokens, int Seed)> LongProblems =
        from config in AnyModel.Config from options in AnyOptions from tokens in Gen.Int[0, config.VocabSize - 1].Array[200, 420] from seed in Gen.Int[0, 1 << 30]
        select (config, options, tokens, seed);

    [Fact]
    public void In_any_pieces() => Problems.Sample(InPieces, iter: 40, threads: 1);

    [Fact]
    public void In_any_pieces_when_longer_than_windows_and_blocks() => LongProblems.Sample(InPieces, iter: 8, threads: 1);

    [Fact]
    public void With_any_number_of_threads() => Problems.Sample(p =>
    {
        using var weights = new RandomWeights(p.Config, p.Seed);
        float[][] expected = Run(weights, p.Options, p.Tokens);
        foreach (int threads in (int[])[2, 3, 5]) Decoding.AssertSameBits(expected, Run(weights, p.Options with { Threads = threads }, p.Tokens), $"{threads} threads, {p.Config}");
    }, iter: 25, threads: 1);

    [Fact]
    public void When_everything_that_masks_drop_is_read_as_well() => Problems.Sample(p =>
    {
        using var weights = new RandomWeights(p.Config, p.Seed);
        Decoding.AssertSameBits(Run(weights, p.Options, p.Tokens), Run(weights, p.Options with { Sparse = false }, p.Tokens), $"{p.Config}");
    }, iter: 50, threads: 1);

    [Fact]
    public void Beside_any_other_sequences() => (from p in Problems from threads in Gen.Int[1, 3] select (p, threads)).Sample(t =>
    {
        var (p, threads) = t;
        using var weights = new RandomWeights(p.Config, p.Seed);
        float[][] expected = Run(weights, p.Options, p.Tokens);
        using var engine = SparseEngine.Load(weights, p.Options with { Threads = threads });
        var random = new Random(p.Seed);
        // Each is a piece of the same tokens, from a place of its own, so that the first ones cannot be mixed up unnoticed.
        var members = Enumerable.Range(0, random.Next(2, 9)).Select(i => new Member(engine, i == 0 ? p.Tokens : Shuffled(p.Tokens, random))).ToArray();
        using var alone = SparseEngine.Load(weights, p.Options);
        foreach (var member in members.Skip(1)) member.Expected = Decoding.Each(alone, member.Tokens);
        members[0].Expected = expected;
        while (members.Where(m => !m.IsDone && random.Next(3) > 0).ToArray() is var turn && members.Any(m => !m.IsDone)) Member.Step(engine, turn, random, $"{p.Config}");
        foreach (var member in members) member.Dispose();
    }, iter: 25, threads: 1);

    [Fact]
    public void In_batches_of_more_rows_than_a_block() => (from config in AnyModel.Config from options in AnyOptions from seed in Gen.Int[0, 1 << 30] select (config, options, seed)).Sample(p =>
    {
        using var weights = new RandomWeights(p.config, p.seed);
        using var engine = SparseEngine.Load(weights, p.options with { Threads = 2 });
        var random = new Random(p.seed);
        var members = Enumerable.Range(0, 90).Select(_ => new Member(engine, Shuffled([.. Enumerable.Range(0, 4)], random).Select(t => t % p.config.VocabSize).ToArray())).ToArray();
        using var alone = SparseEngine.Load(weights, p.options);
        foreach (var member in members) member.Expected = Decoding.Each(alone, member.Tokens);
        while (members.Any(m => !m.IsDone)) Member.Step(engine, [.. members.Where(m => !m.IsDone)], random, $"{p.config}");
        foreach (var member in members) member.Dispose();
    }, iter: 4, threads: 1);

    [Fact]
    public void After_a_fork() => Problems.Sample(Forked, iter: 40, threads: 1);

    [Fact]
    public void After_a_fork_when_longer_than_windows_and_blocks() => LongProblems.Sample(Forked, iter: 4, threads: 1);

    [Fact]
    public void After_some_of_it_was_forgotten() => LongProblems.Sample(p =>
    {
        using var weights = new RandomWeights(p.Config, p.Seed);
        using var engine = SparseEngine.Load(weights, p.Options);
        float[][] expected = Decoding.Each(engine, p.Tokens);
        var random = new Random(p.Seed);
        var sequence = (DecodeSequence)engine.Begin(p.Tokens.Length);
        int longest = 0;
        while (sequence.Length < p.Tokens.Length)
        {
            int[] wrong = Shuffled(p.Tokens, random);
            wrong = wrong[..Math.Min(wrong.Length, Math.Min(p.Tokens.Length - sequence.Length, random.Next(1, DecodeLimits.MaxRows)))];
            int right = sequence.Length;
            Decoding.Last(engine, sequence, wrong);
            if (random.Next(3) == 0)
            {
                using var original = sequence;
                sequence = (DecodeSequence)engine.Fork(original, p.Tokens.Length + random.Next(200));
            }
            longest = Math.Max(longest, sequence.Length);
            sequence.Truncate(right);
            // Further back than so many tokens there may be others in their place.
            if (longest > DecodeLimits.MaxRows) Assert.Throws<ArgumentOutOfRangeException>(() => sequence.Truncate(longest - DecodeLimits.MaxRows - 1));
            if (random.Next(2) == 0) sequence.Truncate(right = random.Next(Math.Max(0, longest - DecodeLimits.MaxRows), right + 1));
            int to = Math.Min(p.Tokens.Length, right + random.Next(1, 100));
            Decoding.AssertSameBits(expected[right..to], Decoding.Each(engine, sequence, p.Tokens[right..to]), $"from {right} to {to}, {p.Config}");
            longest = Math.Max(longest, to);
        }
        sequence.Dispose();
    }, iter: 8, threads: 1);

    [Fact]
    public void In_sequences_of_any_capacity() => Problems.Sample(p =>
    {
        using var weights = new RandomWeights(p.Config, p.Seed);
        using var engine = SparseEngine.Load(weights, p.Options);
        float[][] expected = Decoding.Each(engine, p.Tokens);
        foreach (int spare in (int[])[1, 31, 1000])
        {
            using var sequence = engine.Begin(p.Tokens.Length + spare);
            Decoding.AssertSameBits(expected, Decoding.Each(engine, sequence, p.Tokens), $"{spare} places to spare, {p.Config}");
        }
    }, iter: 30, threads: 1);

    [Fact]
    public void In_memory_that_an_earlier_sequence_has_left() => Problems.Sample(p =>
    {
        using var weights = new RandomWeights(p.Config, p.Seed);
        using var engine = SparseEngine.Load(weights, p.Options);
        float[][] expected = Decoding.Each(engine, p.Tokens);
        Decoding.Each(engine, Shuffled(p.Tokens, new(p.Seed)));
        Decoding.AssertSameBits(expected, Decoding.Each(engine, p.Tokens), $"{p.Config}");
    }, iter: 30, threads: 1);

    private static void InPieces((ModelConfig Config, EngineOptions Options, int[] Tokens, int Seed) p)
    {
        using var weights = new RandomWeights(p.Config, p.Seed);
        using var engine = SparseEngine.Load(weights, p.Options);
        float[][] expected = Decoding.OneByOne(engine, p.Tokens);
        Decoding.AssertSameBits(expected, Decoding.Each(engine, p.Tokens), $"in one piece, {p.Config}");
        var random = new Random(p.Seed);
        using var byEach = engine.Begin(p.Tokens.Length);
        using var byLast = engine.Begin(p.Tokens.Length);
        while (byEach.Length < p.Tokens.Length)
        {
            int from = byEach.Length, to = Math.Min(p.Tokens.Length, from + random.Next(1, random.Next(2) == 0 ? 9 : 100));
            Decoding.AssertSameBits(expected[from..to], Decoding.Each(engine, byEach, p.Tokens[from..to]), $"tokens from {from} to {to}, {p.Config}");
            Decoding.AssertSameBits(expected[to - 1], Decoding.Last(engine, byLast, p.Tokens[from..to]), $"the last of tokens from {from} to {to}, {p.Config}");
        }
    }

    private static void Forked((ModelConfig Config, EngineOptions Options, int[] Tokens, int Seed) p)
    {
        using var weights = new RandomWeights(p.Config, p.Seed);
        using var engine = SparseEngine.Load(weights, p.Options);
        float[][] expected = Decoding.Each(engine, p.Tokens);
        var random = new Random(p.Seed);
        int at = random.Next(p.Tokens.Length + 1);
        int[] other = Shuffled(p.Tokens, random);
        var trunk = engine.Begin(p.Tokens.Length + 5);
        if (at > 0) Decoding.Last(engine, trunk, p.Tokens[..at]);
        using var branch = engine.Fork(trunk, p.Tokens.Length);
        Assert.Equal((at, p.Tokens.Length), (branch.Length, branch.Capacity));
        using var sibling = engine.Fork(branch, at + other.Length);
        // What one of them appends, and its end, must not touch the others.
        float[][] behind = Decoding.Each(engine, sibling, other);
        if (at < p.Tokens.Length) Decoding.AssertSameBits(expected[at..], Decoding.Each(engine, trunk, p.Tokens[at..]), $"the trunk, {p.Config}");
        trunk.Dispose();
        if (at < p.Tokens.Length) Decoding.AssertSameBits(expected[at..], Decoding.Each(engine, branch, p.Tokens[at..]), $"the branch, {p.Config}");
        Decoding.AssertSameBits(Decoding.Each(engine, [.. p.Tokens[..at], .. other])[at..], behind, $"the sibling, {p.Config}");
    }

    private static float[][] Run(RandomWeights weights, EngineOptions options, int[] tokens)
    {
        using var engine = SparseEngine.Load(weights, options);
        return Decoding.Each(engine, tokens);
    }

    private static Gen<int[]> Tokens(ModelConfig config, int longest) => Gen.Int[0, config.VocabSize - 1].Array[1, longest];

    private static int[] Shuffled(int[] tokens, Random random)
    {
        int[] copy = [.. tokens];
        random.Shuffle(copy);
        return copy[..random.Next(1, copy.Length + 1)];
    }

    /// <summary>A sequence of a batch, with what it must give.</summary>
    private sealed class Member(SparseEngine engine, int[] tokens) : IDisposable
    {
        private readonly ITokenSequence sequence = engine.Begin(tokens.Length);

        public int[] Tokens => tokens;

        public float[][] Expected { get; set; } = [];

        public bool IsDone => sequence.Length == tokens.Length;

        /// <summary>Appends a random piece to each.</summary>
        public static void Step(SparseEngine engine, Member[] turn, Random random, string what)
        {
            random.Shuffle(turn);
            if (turn.Length == 0) return;
            var pieces = turn.Select(m => new NewTokens(m.sequence, m.Tokens.AsMemory(m.sequence.Length, random.Next(1, m.Tokens.Length - m.sequence.Length + 1)))).ToArray();
            int V = engine.Config.VocabSize;
            float[] logits = new float[turn.Length * V];
            engine.Append(pieces, logits);
            for (int i = 0; i < turn.Length; i++)
                Decoding.AssertSameBits(turn[i].Expected[turn[i].sequence.Length - 1], logits.AsSpan(i * V, V), $"sequence {i} of {turn.Length} at length {turn[i].sequence.Length}, {what}");
        }

        public void Dispose() => sequence.Dispose();
    }
}
