namespace SparkTrain.Model;

/// <summary>
/// Looks closely at how a model chooses its neurons and keys: at every score of some tokens, and at every neuron's use. A forward pass that is recorded costs about twice as much;
/// given to a model at construction, it costs one null check while nothing is recorded.
/// </summary>
public sealed class SparsityAudit
{
    // Shapes: L layers, B batch, T position, F hidden, S key, H query head, G key/value head, M query heads of a key/value head, E head, N rows.

    // Beyond so many times k all counts of kept keys are one.
    private const int MostKeys = 4;

    private readonly ModelConfig config;
    private readonly int positions;

    /// <summary>Creates an audit that records nothing yet.</summary>
    /// <param name="config">The model.</param>
    /// <param name="positions">Tokens of each sequence whose scores are looked at, spread evenly over it.</param>
    public SparsityAudit(ModelConfig config, int positions)
    {
        (this.config, this.positions) = (config, positions);
        var layers = Enumerable.Range(0, config.NumLayers);
        Ffn = [.. layers.Select(layer => new ScoreSums(config.Ffn.Of(layer).DFf))];
        Attention = [.. layers.Select(layer => new ScoreSums(Math.Max(1, MostKeys * config.Attention.Of(layer).Active)))];
        NeuronUses = [.. layers.Select(layer => new double[config.Ffn.Of(layer).DFf])];
    }

    /// <summary>True looks at every forward pass.</summary>
    public bool IsRecording { get; set; }

    /// <summary>The neurons' scores of each layer.</summary>
    public IReadOnlyList<ScoreSums> Ffn { get; }

    /// <summary>The keys' scores of each layer.</summary>
    public IReadOnlyList<ScoreSums> Attention { get; }

    /// <summary>How many tokens each neuron of each layer was active for.</summary>
    public IReadOnlyList<double[]> NeuronUses { get; }

    /// <summary>Tokens that were recorded.</summary>
    public double Tokens { get; private set; }

    /// <summary>Everything as one row of numbers, which ranks add up.</summary>
    public double[] ToNumbers() => [Tokens, .. Ffn.Concat(Attention).SelectMany(s => s.Values.ToArray()), .. NeuronUses.SelectMany(uses => uses)];

    /// <summary>Takes back what <see cref="ToNumbers"/> gave, added up over ranks.</summary>
    public void Set(ReadOnlySpan<double> numbers)
    {
        Tokens = numbers[0];
        numbers = numbers[1..];
        foreach (var sums in Ffn.Concat(Attention)) numbers = Take(numbers, sums.Values);
        foreach (double[] uses in NeuronUses) numbers = Take(numbers, uses);
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        Tokens = 0;
        foreach (var sums in Ffn.Concat(Attention)) sums.Clear();
        foreach (double[] uses in NeuronUses) Array.Clear(uses);
    }

    internal void AddFfn(int layer, Tensor s_BTF, Tensor u_BTF, TopkRule rule, KernelSet kernels)
    {
        if (!IsRecording) return;
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var ffn = config.Ffn.Of(layer);
        bool chooses = ffn.HasTopk() && !rule.KeepsAll(ffn.DFf);
        var s = s_BTF.to(Precision.OfStatistics(s_BTF.dtype));
        var active_BTF = chooses ? (kernels.Pick(s, rule)).gt(0) : ffn.Kind.Traits().Activation.IsZeroBelow() ? s.gt(0) : ones_like(s, ScalarType.Bool);
        if (layer == 0) Tokens += s.numel() / ffn.DFf;
        var uses_F = active_BTF.flatten(0, 1).sum([0]).to(ScalarType.Float64, CPU).data<double>();
        for (int f = 0; f < ffn.DFf; f++) NeuronUses[layer][f] += uses_F[f];

        var at_N = Positions(s.size(1), s.device);
        Tensor Rows(Tensor x_BTF) => x_BTF.index_select(1, at_N).flatten(0, 1);
        var weight_NF = chooses ? (F.gelu(Rows(s), GELU.Approximate.tanh) * Rows(u_BTF)).abs() : null;
        Ffn[layer].Add(Rows(s), null, Rows(active_BTF), weight_NF, chooses ? rule.Active : 0, rule.Correction);
    }

    internal void AddAttention(int layer, Tensor q_BTHE, Tensor k_BSGE, AttentionShape shape, Tensor? documentIds_BS)
    {
        if (!IsRecording) return;
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var at_N = Positions(q_BTHE.size(1), q_BTHE.device);
        var (a_BGMNS, b_BGMNS, visible_B11NS, kept_BGMNS) = AttentionScores.Of(q_BTHE, k_BSGE, shape, documentIds_BS, at_N);
        // ln(exp(a) · softplus(b)): what the softmax's weight is in proportion to.
        var weight_BGMNS = b_BGMNS is null ? null : a_BGMNS + AttentionScores.Softplus(b_BGMNS).log();
        Tensor Rows(Tensor x_BGMNS) => x_BGMNS.expand(a_BGMNS.shape).flatten(0, 3);
        Attention[layer].Add(Rows(a_BGMNS), Rows(visible_B11NS), Rows(kept_BGMNS), weight_BGMNS is null ? null : Rows(weight_BGMNS), !shape.Kind.Traits().HasTopk ? 0 : (int)Math.Min(shape.Active, k_BSGE.size(1)), shape.Correction);
    }

    private Tensor Positions(long length, Device device) => linspace(0, length - 1, (int)Math.Min(positions, length), ScalarType.Float64, device).round().to(ScalarType.Int64);

    private static ReadOnlySpan<double> Take(ReadOnlySpan<double> numbers, Span<double> into)
    {
        numbers[..into.Length].CopyTo(into);
        return numbers[into.Length..];
    }
}
