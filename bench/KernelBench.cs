using System.Globalization;
using SparkTrain.Distributed;
using SparkTrain.Kernels;
using SparkTrain.ModelFormat;
using SparkTrain.Numerics;
using SparkTrain.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace SparkTrain.Bench;

/// <summary>Each training kernel against the same mathematics in libtorch's own operations.</summary>
internal static class KernelBench
{
    private static int rounds = 7;
    private static string filter = "";

    public static int Run(string[] args)
    {
        int threads = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : Environment.ProcessorCount;
        if (args.Length > 1) rounds = int.Parse(args[1], CultureInfo.InvariantCulture);
        if (args.Length > 2) filter = args[2];
        LibTorch.Load(threads);
        RoundRobin.ByProcessorTime = threads == 1;
        Console.WriteLine($"{threads} threads ({(threads == 1 ? "processor" : "wall")} time), {rounds} rounds in turn, medians; fwd: without a graph, f+b: forward and backward");

        TopK(2048, 13824, 1106);
        TopK(4096, 1536, 123);
        Gate(2048, 13824, 1106);
        Gate(4096, 1024, 82);
        foreach (var (kind, batch, length, active) in ((AttentionKind, int, int, int)[])
            [(AttentionKind.Spark, 8, 256, 64), (AttentionKind.Spark, 4, 512, 64), (AttentionKind.Spark, 2, 1024, 64), (AttentionKind.Spark, 2, 1024, 256), (AttentionKind.Spark, 1, 2048, 64),
             (AttentionKind.Topk, 2, 1024, 64), (AttentionKind.Dense, 8, 256, 0), (AttentionKind.Dense, 2, 1024, 0)]) Attention(kind, batch, length, active);
        CrossEntropy(2048, 256, 8192);
        Linear(2048, 256, 1024);
        Rows();
        AdamW(8 << 20);
        return 0;
    }

    private static void TopK(int rows, int width, int k)
    {
        var x = randn(rows, width);
        Compare($"statistical top-k [{rows}, {width}], k = {k}", [x],
            ("ours", v => StatisticalTopKKernel.Apply(v[0], k, 1)), ("composed", v => Composed.StatisticalTopK(v[0], k)),
            ("torch.topk mask", v => Composed.TopKMask(v[0], k)), ("relu alone", v => nn.functional.relu(v[0])));
    }

    private static void Gate(int rows, int width, int k) =>
        Compare($"spark gate [{rows}, {width}], k = {k}", [randn(rows, width), randn(rows, width)],
            ("ours", v => SparkGateKernel.Apply(v[0], v[1], k, 1)), ("composed", v => Composed.Gelu(Composed.StatisticalTopK(v[0], k)) * v[1]),
            ("our gated gelu", v => GatedActivationKernel.Apply(v[0], v[1], ActivationKind.Gelu)), ("composed gated gelu", v => Composed.Gelu(v[0]) * v[1]));

    private static void Attention(AttentionKind kind, int batch, int length, int active)
    {
        const int heads = 4, kvHeads = 2, width = 64;
        const double cap = 50;
        Tensor[] inputs = [randn(batch, length, heads, width) * 0.2, randn(batch, length, kvHeads, width), randn(batch, length, kvHeads, width)];
        Func<Tensor[], Tensor> Ours(double? softcap) => v => AttentionKernel.Apply(v[0], v[1], v[2], new() { Kind = kind, PredictorDim = kind == AttentionKind.Spark ? width / 2 : 0, Active = active, Correction = 1, Softcap = softcap });
        string title = $"{kind} attention, batch {batch}, length {length}, {heads}/{kvHeads} heads of {width}, k = {active}".ToLowerInvariant();
        (string, Func<Tensor[], Tensor>) sdpa = ("sdpa (dense, no cap)", v => Composed.DenseAttention(v[0], v[1], v[2]));
        if (kind == AttentionKind.Dense) Compare(title, inputs, ("ours, no cap", Ours(null)), ("ours, cap 50", Ours(cap)), sdpa);
        else Compare(title, inputs, ("ours", Ours(cap)), ("composed", v => Composed.SparkAttention(v[0], v[1], v[2], kind == AttentionKind.Spark ? width / 2 : width, active, cap)), sdpa);
    }

