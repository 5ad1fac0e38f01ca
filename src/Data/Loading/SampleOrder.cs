using System.Globalization;

namespace SparkTrain.Data;

/// <summary>
/// The order in which samples are trained on: a pure function of the data set's fingerprint, the seed and the sample's global index, the
/// same for any number of ranks. A sample is SeqLen + 1 tokens; samples start every SeqLen tokens.
/// </summary>
/// <remarks>
/// Each epoch visits every sample once. Blocks of neighbouring samples (about a row group) are put in random order; then the samples of
/// each <see cref="BlocksPerWindow"/> blocks are mixed. So reading touches one window of row groups at a time and stays nearly sequential
/// at any size.
/// </remarks>
public sealed class SampleOrder
{
    /// <summary>Blocks whose samples are mixed: 64 row groups are 8 million tokens and 32 MiB decoded.</summary>
    public const int BlocksPerWindow = 64;

    private readonly long samplesPerBlock, fullBlocks, samplesPerWindow;
    private readonly ulong key;

    /// <summary>
    /// Lays samples of <paramref name="seqLen"/> + 1 tokens over <paramref name="split"/>. Throws <see cref="DataException"/> where it is
    /// shorter than one.
    /// </summary>
    public SampleOrder(TokenSplit split, int seqLen, ulong seed)
        : this(CountSamples(split, seqLen), Math.Max(1, ShardFormat.RowGroupTokens / seqLen),
            KeyOf(split.Dataset.Manifest.Fingerprint, seed))
    {
    }

    internal SampleOrder(long samples, long samplesPerBlock, ulong key)
    {
        (SamplesPerEpoch, this.samplesPerBlock, this.key) = (samples, samplesPerBlock, key);
        fullBlocks = samples / samplesPerBlock;
        samplesPerWindow = samplesPerBlock * BlocksPerWindow;
    }

    /// <summary>Samples in one pass over the split.</summary>
    public long SamplesPerEpoch { get; }

    /// <summary>Returns which sample of the split, counted from its start, stands at <paramref name="globalIndex"/> of the run.</summary>
    public long this[long globalIndex]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(globalIndex);
            var (epoch, position) = Math.DivRem(globalIndex, SamplesPerEpoch);
            var epochKey = SeededPermutation.Mix(key ^ (ulong)epoch);

            // The last window is the only one that may be larger than its full blocks: the samples after the last full block belong to it.
            var windows = Math.Max(1, (fullBlocks + BlocksPerWindow - 1) / BlocksPerWindow);
            var window = Math.Min(position / samplesPerWindow, windows - 1);
            var start = window * samplesPerWindow;
            var size = window == windows - 1 ? SamplesPerEpoch - start : samplesPerWindow;
            var mixed = start + new SeededPermutation(size, SeededPermutation.Mix(epochKey ^ (ulong)(window + 1)))[position - start];

            var (slot, inBlock) = Math.DivRem(mixed, samplesPerBlock);
            return slot >= fullBlocks ? mixed : (new SeededPermutation(fullBlocks, epochKey)[slot] * samplesPerBlock) + inBlock;
        }
    }

    /// <summary>
    /// Returns how many samples of <paramref name="seqLen"/> + 1 tokens <paramref name="split"/> holds. Throws <see cref="DataException"/>
    /// where it is none.
    /// </summary>
    internal static long CountSamples(TokenSplit split, int seqLen)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(seqLen, 1);
        if (split.Tokens > seqLen) return (split.Tokens - 1) / seqLen;
        throw new DataException(split.Where, $"it has {split.Tokens} tokens", $"at least SeqLen + 1 = {seqLen + 1}",
            "prepare more text, raise --validation-fraction if it is the validation split, or use a smaller SeqLen");
    }

    private static ulong KeyOf(string fingerprint, ulong seed) =>
        SeededPermutation.Mix(SeededPermutation.Mix(seed) ^ ulong.Parse(fingerprint.AsSpan(0, 16), NumberStyles.AllowHexSpecifier,
            CultureInfo.InvariantCulture));
}
