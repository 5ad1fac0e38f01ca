using System.Collections.Concurrent;

namespace SparkTrain.Serving;

/// <summary>Counts what a server does since it began. May be used from any thread.</summary>
public sealed class ServingCounters
{
    private long promptTokens, generatedTokens, steps, stepTicks, cancelled, answered, answerTicks, begun, firstTicks;

    /// <summary>Answers by status code.</summary>
    public ConcurrentDictionary<int, long> Requests { get; } = new();

    /// <summary>Tokens of prompts that were read.</summary>
    public long PromptTokens => Interlocked.Read(ref promptTokens);

    /// <summary>Tokens that were generated.</summary>
    public long GeneratedTokens => Interlocked.Read(ref generatedTokens);

    /// <summary>Passes through the model.</summary>
    public long Steps => Interlocked.Read(ref steps);

    /// <summary>Time that they took.</summary>
    public TimeSpan StepTime => new(Interlocked.Read(ref stepTicks));

    /// <summary>Requests whose client left early.</summary>
    public long Cancelled => Interlocked.Read(ref cancelled);

    /// <summary>Completions that came to their end, and the time from request to end over all of them.</summary>
    public (long Count, TimeSpan Time) Answered => (Interlocked.Read(ref answered), new(Interlocked.Read(ref answerTicks)));

    /// <summary>Completions that had a first piece, and the time from request to it over all of them.</summary>
    public (long Count, TimeSpan Time) Begun => (Interlocked.Read(ref begun), new(Interlocked.Read(ref firstTicks)));

    internal void AddRequest(int status) => Requests.AddOrUpdate(status, 1, (_, count) => count + 1);

    internal void AddStep(int read, int generated, TimeSpan time)
    {
        Interlocked.Add(ref promptTokens, read);
        Interlocked.Add(ref generatedTokens, generated);
        Interlocked.Increment(ref steps);
        Interlocked.Add(ref stepTicks, time.Ticks);
    }

    internal void AddCancelled() => Interlocked.Increment(ref cancelled);

    internal void AddBegun(TimeSpan time)
    {
        Interlocked.Increment(ref begun);
        Interlocked.Add(ref firstTicks, time.Ticks);
    }

    internal void AddAnswered(TimeSpan time)
    {
        Interlocked.Increment(ref answered);
        Interlocked.Add(ref answerTicks, time.Ticks);
    }
}
