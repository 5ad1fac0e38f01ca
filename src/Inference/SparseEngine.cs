using SparkTrain.Generation;
using SparkTrain.ModelFormat;

namespace SparkTrain.Inference;

/// <summary>
/// Decodes Spark Transformers, and their dense Gemma-2 baselines, on a CPU, reading only the neurons and keys that the masks keep. Plain C#, no libtorch.
/// Results have the same bits whatever the number of threads, the pieces that a prompt comes in, and the sequences beside it.
/// One caller at a time; sequences may be disposed of by any thread between calls.
/// </summary>
public sealed unsafe class SparseEngine : IForkingDecoder
{
    private readonly PackedModel model;
    private readonly WorkerTeam team;
    private readonly ScratchList[] scratch;
    private readonly StepBuffers buffers;
    private readonly LayerStep[] layers;
    private readonly StepRows rows = new();
    private readonly bool ownsModel;
    private bool isDisposed;

    private SparseEngine(PackedModel model, EngineOptions options, bool ownsModel)
    {
        (this.model, this.ownsModel) = (model, ownsModel);
        IsSparse = options.Sparse;
        team = new(options.Threads > 0 ? options.Threads : Environment.ProcessorCount);
        scratch = [.. Enumerable.Range(0, team.Size).Select(_ => new ScratchList())];
        buffers = new(model.Config);
        layers = [.. model.Layers.Index().Select(layer => new LayerStep(layer.Item, model.Config, layer.Index, scratch))];
    }

    /// <inheritdoc/>
    public ModelConfig Config => model.Config;

    /// <summary>Bytes of the packed weights.</summary>
    public long WeightBytes => model.Bytes;

    /// <summary>False reads what the masks drop as well.</summary>
    internal bool IsSparse { get; set; }

    /// <summary>Receives what was active in each call; null costs nothing.</summary>
    internal DecodeActivity? Activity { get; set; }

    /// <summary>The packed weights.</summary>
    internal PackedModel Model => model;

    /// <summary>Names what a model has that the engine lacks; null where there is nothing.</summary>
    public static string? Problem(ModelConfig config) => config.Bias ? "the model has biases, which the sparse engine lacks" : null;

    /// <summary>Packs a model's weights for decoding. The source may be closed afterwards.</summary>
    /// <param name="weights">A model folder, whose files are mapped, or a checkpoint.</param>
    /// <param name="options">How.</param>
    /// <exception cref="ModelFormatException">A file is cut off or does not fit.</exception>
    /// <exception cref="NotSupportedException">The model has a <see cref="Problem"/>.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    /// <exception cref="InsufficientMemoryException">The packed model does not fit into memory.</exception>
    public static SparseEngine Load(IWeightSource weights, EngineOptions? options = null)
    {
        options ??= new();
        if (Problem(weights.Config) is { } problem) throw new NotSupportedException(problem);
        ArgumentOutOfRangeException.ThrowIfNegative(options.Threads);
        ArgumentOutOfRangeException.ThrowIfNegative(options.ScreenedTokens);
        long bytes = PackedModel.Estimate(weights, options), most = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (bytes > most) throw new InsufficientMemoryException($"the packed model takes {bytes / 1e9:F1} GB, and this machine has {most / 1e9:F1} GB of memory");
        var model = new PackedModel(weights, options);
        return new(model, options, ownsModel: true);
    }

    /// <summary>Returns an engine with another number of threads for the same weights and sequences; it is disposed of before this one.</summary>
    internal SparseEngine Sharing(int threads) => new(model, new() { Threads = threads, Sparse = IsSparse }, ownsModel: false);

