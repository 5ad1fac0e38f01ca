using SparkTrain.Generation;
using SparkTrain.Inference.Tests.Reference;

namespace SparkTrain.Inference.Tests;

/// <summary>What callers may not ask for is refused before any sequence is touched.</summary>
public sealed class ArgumentTests : IDisposable
{
    private static readonly int[] Prompt = [3, 1, 4, 1, 5];

    private readonly RandomWeights weights = new(Shapes.Spark, 1);
    private readonly SparseEngine engine;
    private readonly ITokenSequence first, second;

    public ArgumentTests()
    {
        engine = SparseEngine.Load(weights, new() { Threads = 2 });
        (first, second) = (engine.Begin(8), engine.Begin(8));
        engine.Append([new(first, Prompt), new(second, Prompt)], new float[2 * V]);
    }

    private static int V => Shapes.Spark.VocabSize;

    public static TheoryData<int> Strangers => [-1, V, int.MaxValue, int.MinValue];

    [Fact]
    public void A_model_with_what_the_engine_lacks_is_refused()
    {
        using var biased = new RandomWeights(Shapes.Spark with { Bias = true }, 1);
        Assert.Equal("the model has biases, which the sparse engine lacks", Assert.Throws<NotSupportedException>(() => SparseEngine.Load(biased)).Message);
    }

    [Theory, MemberData(nameof(Strangers))]
    public void A_token_outside_the_vocabulary_is_refused(int token)
    {
        Assert.ThrowsAny<ArgumentException>(() => engine.Append([Add(first, 0), Add(second, 1, token)], new float[2 * V]));
        Assert.ThrowsAny<ArgumentException>(() => engine.AppendEach(first, [1, token], (_, _) => Assert.Fail("nothing may be computed")));
        Unchanged();
    }

    [Fact]
    public void More_tokens_than_fit_are_refused()
    {
        Assert.ThrowsAny<ArgumentException>(() => engine.Append([Add(first, 0), Add(second, 0, 0, 0, 0)], new float[2 * V]));
        Assert.ThrowsAny<ArgumentException>(() => engine.AppendEach(first, new int[4], (_, _) => Assert.Fail("nothing may be computed")));
        Unchanged();
    }

    [Fact]
    public void A_sequence_may_stand_in_a_batch_once() => Refused(() => engine.Append([Add(first, 0), Add(second, 0), Add(first, 0)], new float[3 * V]));

    [Fact]
    public void Every_sequence_of_a_batch_needs_a_token()
    {
        Assert.ThrowsAny<ArgumentException>(() => engine.Append([Add(first, 0), Add(second)], new float[2 * V]));
        Assert.ThrowsAny<ArgumentException>(() => engine.AppendEach(first, [], (_, _) => Assert.Fail("nothing may be computed")));
        Unchanged();
    }

    [Theory, InlineData(0), InlineData(-1), InlineData(1)]
    public void Room_for_logits_of_another_size_is_refused(int more) => Refused(() => engine.Append([Add(first, 0), Add(second, 0)], new float[more == 0 ? V : 2 * V + more]));

    [Fact]
    public void A_sequence_of_another_engine_is_refused()
    {
        using var other = SparseEngine.Load(weights, new() { Threads = 1 });
        using var stranger = other.Begin(8);
        Refused(() => engine.Append([Add(first, 0), Add(stranger, 0)], new float[2 * V]));
        Assert.ThrowsAny<ArgumentException>(() => engine.AppendEach(stranger, [0], (_, _) => Assert.Fail("nothing may be computed")));
        Assert.ThrowsAny<ArgumentException>(() => engine.Fork(stranger, 8));
        Assert.Equal(0, stranger.Length);
    }

