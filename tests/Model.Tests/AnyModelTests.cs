using System.ComponentModel.DataAnnotations;
using SparkTrain.Kernels;
using SparkTrain.Model.Tests.Reference;

namespace SparkTrain.Model.Tests;

/// <summary>Everything that the configuration can say computes what the spec says, in every form: composed, fused, decoded with a cache.</summary>
public sealed class AnyModelTests : IClassFixture<OneThread>
{
    // A score that lies within rounding of its threshold may fall on either side of it; then two forms rightly differ.
    private const double MostBorderline = 0.1;

    private int sequences, borderline;

    [Fact]
    public void Composed_float64_equals_scalar_loops() => Problems.Sample(p =>
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var sparsity = new SparsitySink(p.Config.NumLayers);
        using var model = Model(p.Config, ScalarType.Float64, sparsity, p.Seed);
        var scalar = new ScalarModel(model.Config, model.Weights.ToDictionary(w => w.Slot.Name, w => w.Weight.detach().to(ScalarType.Float64).flatten().data<double>().ToArray()));
        double[][] expected = scalar.Logits(p.Tokens, p.Documents);
        var logits_TV = model.call(Row(p.Tokens), p.Documents is null ? null : Row(p.Documents))[0];
        if (IsBorderline(sparsity.Neurons.Active.Sum() != scalar.Active.Sum() || sparsity.Keys.Kept.Sum() != scalar.Kept.Sum())) return;
        Deviation.AssertWithin(1e-8, Deviation.Largest(logits_TV, tensor(expected.SelectMany(row => row).ToArray(), ScalarType.Float64).view(logits_TV.shape)), $"{p.Config}");
    }, iter: 300, threads: 1);

    [Fact]
    public void Fused_kernels_and_cached_decoding_equal_the_composed_form() => Problems.Sample(p =>
    {
        using var scope = NewDisposeScope();
        var (exact, exactCounts, _) = Run(p, ScalarType.Float64, fused: false);
        var (composed, composedCounts, composedCached_TV) = Run(p, ScalarType.Float32, fused: false);
        var (fused, fusedCounts, fusedCached_TV) = Run(p, ScalarType.Float32, fused: true);
        if (IsBorderline(composedCounts != exactCounts || fusedCounts != exactCounts)) return;
        for (int i = 0; i < exact.Length; i++)
        {
            if (exact[i].numel() == 0) continue;   // a single token has no log-probability
            // What float32 costs the composed form is the model's own condition: norms of two or three numbers may blow rounding up.
            double scale = Math.Max(1, exact[i].abs().max().item<double>()), tolerance = 2e-4 * scale + 30 * Deviation.Largest(composed[i], exact[i]);
            Deviation.AssertWithin(tolerance, Deviation.Largest(fused[i], exact[i]), $"result {i}, {p.Config}");
            if (i > 0) continue;
            Deviation.AssertWithin(tolerance, composedCached_TV is null ? 0 : Deviation.Largest(composedCached_TV, exact[i]), $"decoded, composed, {p.Config}");
            Deviation.AssertWithin(tolerance, fusedCached_TV is null ? 0 : Deviation.Largest(fusedCached_TV, exact[i]), $"decoded, fused, {p.Config}");
        }
    }, iter: 100, threads: 1);

    [Fact]
    public void Any_configuration_survives_its_config_json() => AnyModel.ConfigWithBias.Sample(config =>
    {
        string path = Path.GetTempFileName();
        try
        {
            string json = HuggingFaceConfig.Write(config, TensorType.F32);
            File.WriteAllText(path, json);
            var read = HuggingFaceConfig.Read(path);
            Assert.Equal(json, HuggingFaceConfig.Write(read, TensorType.F32));
            Assert.Equal(WeightSlots.Of(config).Select(t => $"{t.Name} {TensorInfo.Text(t.Shape)}"), WeightSlots.Of(read).Select(t => $"{t.Name} {TensorInfo.Text(t.Shape)}"));
            Assert.Equal(config with { Ffn = read.Ffn, Attention = read.Attention }, read);
        }
        finally
        {
            File.Delete(path);
        }
    }, iter: 200, threads: 1);

    [Fact]
    public void Any_model_scores_the_same_from_its_folder() => Problems.Sample(p =>
    {
        using var scope = NewDisposeScope();
        string folder = Directory.CreateTempSubdirectory("sparktrain-model-").FullName;
        try
        {
            using var model = Model(p.Config, ScalarType.Float32, new SparsitySink(p.Config.NumLayers), p.Seed);
            ModelWeights.Save(model, folder, TensorType.F32);
            using var opened = ModelFolder.Open(folder);
            using var loaded = ModelWeights.Load(opened, new ComputeOptions());
            var (tokens_BT, documents_BT) = (Row(p.Tokens), p.Documents is null ? null : Row(p.Documents));
            Assert.True(model.LogProbs(tokens_BT, documents_BT).eq(loaded.LogProbs(tokens_BT, documents_BT)).all().item<bool>(), $"{p.Config}");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }, iter: 40, threads: 1);

    private static readonly Gen<(ModelConfig Config, long[] Tokens, long[]? Documents, long Seed)> Problems =
        from config in AnyModel.ConfigWithBias from sequence in AnyModel.Sequence(config) from seed in Gen.Long[0, 1 << 30]
        select (config, sequence.Tokens, sequence.Documents, seed);

    // Logits, log-probabilities and every gradient of one form; how much it kept; logits decoded piece by piece.
    private static (Tensor[] Results, (long, long) Counts, Tensor? Cached_TV) Run((ModelConfig Config, long[] Tokens, long[]? Documents, long Seed) p, ScalarType dtype, bool fused)
    {
        var sparsity = new SparsitySink(p.Config.NumLayers);
        using var model = Model(p.Config, dtype, sparsity, p.Seed, fused ? null : KernelSet.Composed);
        var (tokens_BT, documents_BT) = (Row(p.Tokens), p.Documents is null ? null : Row(p.Documents));
        model.Loss(tokens_BT, documents_BT).Nats.backward();
        KernelFailure.ThrowIfAny();
        using var noGradient = no_grad();
        var gradients = model.Weights.Select(w => w.Weight.grad?.clone() ?? zeros_like(w.Weight)).ToArray();
        sparsity.Reset();
        var logits_TV = model.call(tokens_BT, documents_BT)[0];
        var counts = (sparsity.Neurons.Active.Sum(), sparsity.Keys.Kept.Sum());
        return ([logits_TV, model.LogProbs(tokens_BT, documents_BT), .. gradients], counts, p.Documents is null ? Decode(model, tokens_BT, p.Seed) : null);
    }

    private static Tensor Decode(Transformer model, Tensor tokens_BT, long seed)
    {
        var random = new Random((int)seed);
        int length = (int)tokens_BT.size(1);
        using var cache = new KeyValueCache(model.Config, 1, length, model.Options);
        var parts = new List<Tensor>();
        while (cache.Length < length)
            parts.Add(model.Decode(tokens_BT[.., cache.Length..Math.Min(length, cache.Length + random.Next(1, 9))], cache));
        return cat(parts, 1)[0];
    }

    private static Transformer Model(ModelConfig config, ScalarType dtype, SparsitySink sparsity, long seed, KernelSet? kernels = null)
    {
        foreach (var (_, section) in config.Sections()) Validator.ValidateObject(section, new(section), validateAllProperties: true);
        var model = TinyConfigs.Model(config, dtype, sparsity, seed, kernels);
        TinyConfigs.Randomise(model, (ulong)seed);
        return model;
    }

    private bool IsBorderline(bool differs)
    {
        sequences++;
        if (differs) borderline++;
        Assert.True(borderline <= 2 + MostBorderline * sequences, $"{borderline} of {sequences} sequences keep other entries than the reference");
        return differs;
    }

    private static Tensor Row(long[] values) => tensor(values).view(1, values.Length);
}
