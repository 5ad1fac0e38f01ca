using System.Runtime.CompilerServices;

namespace SparkTrain.Tests;

/// <summary>Waits of tests. Each has an end: where what is awaited does not come, the test fails, names it, and shows what there was until then.</summary>
internal static class Patience
{
    /// <summary>How long a test waits for what should come at once; machines may be busy.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>Waits until a condition holds, looking every few milliseconds.</summary>
    /// <param name="isSo">The condition.</param>
    /// <param name="what">What is awaited, for the message: of a condition, its text.</param>
    /// <param name="soFar">Tells what there is until now, for the message.</param>
    /// <param name="limit">How long; <see cref="Limit"/> where it is null.</param>
    public static void Until(Func<bool> isSo, [CallerArgumentExpression(nameof(isSo))] string what = "", Func<string>? soFar = null, TimeSpan? limit = null)
    {
        if (!SpinWait.SpinUntil(isSo, limit ?? Limit)) Fail(what, soFar, limit);
    }

    /// <summary>Waits for a task, and returns what it returns.</summary>
    /// <inheritdoc cref="Until" path="/param"/>
    public static async Task<T> For<T>(Task<T> task, string what, Func<string>? soFar = null, TimeSpan? limit = null)
    {
        await For((Task)task, what, soFar, limit);
        return await task;
    }

    /// <summary>Waits for a task.</summary>
    /// <inheritdoc cref="Until" path="/param"/>
    public static async Task For(Task task, string what, Func<string>? soFar = null, TimeSpan? limit = null)
    {
        using var over = new CancellationTokenSource();
        if (await Task.WhenAny(task, Task.Delay(limit ?? Limit, over.Token)) != task) Fail(what, soFar, limit);
        await over.CancelAsync();
        await task;
    }

    /// <summary>Waits for the end of a thread.</summary>
    /// <inheritdoc cref="Until" path="/param"/>
    public static void Join(Thread thread, string what, Func<string>? soFar = null, TimeSpan? limit = null)
    {
        if (!thread.Join(limit ?? Limit)) Fail(what, soFar, limit);
    }

    private static void Fail(string what, Func<string>? soFar, TimeSpan? limit) => Assert.Fail($"waited {(limit ?? Limit).TotalSeconds:0.#} s for {what}{(soFar is null ? "" : $"; until then:\n{soFar()}")}");
}