    /// <inheritdoc/>
    public ITokenSequence Begin(int capacity)
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        return new DecodeSequence(model, Config, model.Cache, capacity);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The sequence is another engine's, or does not fit.</exception>
    public ITokenSequence Fork(ITokenSequence sequence, int capacity)
    {
        var original = Own(sequence);
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, Math.Max(1, original.Length));
        var copy = (DecodeSequence)Begin(capacity);
        copy.CopyFrom(original);
        return copy;
    }

    /// <inheritdoc/>
    public void Append(IReadOnlyList<NewTokens> batch, Span<float> logits)
    {
        Check(batch, logits.Length);
        Activity?.Reset(Config.NumLayers);
        fixed (float* target = logits)
        {
            rows.Clear();
            foreach (var (index, item) in batch.Index())
                for (int from = 0; from < item.Tokens.Length;)
                {
                    int some = Math.Min(item.Tokens.Length - from, DecodeLimits.MaxRows - rows.Count);
                    rows.Add((DecodeSequence)item.Sequence, item.Tokens.Span.Slice(from, some));
                    if ((from += some) == item.Tokens.Length) rows.Wanted.Add((rows.Count - 1, index));
                    if (rows.Count == DecodeLimits.MaxRows) Step(target);
                }
            if (rows.Count > 0) Step(target);
        }
    }

    /// <inheritdoc/>
    public long BytesOf(ITokenSequence sequence) => Own(sequence).Bytes;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">As for <see cref="Append"/>.</exception>
    public void AppendEach(ITokenSequence sequence, ReadOnlySpan<int> tokens, Action<int, ReadOnlySpan<float>> take)
    {
        Check([new(sequence, tokens.ToArray())]);
        Activity?.Reset(Config.NumLayers);
        using var logits = new NativeBlock((long)Math.Min(tokens.Length, DecodeLimits.MaxRows) * Config.VocabSize * sizeof(float));
        for (int from = 0; from < tokens.Length; from += DecodeLimits.MaxRows)
        {
            int some = Math.Min(DecodeLimits.MaxRows, tokens.Length - from);
            rows.Clear();
            rows.Add((DecodeSequence)sequence, tokens.Slice(from, some));
            for (int row = 0; row < some; row++) rows.Wanted.Add((row, row));
            Step(logits.Floats);
            for (int row = 0; row < some; row++) take(from + row, new(logits.Floats + (long)row * Config.VocabSize, Config.VocabSize));
        }
    }

    /// <summary>Ends the threads and frees the weights. Sequences are freed by their owners.</summary>
    public void Dispose()
    {
        if (isDisposed) return;
        isDisposed = true;
        team.Dispose();
        buffers.Dispose();
        foreach (var list in scratch) list.Dispose();
        if (ownsModel) model.Dispose();
    }

    // Runs the rows through all layers and begins new ones.
    private void Step(float* logits)
    {
        int positions = rows.Runs.Max(run => run.LastPosition) + 1;
        foreach (var layer in layers) layer.Prepare(positions);
        buffers.ReserveScores(DecodeLimits.MaxRows * Config.Attention.NumHeads, rows.Runs.Max(MostKeys));
        Activity?.BeginStep(rows.Count, Config.Attention.NumHeads);
        var step = new DecodeStep(team, buffers, rows, IsSparse, Activity);
        team.Run(thread =>
        {
            var (first, end) = team.Share(thread, rows.Count);
            for (int row = first; row < end; row++) model.Embedding.Embed(rows.Tokens[row], buffers.X_RD[row]);
            foreach (var layer in layers) layer.Run(step, thread);
            Logits(thread, logits);
        });
        foreach (var run in rows.Runs) run.Sequence.Advance(run.Count);
        rows.Clear();
    }

    private void Logits(int thread, float* logits)
    {
        if (rows.Wanted.Count == 0) return;
        team.Meet();
        var (first, end) = team.Share(thread, rows.Wanted.Count);
        for (int i = first; i < end; i++) VectorOps.RmsNorm(buffers.X_RD[rows.Wanted[i].Row], model.FinalNorm, Config.DModel, Config.Norm.Eps, buffers.N_RD[i]);
        team.Meet();
        var target = new FloatRows(logits + (long)rows.Wanted[0].Target * Config.VocabSize, Config.VocabSize);
        model.Head.Multiply(team, thread, buffers.N_RD, rows.Wanted.Count, target);
        team.Meet();
        model.Head.Cap(team, thread, rows.Wanted.Count, target);
    }

    // The keys that any layer scores for a run, in whole blocks.
    private int MostKeys(StepRows.Run run) => Enumerable.Range(0, Config.NumLayers).Max(layer => run.Blocks(Config.Attention.WindowOf(layer))) * 32;

    private void Check(IReadOnlyList<NewTokens> batch, int? room = null)
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        foreach (var (sequence, _) in batch) Own(sequence);
        NewTokens.Require(batch, Config.VocabSize, room);
    }

    private DecodeSequence Own(ITokenSequence sequence)
    {
        if (sequence is not DecodeSequence own || own.Owner != model) throw new ArgumentException("the sequence was begun by another decoder", nameof(sequence));
        ObjectDisposedException.ThrowIf(own.IsDisposed, sequence);
        return own;
    }
}
