using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using SparkTrain.Checkpoints;
using SparkTrain.Distributed;
using SparkTrain.Model;
using SparkTrain.ModelFormat;
using SparkTrain.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>All that must survive a restart: weights, the optimizer's state, progress and scalars. What is not in here does not resume.</summary>
public sealed class TrainState : IDisposable
{
    private readonly ICollectives ranks;
    private readonly FlatBuffer weights;
    private readonly Optimizer optimizer;
    private readonly bool shardsOptimizer;
    private readonly long[] blockEnds;

    /// <summary>Lays the model's weights out for training: flat, with gradients and the optimizer's state beside them. All ranks call it.</summary>
    /// <param name="model">The model, whose weights hold no values yet.</param>
    /// <param name="optimizer">What updates the weights.</param>
    /// <param name="distributed">How the ranks train together.</param>
    /// <param name="ranks">The ranks, which outlive the state.</param>
    /// <param name="accumulationSteps">Micro-batches of a rank in a step.</param>
    /// <param name="overlaps">True reduces gradients while the backward pass goes on: then the model must report to <see cref="BlockComplete"/>.</param>
    public TrainState(Transformer model, OptimizerConfig optimizer, DistributedConfig distributed, ICollectives ranks, int accumulationSteps, bool overlaps)
    {
        using var scope = NewDisposeScope();
        (Model, this.ranks) = (model, ranks);
        List<(WeightSlot Slot, Tensor Weight)> parameters = [.. model.Weights.Select(w => (w.Slot, (Tensor)w.Weight))];
        Layout = new(parameters.Select(p => p.Slot));
        Buckets = FlatRange.Buckets(Layout.Count, distributed.BucketElements);
        Shards = FlatRange.Joined(Buckets.Select(bucket => bucket.ShardOf(ranks.Rank, ranks.WorldSize)));
        shardsOptimizer = distributed.ShardsOptimizer(ranks.WorldSize);
        var device = model.Options.Device;
        // Each rank updates its shards only, so that those of a host can share the weights.
        weights = new("weights", Layout.Count, ranks, device, onePerHost: shardsOptimizer);
        using (no_grad())
            foreach (var (slot, weight) in parameters) weight.set_(Layout.View(weights.Tensor, slot));
        Gradients = new(Layout, parameters, ranks, accumulationSteps, distributed.Reduce, model.Options.Kernels);
        this.optimizer = Optimizer.Of(Layout, shardsOptimizer ? Shards : [new(0, Layout.Count)], optimizer, device, model.Options.Kernels);
        Reducer = new(Gradients, Buckets, overlaps);
        blockEnds = [.. Enumerable.Range(0, model.Config.NumLayers).Select(layer => Layout.EndOf(layer))];
    }

    /// <summary>The model.</summary>
    public Transformer Model { get; }

    /// <summary>The order of weights, gradients and moments.</summary>
    public FlatLayout Layout { get; }

    /// <summary>What is reduced at a time.</summary>
    public IReadOnlyList<FlatRange> Buckets { get; }

    /// <summary>This rank's shards of the buckets, neighbours joined: all of it for a single rank.</summary>
    public IReadOnlyList<FlatRange> Shards { get; }

    /// <summary>The gradients.</summary>
    public GradientBuffer Gradients { get; }

    /// <summary>Adds them up over the ranks.</summary>
    public GradientReducer Reducer { get; }

    /// <summary>The names of the optimizer's state.</summary>
    public IReadOnlyList<string> OptimizerSlots => optimizer.Slots;

    /// <summary>All weights, flat, [Layout.Count].</summary>
    public Tensor Weights => weights.Tensor;

    /// <summary>How far the run is.</summary>
    public TrainProgress Progress { get; set; } = TrainProgress.Start;

    /// <summary>Numbers by name that a checkpoint holds besides; equal on all ranks, and finite.</summary>
    public Dictionary<string, double> Scalars { get; private set; } = [];

    /// <summary>Applies the reduced gradients; returns the time that this rank waited for the others. See <see cref="Optimizer.Step"/>.</summary>
    public TimeSpan Update(double lr, double gradientScale)
    {
        var waited = TimeSpan.Zero;
        if (!shardsOptimizer) waited += GatherShards(Gradients.AllGather);
        optimizer.Step(weights.Tensor, Gradients.Flat, new(Progress.Step + 1, lr, gradientScale));
        if (shardsOptimizer) waited += GatherShards(weights.AllGather);
        return waited;
    }

