using System.Security.Cryptography;
using SparkTrain.Distributed;
using SparkTrain.Model;
using SparkTrain.ModelFormat;

namespace SparkTrain.Trainer;

/// <summary>The weights that a run begins with: drawn from its seed, or those of a model folder.</summary>
internal static class InitialWeights
{
    /// <summary>Fills the weights of a run that has no checkpoint. All ranks call it.</summary>
    /// <exception cref="ModelFormatException">Run.InitialModel cannot be used, or hosts see different models there; thrown on all ranks.</exception>
    public static void Fill(TrainState state, TrainConfig config, ICollectives ranks)
    {
        // Where the ranks of a host share the weights, one of them fills them.
        bool fills = ranks.Rank == ranks.HostRanks[0] || !config.Distributed.ShardsOptimizer(ranks.WorldSize);
        if (config.Run.InitialModel is { } path) FillFrom(path, state, config.Model, ranks, fills);
        else if (fills) WeightInit.Fill(state.Model, config.Run.Seed);
        ranks.Barrier();
    }

    private static void FillFrom(string path, TrainState state, ModelConfig config, ICollectives ranks, bool fills)
    {
        ModelFormatException? own = null;
        // One place a rank: a sum says what each has read.
        double[] read = new double[ranks.WorldSize];
        try
        {
            if (fills) read[ranks.Rank] = 1 + FillHere(path, state, config, hashes: ranks.Hosts > 1);
        }
        catch (ModelFormatException e)
        {
            own = e;
        }
        if (ranks.FirstFailure(own?.Message) is { } failure)
            throw own ?? new(path, $"another rank cannot begin from it: {failure.Split('\n')[0].TrimEnd('.')}", "a model folder that every host sees", "see the message of that rank");
        ranks.AllReduceSum(read);
        if (read.Where(hash => hash != 0).Distinct().Count() > 1)
            throw new ModelFormatException(path, "hosts see different models there", "the same weights on every host", "copy the folder to every host, or put it on a file system that they share");
    }

    // Returns a hash of 48 bits, which a double holds exactly, where one is asked for.
    private static unsafe long FillHere(string path, TrainState state, ModelConfig config, bool hashes)
    {
        using var folder = ModelFolder.Open(path);
        if (ModelDifference.Of(config, folder.Config) is { Count: > 0 } differences)
            throw new ModelFormatException(path, $"it holds another model:\n    {string.Join("\n    ", differences)}", "the model of the section Model", "correct the section, or begin from another folder; `config import` prints the section that fits");
        folder.RequireTiedHead();
        ModelWeights.Fill(state.Model, folder);
        if (!hashes) return 0;
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var weight in folder.Weights)
        {
            long bytes = weight.Count * folder.TypeOf(weight).Size();
            byte* values = folder.Read(weight);
            for (long at = 0; at < bytes; at += int.MaxValue) sha.AppendData(new ReadOnlySpan<byte>(values + at, (int)Math.Min(int.MaxValue, bytes - at)));
        }
        return BitConverter.ToInt64(sha.GetHashAndReset()) & ((1L << 48) - 1);
    }
}
