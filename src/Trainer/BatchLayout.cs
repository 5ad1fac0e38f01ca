using System.ComponentModel.DataAnnotations;
using System.Numerics;
using SparkTrain.Distributed;

namespace SparkTrain.Trainer;

/// <summary>How the sequences of a step are dealt out to the ranks, and on each of them to micro-batches.</summary>
/// <param name="WorldSize">Ranks that train together.</param>
/// <param name="Rows">Sequences of a micro-batch.</param>
/// <param name="AccumulationSteps">Micro-batches of one rank.</param>
public sealed record BatchLayout(int WorldSize, int Rows, int AccumulationSteps)
{
    private const string BatchKey = "Training.GlobalBatchTokens", SlotsKey = "Distributed.Slots";

    // A step keeps some numbers of every micro-batch; this is beyond what anybody trains with.
    private const long MostSequences = 100_000_000;

    /// <summary>Micro-batches of all ranks; with <see cref="ReduceOrder.SlotTree"/> the leaves of the tree.</summary>
    public int MicroBatches => WorldSize * AccumulationSteps;

    /// <summary>
    /// Deals a step out. With <see cref="ReduceOrder.SlotTree"/> a micro-batch is one slot, whatever the number of ranks; else each rank takes the largest divisor of its share
    /// up to Training.MicroBatch, so that all of its micro-batches are alike.
    /// </summary>
    /// <param name="config">A run that <see cref="ProblemWith"/> has no objection to.</param>
    /// <param name="worldSize">Ranks that train together.</param>
    public static BatchLayout Of(TrainConfig config, int worldSize)
    {
        long sequences = config.Training.SamplesPerStep(), share = Math.Max(1, sequences / worldSize);
        long rows = IsSlotTree(config) ? Math.Max(1, sequences / Slots(config)) : LargestDivisor(share, config.Training.MicroBatch);
        return new(worldSize, checked((int)rows), checked((int)Math.Max(1, share / rows)));
    }

    /// <summary>Returns the sequences of a batch of validation: as many on any number of ranks, so that the sum of losses has the same bits.</summary>
    public static int ValidationRows(TrainConfig config) => IsSlotTree(config) ? Of(config, 1).Rows : config.Training.MicroBatch;

    /// <summary>Lists what keeps a step from being dealt out on any number of ranks.</summary>
    public static IEnumerable<ValidationResult> Problems(TrainConfig config)
    {
        var training = config.Training;
        if (training.GlobalBatchTokens % training.SeqLen != 0) yield return new(NotMultiple(training, $"SeqLen {training.SeqLen}", training.SeqLen), [BatchKey]);
        else if (training.SamplesPerStep() > MostSequences) yield return new($"is {training.GlobalBatchTokens}: {training.SamplesPerStep()} sequences of SeqLen {training.SeqLen} a step; {MostSequences} at most.", [BatchKey]);
        else if (IsSlotTree(config) && ProblemWithSlots(config) is var (key, message)) yield return new(message, [key]);
    }

    /// <summary>Says which key keeps a step from being dealt out to <paramref name="worldSize"/> ranks, why, and what to set; null where none does.</summary>
    public static (string Key, string Message)? ProblemWith(TrainConfig config, int worldSize)
    {
        var training = config.Training;
        long sequences = training.SamplesPerStep();
        if (IsSlotTree(config) && !BitOperations.IsPow2(worldSize)) return ("Distributed.Reduce", $"is SlotTree, which needs 1, 2, 4, 8, … ranks, not {worldSize}.");
        if (sequences % worldSize != 0)
            return (BatchKey, NotMultiple(training, $"SeqLen {training.SeqLen} × ranks {worldSize}", (long)training.SeqLen * worldSize) + $" Or train on {Neighbours(sequences, worldSize)} ranks.");
        // Both are powers of two, so that what divides the sequences into one slot a rank can be set.
        if (IsSlotTree(config) && worldSize > Slots(config))
            return (SlotsKey, $"is {SlotsText(config)}: a step has fewer slots than ranks ({worldSize}). Set it to {PossibleSlots(sequences, worldSize)}; a run that has begun keeps its own.");
        return null;
    }

    /// <summary>Slots of a step: Distributed.Slots, or where it is null the micro-batches of Training.MicroBatch sequences.</summary>
    public static long Slots(TrainConfig config) => SlotsOf(config.Distributed.Slots, config.Training.GlobalBatchTokens, config.Training.MicroBatch, config.Training.SeqLen);

    internal static long SlotsOf(long? slots, long globalBatchTokens, long microBatch, long seqLen) => slots ?? Math.Max(1, globalBatchTokens / (microBatch * seqLen));

    private static bool IsSlotTree(TrainConfig config) => config.Distributed is { Reduce: ReduceOrder.SlotTree };

    private static (string Key, string Message)? ProblemWithSlots(TrainConfig config)
    {
        var training = config.Training;
        long sequences = training.SamplesPerStep(), slots = Slots(config);
        long least = (sequences + training.MicroBatch - 1) / training.MicroBatch;
        string advice = $"Set {SlotsKey} to {PossibleSlots(sequences, least)}";
        if (config.Distributed.Slots is null && sequences % training.MicroBatch != 0)
            return (BatchKey, NotMultiple(training, $"MicroBatch {training.MicroBatch} × SeqLen {training.SeqLen}", (long)training.MicroBatch * training.SeqLen) + $" {advice}.");
        if (!BitOperations.IsPow2(slots)) return (SlotsKey, $"is {SlotsText(config)}; Distributed.Reduce = SlotTree needs 1, 2, 4, 8, … slots. {advice}.");
        if (sequences % slots != 0) return (SlotsKey, $"is {slots}, which does not divide a step's {sequences} sequences. {advice}.");
        if (slots < least) return (SlotsKey, $"is {slots}: a slot of {sequences / slots} sequences is more than Training.MicroBatch = {training.MicroBatch}. {advice}, or raise Training.MicroBatch.");
        return null;
    }

    private static string SlotsText(TrainConfig config) => config.Distributed.Slots is { } given ? $"{given}"
        : $"{Slots(config)} (GlobalBatchTokens {config.Training.GlobalBatchTokens} / MicroBatch {config.Training.MicroBatch} / SeqLen {config.Training.SeqLen})";

    private static string PossibleSlots(long sequences, long least)
    {
        long[] possible = [.. Enumerable.Range(0, BitOperations.TrailingZeroCount(sequences) + 1).Select(power => 1L << power).Where(slots => slots >= least)];
        return possible.Length > 0 ? string.Join(", ", possible[..Math.Min(4, possible.Length)]) : $"a power of two, with a {BatchKey} of as many sequences or a multiple";
    }

    private static string NotMultiple(TrainingConfig training, string what, long unit)
    {
        long below = training.GlobalBatchTokens / unit * unit;
        return $"is {training.GlobalBatchTokens}; it must be a multiple of {what} = {unit}. Nearest: {(below > 0 ? $"{below} or " : "")}{below + unit}.";
    }

    private static string Neighbours(long sequences, long ranks)
    {
        long below = LargestDivisor(sequences, ranks), above = ranks, far = Math.Min(sequences, 16 * ranks);
        while (above < far && sequences % above != 0) above++;
        return above <= far && sequences % above == 0 ? $"{below} or {above}" : $"{below}";
    }

    private static long LargestDivisor(long number, long most)
    {
        long divisor = Math.Min(number, most);
        while (number % divisor != 0) divisor--;
        return divisor;
    }
}