    private static void CrossEntropy(int rows, int width, int vocab)
    {
        var targets = randint(0, vocab, new long[] { rows }, ScalarType.Int64);
        foreach (var dtype in (ScalarType[])[ScalarType.Float32, ScalarType.BFloat16])
            Compare($"cross-entropy [{rows}, {width}] x {vocab}, cap 30, {dtype}", [randn(rows, width), randn(vocab, width) * 0.05],
                ("ours", v => CrossEntropyKernel.Apply(v[0], v[1], targets, 30, dtype == ScalarType.BFloat16)),
                ("composed", v => Composed.CrossEntropy(v[0], v[1], targets, 30, dtype)));
    }

    private static void Linear(int rows, int inputs, int outputs) =>
        Compare($"linear [{rows}, {inputs}] -> {outputs}", [randn(rows, inputs), randn(outputs, inputs)],
            ("ours, bfloat16", v => LinearKernel.Apply(v[0], v[1], true)), ("ours, float32", v => LinearKernel.Apply(v[0], v[1], false)),
            ("composed, bfloat16", v => nn.functional.linear(v[0].to(bfloat16), v[1].to(bfloat16)).to(float32)), ("F.linear, float32", v => nn.functional.linear(v[0], v[1])));

    private static void Rows()
    {
        Compare("rmsnorm [4096, 256]", [randn(4096, 256), randn(256)],
            ("ours", v => RmsNormKernel.Apply(v[0], v[1], 1e-6)), ("composed", v => Composed.RmsNorm(v[0], v[1])));
        var angle = (arange(512, float32).unsqueeze(1) * pow(10_000.0, arange(32, float32) / -32)).unsqueeze(1);
        Tensor cos = angle.cos(), sin = angle.sin();
        Compare("rotary [8, 512, 4, 64]", [randn(8, 512, 4, 64)],
            ("ours", v => RotaryKernel.Apply(v[0], 0, 0, 10_000, 1)), ("composed", v => Composed.Rotary(v[0], cos, sin)));
    }

    private static void AdamW(int count)
    {
        if (!"adamw".Contains(filter, StringComparison.OrdinalIgnoreCase)) return;
        Tensor p = randn(count), g = randn(count), m = zeros(count), v = zeros(count);
        var parameter = new TorchSharp.Modules.Parameter(randn(count));
        parameter.grad = g;
        using var optimizer = optim.AdamW([parameter], 1e-3, 0.9, 0.95, 1e-8, 0.1);
        int step = 0;
        RoundRobin.Compare($"adamw, {count} parameters", rounds,
            ("ours", () => AdamWKernel.Step(p, g, m, v, new(1e-3, 0.9, 0.95, 1e-8, 0.1, ++step, 1))), ("optim.AdamW", () => optimizer.step()));
        RoundRobin.Compare($"gradient norm, {count} parameters", rounds,
            ("ours", () => GradNormKernel.SumsOfSquares(g, FlatRange.Cell)), ("square, sum", () => g.square().sum().Dispose()), ("norm", () => g.norm().Dispose()));
    }

    private static void Compare(string title, Tensor[] inputs, params (string Name, Func<Tensor[], Tensor> Run)[] ways)
    {
        if (!title.Contains(filter, StringComparison.OrdinalIgnoreCase)) return;
        RoundRobin.Compare(title + ", fwd", rounds, Array.ConvertAll(ways, way => (way.Name, (Action)(() =>
        {
            using var scope = NewDisposeScope();
            using var noGradient = no_grad();
            way.Run(inputs);
        }))));
        var leaves = Array.ConvertAll(inputs, t => t.clone().requires_grad_());
        using var output = ways[0].Run(inputs);
        var upstream = randn(output.shape);
        RoundRobin.Compare(title + ", f+b", rounds, Array.ConvertAll(ways, way => (way.Name, (Action)(() =>
        {
            using var scope = NewDisposeScope();
            way.Run(leaves).backward([upstream]);
            KernelFailure.ThrowIfAny();
            foreach (var leaf in leaves) leaf.grad = null;
        }))));
    }
}
