using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;

namespace SparkTrain.Bench;

/// <summary>How a request went.</summary>
/// <param name="Tokens">The names of the tokens that came; null where the client left.</param>
/// <param name="First">Time to a stream's first event; null for a whole answer.</param>
/// <param name="All">Time to the end.</param>
internal sealed record ServeOutcome(IReadOnlyList<string>? Tokens, TimeSpan? First, TimeSpan All);

/// <summary>Sends requests of the load over loopback.</summary>
internal sealed class ServeClient(HttpClient http)
{
    /// <summary>Sends a request and reads what comes, or leaves as it says.</summary>
    /// <exception cref="InvalidOperationException">The answer is an error, or a stream that breaks off.</exception>
    public async Task<ServeOutcome> SendAsync(ServeRequest request)
    {
        long start = Stopwatch.GetTimestamp();
        string body = JsonSerializer.Serialize(new
        {
            prompt = request.Prompt, max_tokens = request.MaxTokens, temperature = request.Sampling.Temperature, top_p = request.Sampling.TopP, seed = request.Sampling.Seed, stream = request.Streams, logprobs = 0,
        });
        using var message = new HttpRequestMessage(HttpMethod.Post, "/v1/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (request.LeavesAfter == 0)
        {
            using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(20));
            try
            {
                using var early = await http.SendAsync(message, soon.Token);
                await Task.Delay(Timeout.Infinite, soon.Token);
            }
            catch (OperationCanceledException) { }
            return new(null, null, default);
        }
        using var response = await http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        if (response.StatusCode != HttpStatusCode.OK) throw new InvalidOperationException($"{response.StatusCode} {await reader.ReadToEndAsync()}");
        if (request.Streams) return await ReadAsync(reader, request, start);
        var tokens = Tokens(await reader.ReadToEndAsync());
        return new(tokens, null, Stopwatch.GetElapsedTime(start));
    }

    private static async Task<ServeOutcome> ReadAsync(StreamReader reader, ServeRequest request, long start)
    {
        var tokens = new List<string>();
        TimeSpan? first = null;
        int events = 0;
        while (await reader.ReadLineAsync() is { } line)
        {
            if (line.Length == 0) continue;
            first ??= Stopwatch.GetElapsedTime(start);
            if (line == "data: [DONE]") return new(tokens, first.Value, Stopwatch.GetElapsedTime(start));
            tokens.AddRange(Tokens(line["data: ".Length..]));
            if (++events == request.LeavesAfter) return new(null, null, default);
        }
        throw new InvalidOperationException("the stream broke off");
    }

    private static List<string> Tokens(string json)
    {
        using var answer = JsonDocument.Parse(json);
        return answer.RootElement.TryGetProperty("choices", out var choices)
            ? [.. choices[0].GetProperty("logprobs").GetProperty("tokens").EnumerateArray().Select(token => token.GetString()!)]
            : throw new InvalidOperationException(json);
    }
}