    /// <summary>Takes note, during a backward pass, that it has done with the gradients of a block and all later ones.</summary>
    public void BlockComplete(int layer) => Reducer.Complete(blockEnds[layer]);

    /// <summary>What a checkpoint holds of some ranges that this rank has: weights and the optimizer's state, as views.</summary>
    internal IEnumerable<(string Prefix, FlatRange Range, Tensor Values)> Saved(IReadOnlyList<FlatRange> ranges)
    {
        foreach (var range in ranges) yield return ("", range, FlatLayout.Slice(Weights, range));
        foreach (var (slot, name) in optimizer.Slots.Index())
            foreach (var range in ranges)
            {
                var held = optimizer.State().Single(state => state.Range.Intersect(range).Count == range.Count);
                yield return (SavedModel.OptimizerPrefix(name), range, held.State[slot].narrow(0, range.Begin - held.Range.Begin, range.Count));
            }
    }

    /// <summary>The piece of a tensor in a checkpoint that a part of the flat buffer is.</summary>
    internal static TensorPiece Piece(string prefix, FlatParameter parameter, FlatRange part) =>
        new(prefix + parameter.Slot.Name, parameter.Slot.Shape, part.Begin - parameter.Range.Begin, part.Count);

    /// <summary>Returns what makes the manifest of a checkpoint of the state as it is now from its tables of files and tensors.</summary>
    internal Func<IReadOnlyDictionary<string, ShardFile>, IReadOnlyDictionary<string, IReadOnlyList<TensorPlace>>, CheckpointManifest> Describe(TrainConfig config, string dataFingerprint)
    {
        var (progress, scalars) = (Progress, Scalars.Count == 0 ? null : new Dictionary<string, double>(Scalars));
        return (files, places) => new()
        {
            FormatVersion = CheckpointManifest.CurrentFormat,
            CodeVersion = typeof(TrainState).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion,
            Progress = progress,
            WorldSize = ranks.WorldSize,
            Seed = config.Run.Seed,
            DataFingerprint = dataFingerprint,
            Config = ConfigJson(config),
            Files = files,
            Tensors = places,
            Scalars = scalars,
        };
    }

    /// <summary>Takes over a checkpoint, of any number of ranks, whose hashes were verified. All ranks call it.</summary>
    /// <exception cref="CheckpointException">It is of another model.</exception>
    public unsafe void Restore(string checkpoint, CheckpointManifest manifest)
    {
        using var saved = new CheckpointReader(checkpoint, manifest);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var memory = new TensorMemory();
        foreach (var (prefix, range, values) in Saved(shardsOptimizer ? Shards : [new(0, Layout.Count)]))
        {
            bool isOnHost = DeviceMemory.IsHost(values.device);
            var target = isOnHost ? values : empty(range.Count);
            foreach (var (parameter, part) in Layout.In(range)) saved.CopyTo(Piece(prefix, parameter, part), memory.Float32(target) + (part.Begin - range.Begin));
            if (!isOnHost) values.copy_(target);
        }
        if (shardsOptimizer) GatherShards(weights.AllGather);
        (Progress, Scalars) = (manifest.Progress, new(manifest.Scalars ?? new Dictionary<string, double>()));
    }

    /// <summary>The configuration as it is stored in a checkpoint.</summary>
    public static JsonObject ConfigJson(TrainConfig config) =>
        JsonSerializer.SerializeToNode(config, ConfigOptions)!.AsObject();

    internal static JsonSerializerOptions ConfigOptions { get; } = new() { Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter() } };

    /// <summary>Frees weights, gradients and optimizer; the model cannot be used afterwards.</summary>
    public void Dispose()
    {
        Reducer.Dispose();
        Gradients.Dispose();
        weights.Dispose();
        optimizer.Dispose();
    }

    private TimeSpan GatherShards(Action<FlatRange> gather)
    {
        long start = Stopwatch.GetTimestamp();
        foreach (var bucket in Buckets) gather(bucket);
        return Stopwatch.GetElapsedTime(start);
    }
}
