using System.Globalization;

namespace SparkTrain.Data;

/// <summary>
/// The order in which samples are trained on: a pure function of the data set's fingerprint, the seed and the sample's global index, the
/// same for any number of ranks.
/// </summary>
/// <remarks>
/// Each epoch visits every sample once. Blocks of neighbouring samples (about a row group) are put in random order; then the samples of
/// each window of blocks are mixed. So reading touches one window of row groups at a time and stays nearly sequential
/// at any size.
/// </remarks>
internal sealed class SampleOrder
{
    /// <summary>Blocks whose samples are mixed unless the layout says otherwise: 64 row groups are 8 million tokens and 32 MiB decoded.</summary>
    public const int BlocksPerWindow = 64;

    private readonly long samplesPerBlock, fullBlocks, samplesPerWindow;
    private readonly int blocksPerWindow;
    private readonly ulong key;

    /// <summary>Orders the samples of <paramref name="layout"/> for a run with <paramref name="seed"/>.</summary>
    internal SampleOrder(ISampleLayout layout, string fingerprint, ulong seed)
        : this(layout.Samples, layout.SamplesPerBlock, KeyOf(fingerprint, seed), layout.BlocksPerWindow)
    {
    }

    internal SampleOrder(long samples, long samplesPerBlock, ulong key, int blocksPerWindow = BlocksPerWindow)
    {
        (SamplesPerEpoch, this.samplesPerBlock, this.blocksPerWindow, this.key) = (samples, samplesPerBlock, blocksPerWindow, key);
        fullBlocks = samples / samplesPerBlock;
        samplesPerWindow = samplesPerBlock * blocksPerWindow;
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
            var windows = Math.Max(1, (fullBlocks + blocksPerWindow - 1) / blocksPerWindow);
            var window = Math.Min(position / samplesPerWindow, windows - 1);
            var start = window * samplesPerWindow;
            var size = window == windows - 1 ? SamplesPerEpoch - start : samplesPerWindow;
            var mixed = start + new SeededPermutation(size, SeededPermutation.Mix(epochKey ^ (ulong)(window + 1)))[position - start];

            var (slot, inBlock) = Math.DivRem(mixed, samplesPerBlock);
            return slot >= fullBlocks ? mixed : (new SeededPermutation(fullBlocks, epochKey)[slot] * samplesPerBlock) + inBlock;
        }
    }

    private static ulong KeyOf(string fingerprint, ulong seed) =>
        SeededPermutation.Mix(SeededPermutation.Mix(seed) ^ ulong.Parse(fingerprint.AsSpan(0, 16), NumberStyles.AllowHexSpecifier,
            CultureInfo.InvariantCulture));
}
