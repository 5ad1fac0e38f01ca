namespace SparkTrain.Checkpoints;

/// <summary>Decides which checkpoints stay: the newest, the first of every so many steps, and the best by validation loss.</summary>
public static class Retention
{
    /// <summary>Lists the steps whose checkpoints may go.</summary>
    /// <param name="steps">The steps of all complete checkpoints.</param>
    /// <param name="config">How many stay.</param>
    /// <param name="valLosses">Validation loss of the steps that were validated, in nats per token.</param>
    public static IReadOnlyList<long> Expired(IEnumerable<long> steps, CheckpointConfig config, IReadOnlyDictionary<long, double> valLosses)
    {
        long[] newestFirst = [.. steps.OrderDescending()];
        var stays = newestFirst.Take(config.KeepLast).ToHashSet();
        stays.UnionWith(BestFirst(newestFirst, valLosses).Take(config.KeepBest));
        // The first and not the multiple itself: a save may have been put off.
        if (config.KeepEverySteps is > 0 and var every) stays.UnionWith(newestFirst.Where(step => step >= every).GroupBy(step => step / every).Select(group => group.Min()));
        return [.. newestFirst.Where(step => !stays.Contains(step))];
    }

    /// <summary>Lists the steps that were validated, the lowest loss first, of equal ones the newest.</summary>
    /// <param name="steps">Steps.</param>
    /// <param name="valLosses">Validation loss of the steps that were validated, in nats per token.</param>
    public static IEnumerable<long> BestFirst(IEnumerable<long> steps, IReadOnlyDictionary<long, double> valLosses) =>
        steps.Where(valLosses.ContainsKey).OrderBy(step => valLosses[step]).ThenByDescending(step => step);
}
