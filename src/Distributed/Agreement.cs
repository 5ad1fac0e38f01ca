namespace SparkTrain.Distributed;

/// <summary>Makes a failure of any rank the failure of all, so that none goes on alone and waits for the others.</summary>
public static class Agreement
{
    // A stack is longer than this only where it repeats itself.
    private const int LongestMessage = 16_384;

    /// <summary>
    /// Runs an action on every rank and returns when all have run it. Where it fails on any, all throw the failure of the lowest such rank; a single process throws
    /// what the action threw. Failures that hit some ranks only must come before the action's first collective call, or else the others wait in that call.
    /// </summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="action">What each rank does.</param>
    /// <param name="describe">Gives the exit code and the message of an exception.</param>
    /// <exception cref="RankFailureException">The action failed on a rank.</exception>
    public static void Agree(this ICollectives ranks, Action action, Func<Exception, (int ExitCode, string Message)> describe) =>
        ranks.Agree(() => { action(); return true; }, describe);

    /// <summary>As above, for an action with a result.</summary>
    /// <exception cref="RankFailureException">The action failed on a rank.</exception>
    public static T Agree<T>(this ICollectives ranks, Func<T> action, Func<Exception, (int ExitCode, string Message)> describe)
    {
        if (ranks.WorldSize == 1) return action();
        Exception? thrown = null;
        T result = default!;
        try
        {
            result = action();
        }
        catch (Exception e) when (e is not RankFailureException)
        {
            thrown = e;
            // Should the others be waiting in a call of the action's after all, their watch names the cause.
            ranks.Report(0, "failed: " + describe(e).Message.Split('\n')[0]);
        }
        if (Failure(ranks, thrown is null ? null : describe(thrown)) is not { } failure) return result;
        (result as IDisposable)?.Dispose();
        throw new RankFailureException(failure, failure.Rank == ranks.Rank ? thrown : null);
    }

    /// <summary>Returns the message of the lowest rank that gives one, the same on all ranks; null where none does. All ranks call it together.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="mine">What failed on this rank, or null.</param>
    public static string? FirstFailure(this ICollectives ranks, string? mine) => Failure(ranks, mine is null ? null : (0, mine))?.Message;

    /// <summary>Returns the lowest rank whose number differs from that of rank 0, or null. All ranks call it together.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="number">A number below 2⁵³, for example of a hash.</param>
    public static int? FirstUnlike(this ICollectives ranks, long number)
    {
        var numbers = new double[ranks.WorldSize];
        numbers[ranks.Rank] = number;
        ranks.AllReduceSum(numbers);
        int unlike = Array.FindIndex(numbers, other => other != numbers[0]);
        return unlike < 0 ? null : unlike;
    }

    private static RankFailure? Failure(ICollectives ranks, (int ExitCode, string Message)? mine)
    {
        // A rank that did not fail adds 0; one that did its message's length, counted from 1.
        string message = mine?.Message ?? "";
        if (message.Length > LongestMessage) message = message[..LongestMessage];
        var lengths = new double[ranks.WorldSize];
        if (mine is not null) lengths[ranks.Rank] = message.Length + 1;
        ranks.AllReduceSum(lengths);
        int failed = Array.FindIndex(lengths, length => length != 0);
        if (failed < 0) return null;

        var text = new double[(int)lengths[failed]];
        if (failed == ranks.Rank)
        {
            text[0] = mine!.Value.ExitCode;
            for (int i = 0; i < message.Length; i++) text[i + 1] = message[i];
        }
        ranks.AllReduceSum(text);
        return new(failed, (int)text[0], string.Create(text.Length - 1, text, (letters, from) =>
        {
            for (int i = 0; i < letters.Length; i++) letters[i] = (char)from[i + 1];
        }));
    }
}
