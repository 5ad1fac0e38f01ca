using SparkTrain.Support;

namespace SparkTrain.Model.Tests.Reference;

/// <summary>
/// The whole model written a second time, one number after the other in float64, straight from the spec: token ids in, logits out. Knows one sequence, no batch, no cache.
/// </summary>
internal sealed class ScalarModel
{
    private readonly ModelConfig config;
    private readonly Dictionary<string, (double[] Values, int Columns)> weights;

    /// <param name="config">The model's shape.</param>
    /// <param name="values">The values of every weight by its name, row after row.</param>
    public ScalarModel(ModelConfig config, IReadOnlyDictionary<string, double[]> values)
    {
        this.config = config;
        weights = WeightSlots.Of(config).ToDictionary(w => w.Name, w => (values[w.Name], (int)w.Shape[^1]));
    }

    /// <summary>What becomes of a rotated key and of a value before queries see them.</summary>
    public Func<double, double> Cached { get; init; } = x => x;

    /// <summary>Neurons above their threshold in the last call: [layer][token].</summary>
    public List<int> Active { get; } = [];

    /// <summary>Keys kept in the last call: [layer][token][head].</summary>
    public List<int> Kept { get; } = [];

    /// <summary>Returns logits [T][V].</summary>
    public double[][] Logits(long[] tokens, long[]? documents)
    {
        Active.Clear();
        Kept.Clear();
        double[][] x = [.. tokens.Select(token => Row(WeightNames.Embedding, (int)token).Select(e => config.Embedding.ScaleByRootD ? e * Math.Sqrt(config.DModel) : e).ToArray())];
        for (int layer = 0; layer < config.NumLayers; layer++)
        {
            int i = layer;
            var attended = Attend(i, [.. x.Select(row => Norm(row, WeightNames.Layer(i, "input_layernorm")))], documents);
            x = [.. x.Zip(attended, (row, a) => Add(row, After(a, WeightNames.Layer(i, "post_attention_layernorm"))))];
            x = [.. x.Select(row => Add(row, After(Ffn(i, Norm(row, WeightNames.Layer(i, "pre_feedforward_layernorm"))), WeightNames.Layer(i, "post_feedforward_layernorm"))))];
        }
        return [.. x.Select(row => Times(config.Embedding.TiedHead ? WeightNames.Embedding : WeightNames.Head, Norm(row, WeightNames.FinalNorm)).Select(z => Cap(z, config.FinalLogitSoftcap)).ToArray())];
    }

    private double[] Ffn(int layer, double[] q)
    {
        var ffn = config.Ffn.Of(layer);
        bool splits = ffn.Kind == FfnKind.Spark;
        double[] s = Times(WeightNames.Layer(layer, "mlp.gate_proj"), splits ? q[..ffn.PredictorDim] : q), u = Times(WeightNames.Layer(layer, "mlp.up_proj"), splits ? q[ffn.PredictorDim..] : q);
        double[] y = ffn.HasTopk() && ffn.Active < s.Length ? TopK(s, ffn) : s;
        Active.Add(ffn.Kind switch { FfnKind.Gated or FfnKind.GatedSilu => s.Length, FfnKind.GatedRelu or FfnKind.GatedRelu2 => s.Count(e => e > 0), _ => ffn.Active < s.Length ? y.Count(e => e > 0) : s.Length });
        return Times(WeightNames.Layer(layer, "mlp.down_proj"), [.. y.Zip(u, (e, up) => Activation(ffn.Kind, e) * up)]);
    }

    private double[] TopK(double[] s, FfnConfig ffn)
    {
        double theta = config.TopkSelector == TopkSelector.Exact ? s.OrderDescending().ElementAt(ffn.Active) : Threshold(s, ffn.Active);
        return [.. s.Select(e => Huber(Math.Max(e - theta, 0), ffn.HuberDelta))];
    }

    private static double Huber(double y, double delta) => delta == 0 ? y : y < delta ? y * y / 2 / delta : y - delta / 2;

