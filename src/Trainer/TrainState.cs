using System.Text.Json;
using System.Text.Json.Nodes;
using SparkTrain.Model;
using SparkTrain.ModelFormat;
using SparkTrain.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>All that must survive a restart: weights, optimizer moments and progress. What is not in here does not resume.</summary>
public sealed class TrainState : IDisposable
{
    private const string FirstMoment = "optimizer.m.", SecondMoment = "optimizer.v.";

    private readonly AdamW optimizer;

    /// <summary>Makes the state of step 0: weights initialised from the seed, moments zero.</summary>
    public TrainState(SparkTransformer model, OptimizerConfig config)
    {
        Model = model;
        Weights = [.. model.Weights.Select(w => (w.Name, (Tensor)w.Weight))];
        Gradients = new(Weights);
        optimizer = new(Weights, Gradients, config);
    }

    /// <summary>The model.</summary>
    public SparkTransformer Model { get; }

    /// <summary>Its float32 master weights by name.</summary>
    public IReadOnlyList<(string Name, Tensor Weight)> Weights { get; }

    /// <summary>Their gradients.</summary>
    public GradientBuffer Gradients { get; }

    /// <summary>How far the run is.</summary>
    public TrainProgress Progress { get; set; } = TrainProgress.Start;

    /// <summary>Applies the gradients; see <see cref="AdamW.Step"/>.</summary>
    public void Update(double lr, double gradientScale) => optimizer.Step(Progress.Step + 1, lr, gradientScale);

    /// <summary>Each weight's gradient.</summary>
    public IEnumerable<(string Name, Tensor Gradient)> NamedGradients() => Weights.Select(w => (w.Name, Gradients.View(Gradients.Flat, w.Name)));

    /// <summary>Writes a checkpoint; returns its folder.</summary>
    /// <exception cref="CheckpointException">The disk is full or not writable.</exception>
    /// <exception cref="GuardException">A weight is not finite.</exception>
    public unsafe string Save(CheckpointStore store, TrainConfig config, string dataFingerprint)
    {
        using var scope = NewDisposeScope();
        foreach (var (name, weight) in Weights)
            if (!weight.detach().isfinite().all().item<bool>())
                throw new GuardException(name, $"the weight holds values that are not finite at step {Progress.Step}", "finite weights; nothing was saved, the last checkpoint is good", "resume from it with a lower LrSchedule.Lr");
        var tensors = Named().Select(t => (
            new TensorInfo(t.Name, TensorType.F32, t.Tensor.shape),
            (SafetensorsWriter.Source)(() => (byte*)TensorMemory.Pointer(t.Tensor.detach().cpu().contiguous())))).ToList();
        return store.Save(Progress.Step, tensors, (files, places) => new()
        {
            FormatVersion = CheckpointManifest.CurrentFormat,
            CodeVersion = typeof(TrainState).Assembly.GetName().Version!.ToString(3),
            Progress = Progress,
            WorldSize = 1,
            Seed = config.Run.Seed,
            DataFingerprint = dataFingerprint,
            Config = ConfigJson(config),
            Files = files,
            Tensors = places,
        });
    }

    /// <summary>Takes over a checkpoint whose hashes were verified.</summary>
    /// <exception cref="CheckpointException">It is of another model.</exception>
    public void Restore(string checkpoint, CheckpointManifest manifest)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var saved = new CheckpointTensors(checkpoint, manifest);
        foreach (var (name, tensor) in Named()) saved.CopyTo(name, tensor);
        Progress = manifest.Progress;
    }

    /// <summary>The configuration as it is stored in a checkpoint.</summary>
    public static JsonObject ConfigJson(TrainConfig config) =>
        JsonSerializer.SerializeToNode(config, ConfigOptions)!.AsObject();

    internal static JsonSerializerOptions ConfigOptions { get; } = new() { Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter() } };

    /// <summary>Frees gradients and moments; the model stays.</summary>
    public void Dispose()
    {
        Gradients.Dispose();
        optimizer.Dispose();
    }

    private IEnumerable<(string Name, Tensor Tensor)> Named() => Weights
        .Concat(optimizer.Moments().Select(m => (FirstMoment + m.Name, m.M)))
        .Concat(optimizer.Moments().Select(m => (SecondMoment + m.Name, m.V)));
}
