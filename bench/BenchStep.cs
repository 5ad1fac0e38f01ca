using SparkTrain.Distributed;
using SparkTrain.Kernels;
using SparkTrain.Model;
using SparkTrain.ModelFormat;
using SparkTrain.Trainer;
using static TorchSharp.torch;

namespace SparkTrain.Bench;

/// <summary>A model that trains on random tokens, without data, ranks or files.</summary>
internal sealed class BenchStep : IDisposable
{
    /// <summary>Sequences of a step.</summary>
    public const int Batch = 4;

    private readonly SingleProcess alone = new();
    private readonly TrainState state;
    private readonly Tensor tokens_BT;
    private long step;

    public BenchStep(ModelConfig config, ComputeOptions options)
    {
        var model = new Transformer(config, options);
        state = new(model, new(), new(), alone, accumulationSteps: 1, overlaps: false);
        WeightInit.Fill(model, 1);
        tokens_BT = randint(0, config.VocabSize, [Batch, config.MaxSeqLen], ScalarType.Int64);
    }

    /// <summary>Looks at the first sequence, as an audit does.</summary>
    public void Observe() => state.Model.Observe(tokens_BT[..1], null);

    public void Run()
    {
        using var scope = NewDisposeScope();
        state.Gradients.Clear();
        using (WeightCasts.Hold())
        {
            var loss = state.Model.Loss(tokens_BT);
            loss.Nats.backward();
            KernelFailure.ThrowIfAny();
        }
        var sums = new StepSums(slots: 1, state.Layout.Count);
        state.Gradients.SumSquares(state.Shards[0], sums.CellSquares);
        state.Progress = state.Progress with { Step = step++ };
        state.Update(1e-4, 1 / Math.Max(1, sums.GradNorm));
    }

    public void Dispose()
    {
        state.Dispose();
        state.Model.Dispose();
        tokens_BT.Dispose();
        alone.Dispose();
    }
}
