using SparkTrain.ModelFormat;

namespace SparkTrain.Inference;

/// <summary>A table with a row for each token: x = √d_model · E[token] on the way in, z = softcap(E h) on the way out. Of a tied model it is one for both.</summary>
internal abstract unsafe class OutputTable(ModelConfig config) : IDisposable
{
    private readonly float scale = config.Embedding.ScaleByRootD ? (float)Math.Sqrt(config.DModel) : 1;

    /// <summary>Its memory.</summary>
    public abstract long Bytes { get; }

    /// <summary>What all rows are multiplied with.</summary>
    public abstract PanelMatrix Panels { get; }

    /// <summary>Writes a token's embedding.</summary>
    public void Embed(int token, float* x)
    {
        CopyRow(token, x);
        for (int i = 0; i < config.DModel; i++) x[i] *= scale;
    }

    /// <summary>Writes the logits before the soft cap, by all threads of a team.</summary>
    /// <param name="team">The threads.</param>
    /// <param name="thread">The thread.</param>
    /// <param name="h">Normed activations, [rows, DModel].</param>
    /// <param name="rows">How many.</param>
    /// <param name="logits">[rows, VocabSize].</param>
    public virtual void Multiply(WorkerTeam team, int thread, FloatRows h, int rows, FloatRows logits)
    {
        int whole = config.VocabSize / PanelMatrix.PanelRows;
        while (team.Claim(whole, out int first, out int end)) Panels.Multiply(first, end, h, rows, logits);
        if (thread > 0 || whole == Panels.Panels) return;
        // The last panel has rows that the vocabulary has not.
        float* some = stackalloc float[rows * PanelMatrix.PanelRows];
        var last = new FloatRows(some, PanelMatrix.PanelRows);
        int from = whole * PanelMatrix.PanelRows;
        Panels.Multiply(whole, Panels.Panels, h, rows, last.From(-from));
        for (int row = 0; row < rows; row++) new Span<float>(last[row], config.VocabSize - from).CopyTo(new(logits[row] + from, config.VocabSize - from));
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
internal sealed unsafe class OutputTable<T>(ModelConfig config, WeightRows weight) : OutputTable(config) where T : struct, IElement
{
    private readonly PanelMatrix<T> panels = new(weight);

    /// <inheritdoc/>
    public override long Bytes => panels.Bytes;

    /// <inheritdoc/>
    public override PanelMatrix Panels => panels;

    /// <inheritdoc/>
    public override void Dispose() => panels.Dispose();

    private protected override void CopyRow(int token, float* target) => panels.CopyRow(token, target);
}
