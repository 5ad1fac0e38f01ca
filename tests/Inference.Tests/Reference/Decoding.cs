using SparkTrain.Generation;

namespace SparkTrain.Inference.Tests.Reference;

/// <summary>Ways to put a sequence through an engine.</summary>
internal static class Decoding
{
    /// <summary>The logits behind every token of a sequence that is fed in one go.</summary>
    public static float[][] Each(SparseEngine engine, int[] tokens)
    {
        using var sequence = engine.Begin(tokens.Length);
        return Each(engine, sequence, tokens);
    }

    /// <summary>The logits behind every token that a sequence is continued by.</summary>
    public static float[][] Each(SparseEngine engine, ITokenSequence sequence, int[] tokens)
    {
        float[][] logits = new float[tokens.Length][];
        engine.AppendEach(sequence, tokens, (i, row) => logits[i] = row.ToArray());
        return logits;
    }

    /// <summary>The logits behind every token of a sequence that grows by one token a call.</summary>
    public static float[][] OneByOne(SparseEngine engine, int[] tokens)
    {
        using var sequence = engine.Begin(tokens.Length);
        return [.. tokens.Select(token => Last(engine, sequence, [token]))];
    }

    /// <summary>The logits behind the last of some tokens.</summary>
    public static float[] Last(SparseEngine engine, ITokenSequence sequence, int[] tokens)
    {
        float[] logits = new float[engine.Config.VocabSize];
        engine.Append([new(sequence, tokens)], logits);
        return logits;
    }

    /// <summary>Asserts that two rows of logits have the same bits.</summary>
    public static void AssertSameBits(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            if (BitConverter.SingleToUInt32Bits(expected[i]) != BitConverter.SingleToUInt32Bits(actual[i]))
                Assert.Fail(FormattableString.Invariant($"{what}: logit {i} is {actual[i]:g9}, expected the bits of {expected[i]:g9}"));
    }

    /// <summary>Asserts that rows of logits have the same bits.</summary>
    public static void AssertSameBits(float[][] expected, float[][] actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int t = 0; t < expected.Length; t++) AssertSameBits(expected[t], actual[t], $"{what}, token {t}");
    }

    /// <summary>The largest absolute difference; NaN anywhere gives NaN, which no tolerance accepts.</summary>
    public static double Largest(float[] actual, double[] expected)
    {
        Assert.Equal(expected.Length, actual.Length);
        double largest = 0;
        for (int i = 0; i < actual.Length; i++) largest = Math.Max(largest, Math.Abs(actual[i] - expected[i]));
        return largest;
    }
}
