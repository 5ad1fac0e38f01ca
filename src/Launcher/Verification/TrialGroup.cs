using System.ComponentModel.DataAnnotations;
using System.Globalization;
using SparkTrain.Distributed;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Verification;

/// <summary>Trials that are compared with one unbroken run.</summary>
/// <param name="Title">What they have in common, a sentence or two.</param>
/// <param name="Name">The beginning of their runs' names.</param>
/// <param name="Ranks">Ranks of the unbroken run.</param>
/// <param name="Set">What is set otherwise than the user has it, as A.B=v.</param>
/// <param name="Trials">The trials.</param>
internal sealed record TrialGroup(string Title, string Name, int Ranks, IReadOnlyList<string> Set, IReadOnlyList<Trial> Trials)
{
    /// <summary>
    /// Chooses the trials of a configuration: stopped and resumed on the first number of ranks, and resumed on each other one. The last bits of <c>Fast</c> and <c>Ordered</c> depend
    /// on the number of ranks by design, so that another one is tried with <c>SlotTree</c>; where the configuration does not allow that, only what was read is compared.
    /// </summary>
    /// <param name="config">The configuration.</param>
    /// <param name="ranks">Numbers of ranks, which the configuration allows.</param>
    /// <param name="kills">True adds a trial that ends by SIGKILL.</param>
    /// <param name="cores">Cores of this machine.</param>
    public static IReadOnlyList<TrialGroup> Of(TrainConfig config, IReadOnlyList<int> ranks, bool kills, int cores)
    {
        var (first, reduce) = (ranks[0], config.Distributed.Reduce);
        List<Trial> same = [new(first, first, IsKilled: false, ComparesBits: true)];
        if (kills) same.Add(new(first, first, IsKilled: true, ComparesBits: true));
        IEnumerable<Trial> Others(bool bits) => ranks.Skip(1).Select(other => new Trial(first, other, IsKilled: false, bits));

        string title = $"As configured (Distributed.Reduce={reduce})";
        if (ranks.Count == 1 || reduce == ReduceOrder.SlotTree) return [new($"{title}.", "configured", first, [], [.. same, .. Others(bits: true)])];

        string reason = $"the last bits of {reduce} depend on the number of ranks by design";
        var (slotTree, set) = SlotTree(config, Math.Max(1, cores / ranks.Max()), ranks.Max());
        if (Hindrance(slotTree, ranks) is { } hindrance)
            return [new($"{title}. On other ranks only what is read is compared: {reason}, and SlotTree is not possible: {hindrance}", "configured", first, [], [.. same, .. Others(bits: false)])];
        return
        [
            new($"{title}.", "configured", first, [], same),
            new($"With {string.Join(" and ", set)}, because {reason}.", "slottree", first, set, [.. Others(bits: true)]),
        ];
    }

    private static (TrainConfig Config, IReadOnlyList<string> Set) SlotTree(TrainConfig config, int threads, int mostRanks)
    {
        List<string> set = [$"Distributed.Reduce={ReduceOrder.SlotTree}"];
        config = config with { Distributed = config.Distributed with { Reduce = ReduceOrder.SlotTree } };
        if (config.Training.Threads == 0)
        {
            config = config with { Training = config.Training with { Threads = threads } };
            set.Add(string.Create(CultureInfo.InvariantCulture, $"Training.Threads={threads}"));
        }
        // Every rank needs a slot.
        if (BatchLayout.Slots(config) < mostRanks)
        {
            config = config with { Distributed = config.Distributed with { Slots = mostRanks } };
            set.Add(string.Create(CultureInfo.InvariantCulture, $"Distributed.Slots={mostRanks}"));
        }
        return (config, set);
    }

    private static string? Hindrance(TrainConfig config, IReadOnlyList<int> ranks)
    {
        if (config.Validate(new ValidationContext(config)).FirstOrDefault() is { } rule) return $"{rule.MemberNames.First()} {rule.ErrorMessage}";
        return ranks.Select(count => BatchLayout.ProblemWith(config, count)).FirstOrDefault(problem => problem is not null) is var (key, message) ? $"{key} {message}" : null;
    }
}
