using System.Diagnostics;
using SparkTrain.Serving;

namespace SparkTrain.Bench;

/// <summary>What some number of clients got in a round.</summary>
/// <param name="Outcomes">Of the requests whose clients stayed.</param>
/// <param name="Left">Requests whose clients left.</param>
/// <param name="Seconds">Time of the round.</param>
/// <param name="Tokens">Tokens that the server generated, for clients that left too.</param>
internal sealed record ServeRound(IReadOnlyList<ServeOutcome> Outcomes, int Left, double Seconds, long Tokens)
{
    /// <summary>Tokens a second.</summary>
    public double Rate => Tokens / Seconds;

    /// <summary>Lets clients take requests one after another until none is left, and compares every answer with that of its prompt alone.</summary>
    /// <exception cref="InvalidOperationException">An answer is lost or not its request's, or something is not freed.</exception>
    public static async Task<ServeRound> RunAsync(CompletionServer server, ServeRequest[] requests, string[][] expected, int clients)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, ResponseDrainTimeout = TimeSpan.Zero }) { BaseAddress = server.Address };
        var client = new ServeClient(http);
        var outcomes = new ServeOutcome?[requests.Length];
        long before = server.Counters.GeneratedTokens, start = Stopwatch.GetTimestamp();
        int next = -1;
        await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(async () =>
        {
            for (int i; (i = Interlocked.Increment(ref next)) < requests.Length;)
            {
                outcomes[i] = await client.SendAsync(requests[i]);
                if (outcomes[i]!.Tokens is { } tokens && !tokens.SequenceEqual(expected[i]))
                    throw new InvalidOperationException($"request {i} has another answer than alone, at token {tokens.Zip(expected[i]).TakeWhile(pair => pair.First == pair.Second).Count()} of {expected[i].Length}");
            }
        })));
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        if (outcomes.Any(outcome => outcome is null)) throw new InvalidOperationException("answers are lost");
        if (!SpinWait.SpinUntil(() => server.Load == SchedulerLoad.None, TimeSpan.FromSeconds(10))) throw new InvalidOperationException($"keys and values are not freed: {server.Load}");
        ServeOutcome[] stayed = [.. outcomes.OfType<ServeOutcome>().Where(outcome => outcome.Tokens is not null)];
        return new(stayed, requests.Length - stayed.Length, seconds, server.Counters.GeneratedTokens - before);
    }
}