    [Fact]
    public void A_disposed_sequence_is_refused()
    {
        var third = engine.Begin(8);
        Decoding.Last(engine, third, [1]);
        third.Dispose();
        third.Dispose();
        Assert.Throws<ObjectDisposedException>(() => engine.Append([Add(first, 0), Add(third, 0)], new float[2 * V]));
        Assert.Throws<ObjectDisposedException>(() => engine.AppendEach(third, [0], (_, _) => Assert.Fail("nothing may be computed")));
        Assert.Throws<ObjectDisposedException>(() => engine.Fork(third, 8));
        Unchanged();
    }

    [Fact]
    public void A_disposed_engine_refuses_everything_and_lets_its_sequences_go()
    {
        var other = SparseEngine.Load(weights, new() { Threads = 2 });
        var sequence = other.Begin(4);
        other.Dispose();
        other.Dispose();
        Assert.Throws<ObjectDisposedException>(() => other.Begin(4));
        Assert.Throws<ObjectDisposedException>(() => other.Append([Add(sequence, 0)], new float[V]));
        Assert.Throws<ObjectDisposedException>(() => other.AppendEach(sequence, [0], (_, _) => Assert.Fail("nothing may be computed")));
        Assert.Throws<ObjectDisposedException>(() => other.Fork(sequence, 4));
        sequence.Dispose();
    }

    [Theory, InlineData(0), InlineData(-1), InlineData(int.MinValue)]
    public void A_sequence_has_room_for_a_token(int capacity) => Assert.ThrowsAny<ArgumentException>(() => engine.Begin(capacity));

    [Fact]
    public void A_fork_has_room_for_what_it_begins_with() => Assert.ThrowsAny<ArgumentException>(() => engine.Fork(first, Prompt.Length - 1));

    [Fact]
    public void A_batch_of_no_sequences_is_refused_or_does_nothing()
    {
        try
        {
            engine.Append([], []);
        }
        catch (ArgumentException)
        {
        }
        Unchanged();
    }

    [Fact]
    public void Weights_are_held_as_float32_or_bfloat16_only()
    {
        foreach (var type in (TensorType[])[TensorType.F16, TensorType.F64, TensorType.I32, TensorType.U8])
        {
            Assert.ThrowsAny<ArgumentException>(() => SparseEngine.Load(weights, new() { Weights = type }));
            Assert.ThrowsAny<ArgumentException>(() => SparseEngine.Load(weights, new() { Cache = type }));
        }
        Assert.ThrowsAny<ArgumentException>(() => SparseEngine.Load(weights, new() { Threads = -1 }));
        Assert.ThrowsAny<ArgumentException>(() => SparseEngine.Load(weights, new() { ScreenedTokens = -1 }));
    }

    [Fact]
    public void An_exception_of_the_one_who_takes_logits_comes_through_and_breaks_nothing()
    {
        using var sequence = engine.Begin(8);
        Assert.Throws<InvalidTimeZoneException>(() => engine.AppendEach(sequence, Prompt, (i, _) =>
        {
            if (i == 2) throw new InvalidTimeZoneException();
        }));
        Unchanged();
    }

    public void Dispose()
    {
        first.Dispose();
        second.Dispose();
        engine.Dispose();
        weights.Dispose();
    }

    private static NewTokens Add(ITokenSequence sequence, params int[] tokens) => new(sequence, tokens);

    private void Refused(Action append)
    {
        Assert.ThrowsAny<ArgumentException>(append);
        Unchanged();
    }

    // Lengths alone would not show a key that was written to its place already.
    private void Unchanged()
    {
        Assert.Equal((Prompt.Length, Prompt.Length), (first.Length, second.Length));
        using var fresh = engine.Begin(8);
        float[] expected = Decoding.Each(engine, fresh, [.. Prompt, 2])[^1];
        float[] logits = new float[2 * V];
        engine.Append([Add(first, 2), Add(second, 2)], logits);
        Decoding.AssertSameBits(expected, logits.AsSpan(0, V), "the first sequence");
        Decoding.AssertSameBits(expected, logits.AsSpan(V), "the second sequence");
    }
}
