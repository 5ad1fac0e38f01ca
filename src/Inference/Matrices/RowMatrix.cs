namespace SparkTrain.Inference;

/// <summary>Rows that are read one by one, where a mask keeps them: each lies in one piece, [K2 | V], in groups of 32 columns, the last group of each part filled up with zeros.</summary>
internal abstract unsafe class RowMatrix : IDisposable
{
    private const int SmallPage = 4096;

    private protected RowMatrix(long rows, int keyWidth, int valueWidth, int bytesOfNumber)
    {
        (Rows, KeyWidth, ValueWidth) = (rows, keyWidth, valueWidth);
        (KeyGroups, ValueGroups) = (DecodeLimits.Padded(keyWidth) / 32, DecodeLimits.Padded(valueWidth) / 32);
        RowBytes = 32L * bytesOfNumber * (KeyGroups + ValueGroups);
        Block = new NativeBlock(rows * RowBytes);
    }

    /// <summary>Number of rows.</summary>
    public long Rows { get; }

    /// <summary>Columns of K2.</summary>
    public int KeyWidth { get; }

    /// <summary>Columns of V.</summary>
    public int ValueWidth { get; }

    /// <summary>Bytes of a row.</summary>
    public long RowBytes { get; }

    /// <summary>Bytes of all rows.</summary>
    public long Bytes => Block.Bytes;

    private protected int KeyGroups { get; }

    private protected int ValueGroups { get; }

    private protected NativeBlock Block { get; }

    /// <summary>Writes a row.</summary>
    public abstract void Store(long row, float* key, float* value);

    /// <summary>
    /// Asks for one line of every page that some rows lie in, long before they are read: where a page of the machine is small, finding it takes as long as reading from it, and many pages can be looked for at once.
    /// </summary>
    public void Touch(ReadOnlySpan<int> rows)
    {
        foreach (int row in rows)
        {
            byte* start = Block.Start + row * RowBytes;
            for (long at = 0; at < RowBytes; at += SmallPage) SecondLevelPrefetch.Ask(start + at);
            SecondLevelPrefetch.Ask(start + RowBytes - 1);
        }
    }

    /// <summary>
    /// Runs neurons for the tokens that each is active for: sums[i] += factors[i, neuron] · (K2[neuron] · x[i]) · V[neuron], neuron after neuron.
    /// </summary>
    /// <param name="list">The neurons, in ascending order, and behind them those that come next.</param>
    /// <param name="length">How many of the list are run.</param>
    /// <param name="tokens">By neuron: a bit for each token that it is run for.</param>
    /// <param name="count">Tokens of the step.</param>
    /// <param name="x">The inputs of K2, with room for whole groups.</param>
    /// <param name="factors">[token, neuron].</param>
    /// <param name="sums">[token, padded value width].</param>
    public abstract void Run(ReadOnlySpan<int> list, int length, ulong* tokens, int count, FloatRows x, FloatRows factors, FloatRows sums);

    /// <summary>results[i] = K2[rows[i]] · x. The values of the rows come into the second-level cache.</summary>
    public abstract void Dots(ReadOnlySpan<int> rows, float* x, float* results);

    /// <summary>sum += Σ factors[i] · V[rows[i]], in the order of the list.</summary>
    public abstract void Add(ReadOnlySpan<int> rows, float* factors, float* sum);

    /// <summary>Copies a row of another matrix of the same width.</summary>
    public void CopyRow(RowMatrix other, long from, long to) => Buffer.MemoryCopy(other.Block.Start + from * RowBytes, Block.Start + to * RowBytes, RowBytes, RowBytes);

    /// <summary>Frees the memory.</summary>
    public void Dispose() => Block.Dispose();
}
