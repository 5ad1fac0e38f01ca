using SparkTrain.ModelFormat;

namespace SparkTrain.Inference;

/// <summary>The tied table E: x = √d_model · E[token] on the way in, z = softcap(E h) on the way out.</summary>
internal abstract unsafe class OutputTable(ModelConfig config) : IDisposable
{
    // Logits that a thread computes before it hands them on: they stay in the first-level cache.
    private const int PanelsAtOnce = 8;

    private readonly float scale = (float)Math.Sqrt(config.DModel);

    /// <summary>Its memory.</summary>
    public abstract long Bytes { get; }

    /// <summary>What all rows are multiplied with.</summary>
    private protected abstract PanelMatrix Panels { get; }

    /// <summary>Writes a token's embedding.</summary>
    public void Embed(int token, float* x)
    {
        CopyRow(token, x);
        for (int i = 0; i < config.DModel; i++) x[i] *= scale;
    }

    /// <summary>Writes the logits of a thread's share of the vocabulary, before the soft cap.</summary>
    /// <param name="team">The threads.</param>
    /// <param name="thread">The thread.</param>
    /// <param name="h">Normed activations, [rows, DModel].</param>
    /// <param name="rows">How many.</param>
    /// <param name="logits">[rows, VocabSize].</param>
    public virtual void Multiply(WorkerTeam team, int thread, FloatRows h, int rows, FloatRows logits)
    {
        float* some = stackalloc float[rows * PanelsAtOnce * PanelMatrix.PanelRows];
        var buffer = new FloatRows(some, PanelsAtOnce * PanelMatrix.PanelRows);
        var (first, end) = team.Share(thread, Panels.Panels);
        for (int panel = first; panel < end; panel += PanelsAtOnce)
        {
            int from = panel * PanelMatrix.PanelRows, last = Math.Min(end, panel + PanelsAtOnce), count = Math.Min(last * PanelMatrix.PanelRows, config.VocabSize) - from;
            Panels.Multiply(panel, last, h, rows, buffer.From(-from));
            for (int row = 0; row < rows; row++) new Span<float>(buffer[row], count).CopyTo(new(logits[row] + from, count));
        }
    }

    /// <summary>Caps a thread's share of the logits.</summary>
    public void Cap(WorkerTeam team, int thread, int rows, FloatRows logits)
    {
        if (config.FinalLogitSoftcap is not { } cap) return;
        var (first, end) = team.Share(thread, config.VocabSize);
        for (int row = 0; row < rows; row++) VectorOps.Softcap(logits[row] + first, end - first, (float)cap);
    }

    /// <summary>Frees the memory.</summary>
    public abstract void Dispose();

    private protected abstract void CopyRow(int token, float* target);
}

/// <summary>The table in panels.</summary>
internal sealed unsafe class OutputTable<T>(ModelConfig config, IWeightSource source) : OutputTable(config) where T : struct, IElement
{
    private readonly PanelMatrix<T> panels = new(new WeightRows(source, TensorNames.Embedding, config.VocabSize, config.DModel));

    /// <inheritdoc/>
    public override long Bytes => panels.Bytes;

    private protected override PanelMatrix Panels => panels;

    /// <inheritdoc/>
    public override void Dispose() => panels.Dispose();

    private protected override void CopyRow(int token, float* target) => panels.CopyRow(token, target);
}
