using SparkTrain.Kernels;
using SparkTrain.ModelFormat;
using TorchSharp;
using static TorchSharp.torch;

namespace SparkTrain.Trainer.Tests;

public sealed class AdamWTests
{
    [Fact]
    public void Follows_torchs_own_AdamW_with_decay_on_matrices_only()
    {
        using var scope = NewDisposeScope();
        var generator = new Generator(7, CPU);
        var config = new OptimizerConfig { Beta1 = 0.9, Beta2 = 0.95, Eps = 1e-8, WeightDecay = 0.1 };
        Tensor[] initial = [randn([5, 3], generator: generator), randn([4], generator: generator)];
        List<(WeightSlot, Tensor)> ours = [(new(WeightRole.Query, 0, [5, 3]), new TorchSharp.Modules.Parameter(initial[0].clone())), (new(WeightRole.FinalNorm, null, [4]), new TorchSharp.Modules.Parameter(initial[1].clone()))];
        var theirs = initial.Select(t => new TorchSharp.Modules.Parameter(t.clone())).ToArray();
        var decayed = optim.AdamW([theirs[0]], lr: 0.01, beta1: 0.9, beta2: 0.95, eps: 1e-8, weight_decay: 0.1);
        var plain = optim.AdamW([theirs[1]], lr: 0.01, beta1: 0.9, beta2: 0.95, eps: 1e-8, weight_decay: 0);
        var layout = new FlatLayout(ours.Select(w => w.Item1));
        Tensor weights = zeros(layout.Count), gradients = zeros(layout.Count);
        foreach (var (slot, weight) in ours) layout.View(weights, slot).copy_(weight.detach());
        // Two shards, cut within the matrix, as two ranks would have them.
        using var first = new AdamW(layout, [new(0, 9)], config, CPU, KernelSet.Cpu);
        using var second = new AdamW(layout, [new(9, 10)], config, CPU, KernelSet.Cpu);

        for (int step = 1; step <= 20; step++)
        {
            for (int i = 0; i < ours.Count; i++)
            {
                var g = randn(initial[i].shape, generator: generator);
                layout.View(gradients, ours[i].Item1).copy_(g * 8);
                theirs[i].grad = g;
            }
            first.Step(weights, gradients, new(step, 0.01, 1.0 / 8));
            second.Step(weights, gradients, new(step, 0.01, 1.0 / 8));
            decayed.step();
            plain.step();
        }
        for (int i = 0; i < ours.Count; i++) Assert.True((layout.View(weights, ours[i].Item1) - theirs[i]).abs().max().item<float>() < 1e-6);
    }
}
