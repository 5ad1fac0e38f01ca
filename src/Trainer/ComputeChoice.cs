using System.Text.Json;
using SparkTrain.Distributed;
using SparkTrain.Native;

namespace SparkTrain.Trainer;

/// <summary>Decides what Training.Compute = Auto stands for: once a run, for all ranks.</summary>
public static class ComputeChoice
{
    /// <summary>Returns the type that a run has on this machine: what it names, or for Auto BFloat16 where products in it are fast.</summary>
    public static ComputeType Here(TrainingConfig training) =>
        training.Compute != ComputeType.Auto ? training.Compute : training.Device == DeviceKind.Cuda || Processor.HasFastBfloat16 ? ComputeType.BFloat16 : ComputeType.Float32;

    /// <summary>
    /// Returns the configuration with a type in place of Auto. A run that has begun keeps the type in its config.json, on any processor; a new one takes BFloat16 where it is fast for
    /// every rank. All ranks call it.
    /// </summary>
    /// <param name="config">The run.</param>
    /// <param name="ranks">Its ranks; rank 0 reads the run's folder.</param>
    public static TrainConfig Decide(TrainConfig config, ICollectives ranks)
    {
        if (config.Training.Compute != ComputeType.Auto) return config;
        var begun = ranks.Rank == 0 ? Begun(Path.Combine(config.Run.Folder, config.Run.Name, "config.json")) : null;
        double[] votes = [Here(config.Training) == ComputeType.BFloat16 ? 1 : 0, begun == ComputeType.Float32 ? 1 : 0, begun == ComputeType.BFloat16 ? 1 : 0];
        ranks.AllReduceSum(votes);
        bool bfloat16 = votes[2] > 0 || votes[1] == 0 && votes[0] == ranks.WorldSize;
        return config with { Training = config.Training with { Compute = bfloat16 ? ComputeType.BFloat16 : ComputeType.Float32 } };
    }

    /// <summary>Returns what it costs that a run names BFloat16 on a processor without it; null where nothing.</summary>
    public static string? Cost(TrainingConfig training) =>
        training is { Compute: ComputeType.BFloat16, Device: DeviceKind.Cpu } && !Processor.HasFastBfloat16
            ? "this processor multiplies bfloat16 no faster than float32: products are computed in float32 and rounded, which is slower than Training.Compute = Float32 or Auto" : null;

    // What cannot be read decides nothing; a checkpoint of the other type is then refused.
    private static ComputeType? Begun(string file)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(file));
            return Enum.TryParse<ComputeType>(json.RootElement.GetProperty("Training").GetProperty("Compute").GetString(), out var type) && type != ComputeType.Auto ? type : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }
}