    private static double Activation(FfnKind kind, double s) => kind switch
    {
        FfnKind.GatedRelu => Math.Max(s, 0),
        FfnKind.GatedRelu2 => Math.Max(s, 0) * Math.Max(s, 0),
        FfnKind.GatedSilu => s / (1 + Math.Exp(-s)),
        FfnKind.Gated or FfnKind.GatedTopk or FfnKind.Spark => 0.5 * s * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (s + 0.044715 * s * s * s))),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    private double[][] Attend(int layer, double[][] x, long[]? documents)
    {
        var a = config.Attention.Of(layer);
        int e = a.HeadDim, r = a.Kind == AttentionKind.Spark ? a.PredictorDim : e;
        double[][] Project(string name, double scale, bool turns) => [.. x.Select((row, t) => Times(WeightNames.Layer(layer, $"self_attn.{name}"), row).Chunk(e).SelectMany(head =>
            turns ? (double[])[.. Turn(head[..r], t), .. Turn(head[r..], t)] : head).Select(n => n * scale).ToArray())];
        double[][] InCache(double[][] rows) => [.. rows.Select(row => row.Select(Cached).ToArray())];
        double[][] q = Project("q_proj", a.QueryScale(), true), k = InCache(Project("k_proj", 1, true)), v = InCache(Project("v_proj", 1, false));
        return [.. x.Select((_, t) => Times(WeightNames.Layer(layer, "self_attn.o_proj"), [.. Enumerable.Range(0, a.NumHeads).SelectMany(h => Head(layer, a, q, k, v, t, h, documents))]))];
    }

    private double[] Head(int layer, AttentionConfig a, double[][] q, double[][] k, double[][] v, int t, int h, long[]? documents)
    {
        int e = a.HeadDim, r = a.Kind == AttentionKind.Spark ? a.PredictorDim : e, g = h / (a.NumHeads / a.NumKvHeads);
        int[] visible = [.. Enumerable.Range(0, t + 1).Where(s => t - s < (config.Attention.WindowOf(layer) ?? int.MaxValue) && (documents is null || documents[s] == documents[t]))];
        double Dot(int s, int from, int to) => Enumerable.Range(from, to - from).Sum(i => q[t][h * e + i] * k[s][g * e + i]);
        double[] scores = [.. visible.Select(s => Cap(Dot(s, 0, r), a.LogitSoftcap))];
        double theta = a.Kind == AttentionKind.Dense || scores.Length <= a.Active ? double.NegativeInfinity
            : config.TopkSelector == TopkSelector.Exact ? scores.OrderDescending().ElementAt(a.Active - 1)
            : Math.Min(Threshold(scores, a.Active), scores.Max());
        double sum = scores.Where(s => s >= theta).Sum(s => Math.Exp(s - scores.Max()));
        double[] output = new double[e];
        Kept.Add(scores.Count(s => s >= theta));
        for (int i = 0; i < visible.Length; i++)
        {
            if (scores[i] < theta) continue;
            double weight = Math.Exp(scores[i] - scores.Max()) / sum;
            if (a.Kind == AttentionKind.Spark) weight *= Math.Log(1 + Math.Exp(Dot(visible[i], r, e)));
            for (int n = 0; n < e; n++) output[n] += weight * v[visible[i]][g * e + n];
        }
        return output;
    }

    private double Threshold(double[] x, int k)
    {
        double mean = x.Average(), variance = x.Sum(e => (e - mean) * (e - mean)) / (x.Length - config.TopkStdCorrection);
        return mean + Math.Sqrt(variance) * QuantileTable.Above(k, x.Length);
    }

    private IEnumerable<double> Turn(double[] part, int position)
    {
        int half = part.Length / 2;
        double Angle(int i) => position * Math.Pow(config.Attention.RopeTheta, -2.0 * i / part.Length);
        return Enumerable.Range(0, part.Length).Select(i => i < half
            ? part[i] * Math.Cos(Angle(i)) - part[i + half] * Math.Sin(Angle(i))
            : part[i] * Math.Cos(Angle(i - half)) + part[i - half] * Math.Sin(Angle(i - half)));
    }

    private double[] After(double[] x, string norm) => config.Norm.Placement == NormPlacement.Sandwich ? Norm(x, norm) : x;

    private double[] Norm(double[] x, string name)
    {
        double scale = 1 / Math.Sqrt(x.Sum(e => e * e) / x.Length + config.Norm.Eps);
        return [.. x.Zip(weights[name].Values, (e, w) => e * scale * (1 + w))];
    }

    private double[] Times(string name, double[] x)
    {
        var (values, columns) = weights[name];
        double[] product = new double[values.Length / columns];
        for (int i = 0; i < values.Length; i++) product[i / columns] += values[i] * x[i % columns];
        return weights.TryGetValue(name.Replace(".weight", ".bias", StringComparison.Ordinal), out var bias) ? Add(product, bias.Values) : product;
    }

    private double[] Row(string name, int row) => weights[name].Values[(row * weights[name].Columns)..((row + 1) * weights[name].Columns)];

    private static double[] Add(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x + y)];

    private static double Cap(double x, double? cap) => cap is { } c ? c * Math.Tanh(x / c) : x;
}
