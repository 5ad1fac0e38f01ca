namespace SparkTrain.Inference;

/// <summary>
/// A matrix [rows, columns] packed for products with few vectors: panels of 32 rows, in each the columns one after the other, so that a product reads one sequential stream, needs no sums
/// across lanes, and adds up every row in the same order however many vectors there are.
/// </summary>
internal abstract unsafe class PanelMatrix : IDisposable
{
    /// <summary>Rows of a panel.</summary>
    public const int PanelRows = 32;

    private protected PanelMatrix(int rows, int columns, long pairBytes)
    {
        (Rows, Columns, Panels, Pairs) = (rows, columns, (rows + PanelRows - 1) / PanelRows, (columns + 1) / 2);
        PanelBytes = Pairs * pairBytes;
        Block = new NativeBlock(Panels * PanelBytes);
    }

    /// <summary>Number of rows.</summary>
    public int Rows { get; }

    /// <summary>Number of columns.</summary>
    public int Columns { get; }

    /// <summary>Number of panels; rows of the last one that the matrix does not have are zero.</summary>
    public int Panels { get; }

    /// <summary>Pairs of columns; a column that the matrix does not have is zero.</summary>
    public int Pairs { get; }

    /// <summary>Bytes of a panel.</summary>
    public long PanelBytes { get; }

    /// <summary>Bytes of the matrix.</summary>
    public virtual long Bytes => Block.Bytes;

    private protected NativeBlock Block { get; }

    /// <summary>Multiplies some panels with vectors: y[i, row] = Σ W[row, column] · x[i, column] for their rows.</summary>
    /// <param name="first">The first panel.</param>
    /// <param name="end">The panel behind the last one.</param>
    /// <param name="x">The vectors; behind the last column there is room for one more number, which is finite.</param>
    /// <param name="count">How many vectors.</param>
    /// <param name="y">Receives 32 numbers for each panel and vector.</param>
    public abstract void Multiply(int first, int end, FloatRows x, int count, FloatRows y);

    /// <summary>Frees the memory.</summary>
    public virtual void Dispose() => Block.Dispose();
}

/// <summary>A panel matrix of float32 or bfloat16.</summary>
internal sealed unsafe class PanelMatrix<T> : PanelMatrix where T : struct, IElement
{
    /// <summary>Packs a weight.</summary>
    public PanelMatrix(WeightRows weight) : base(weight.Rows, weight.Columns, 64 * T.Bytes)
    {
        int columns = weight.Columns;
        Parallel.For(0, Panels, () => new NativeBlock((columns + 1) * sizeof(float)), (panel, _, row) =>
        {
            row.Floats[columns] = 0;
            for (int lane = 0; lane < PanelRows; lane++)
            {
                bool exists = panel * PanelRows + lane < weight.Rows;
                if (exists) weight.Copy(panel * PanelRows + lane, 0, columns, row.Floats);
                byte* pair = Block.Start + panel * PanelBytes;
                for (int column = 0; column < columns; column += 2, pair += 64 * T.Bytes)
                    T.StorePair(pair, lane, exists ? row.Floats[column] : 0, exists ? row.Floats[column + 1] : 0);
            }
            return row;
        }, row => row.Dispose());
    }

    /// <inheritdoc/>
    public override void Multiply(int first, int end, FloatRows x, int count, FloatRows y)
    {
        for (int panel = first; panel < end; panel++)
            PanelKernel<T>.Multiply(Block.Start + panel * PanelBytes, Pairs, x, count, y.From(panel * PanelRows));
    }

    /// <summary>Copies a row.</summary>
    public void CopyRow(int row, float* target)
    {
        byte* pair = Block.Start + row / PanelRows * PanelBytes;
        for (int column = 0; column < Columns; column += 2, pair += 64 * T.Bytes)
        {
            T.LoadLane(pair, row % PanelRows, out float even, out float odd);
            target[column] = even;
            if (column + 1 < Columns) target[column + 1] = odd;
        }
    }
}
