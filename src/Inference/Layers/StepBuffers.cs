using SparkTrain.ModelFormat;

namespace SparkTrain.Inference;

/// <summary>Activations of the tokens that pass through the layers together.</summary>
internal sealed unsafe class StepBuffers : IDisposable
{
    // Shapes: R tokens of a step, D model, F hidden, H query heads, G key/value heads, E head, P pieces of the FFN. Rows are padded to whole groups of 32 and have a margin.

    private const int Rows = DecodeLimits.MaxRows;

    private readonly List<NativeBlock> blocks = [];
    private NativeBlock scores = new(1);

    /// <summary>Reserves memory for any layer of a model.</summary>
    public StepBuffers(ModelConfig config)
    {
        var attention = config.Attention;
        int hidden = Enumerable.Range(0, config.NumLayers).Max(layer => config.Ffn.Of(layer).DFf);
        QueryStride = DecodeLimits.Padded(attention.HeadDim) + 2 * DecodeLimits.RowMargin;
        (X_RD, N_RD, Y_RD) = (New(config.DModel), New(config.DModel), New(config.DModel));
        (Q_RHE, O_RHE) = (New(attention.NumHeads * attention.HeadDim), New(attention.NumHeads * attention.HeadDim));
        (K_RGE, V_RGE) = (New(attention.NumKvHeads * attention.HeadDim), New(attention.NumKvHeads * attention.HeadDim));
        Turned_GRE = new(New((long)attention.NumHeads * Rows * QueryStride), QueryStride);
        (S_RF, U_RF) = (New(hidden), New(hidden));
        Sums_PRD = New(config.DModel, DecodeLimits.FfnPieces * Rows);
        Statistics_RP3 = (double*)New(2L * Rows * DecodeLimits.FfnScorePieces * PieceStatistics.Numbers);
        Active_F = (ulong*)New(2L * (hidden + DecodeLimits.RowMargin));
    }

    /// <summary>From one rotated query to the next, in floats: the scored part, then the rest, each with a margin.</summary>
    public int QueryStride { get; }

    /// <summary>The residual stream.</summary>
    public FloatRows X_RD { get; }

    /// <summary>What the norm before a part of a layer gives.</summary>
    public FloatRows N_RD { get; }

    /// <summary>What a part of a layer gives.</summary>
    public FloatRows Y_RD { get; }

    /// <summary>Queries as projected.</summary>
    public FloatRows Q_RHE { get; }

    /// <summary>Keys as projected.</summary>
    public FloatRows K_RGE { get; }

    /// <summary>Values.</summary>
    public FloatRows V_RGE { get; }

    /// <summary>Rotated and scaled queries, those of a key/value head one after the other: [G, R, H / G].</summary>
    public FloatRows Turned_GRE { get; }

    /// <summary>What attention gives, heads side by side.</summary>
    public FloatRows O_RHE { get; }

    /// <summary>Scores of neurons; later, of active ones, what they are activated by.</summary>
    public FloatRows S_RF { get; }

    /// <summary>What K2 gives in a dense FFN.</summary>
    public FloatRows U_RF { get; }

    /// <summary>Sums of the pieces of an FFN.</summary>
    public FloatRows Sums_PRD { get; }

    /// <summary>Statistics of the scores of each piece.</summary>
    public double* Statistics_RP3 { get; }

    /// <summary>By neuron, a bit for each token that it is active for.</summary>
    public ulong* Active_F { get; }

    /// <summary>Scores of keys, [G, R, H / G], of so many keys each.</summary>
    public FloatRows Scores_GRS { get; private set; }

    /// <summary>Makes room for the scores of so many keys.</summary>
    public void ReserveScores(int rows, int keys)
    {
        long bytes = (long)rows * keys * sizeof(float);
        if (scores.Bytes < bytes)
        {
            scores.Dispose();
            scores = new NativeBlock(bytes + bytes / 2);
        }
        Scores_GRS = new(scores.Floats, keys);
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        scores.Dispose();
        foreach (var block in blocks) block.Dispose();
    }

    private FloatRows New(int width, int rows = Rows)
    {
        int stride = DecodeLimits.Padded(width) + DecodeLimits.RowMargin;
        return new(New((long)rows * stride), stride);
    }

    private float* New(long floats)
    {
        var block = NativeBlock.Zeroed(floats);
        blocks.Add(block);
        return block.Floats;
    }
}
