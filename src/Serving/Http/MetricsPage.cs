using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace SparkTrain.Serving;

/// <summary>The page <c>/metrics</c>, in Prometheus' text format.</summary>
internal sealed class MetricsPage(BatchScheduler scheduler, SchedulerOptions limits, ServingCounters counters)
{
    private const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    public async Task AnswerAsync(HttpContext http)
    {
        byte[] page = Encoding.UTF8.GetBytes(Write());
        (http.Response.ContentType, http.Response.ContentLength) = (ContentType, page.Length);
        await http.Response.Body.WriteAsync(page, http.RequestAborted);
    }

    private string Write()
    {
        var page = new StringBuilder();
        var load = scheduler.Load;
        Begin(page, "requests_total", "counter", "Answers, by status code; 499 is a client that left.");
        foreach (var (status, count) in counters.Requests.OrderBy(pair => pair.Key)) page.Append(CultureInfo.InvariantCulture, $"sparktrain_requests_total{{code=\"{status}\"}} {count}\n");
        Add(page, "cancelled_total", "counter", "Completions whose client left before the end.", counters.Cancelled);
        Add(page, "queue_length", "gauge", "Prompts that wait for a place.", load.Waiting);
        Add(page, "queue_limit", "gauge", "Prompts that may wait.", limits.Queue);
        Add(page, "active_sequences", "gauge", "Continuations side by side.", load.Active);
        Add(page, "active_sequences_limit", "gauge", "Continuations that there is a place for.", limits.MaxSequences);
        Add(page, "prompt_tokens_total", "counter", "Tokens of prompts that were read.", counters.PromptTokens);
        Add(page, "generated_tokens_total", "counter", "Tokens that were generated.", counters.GeneratedTokens);
        Add(page, "steps_total", "counter", "Passes through the model.", counters.Steps);
        Add(page, "step_seconds_total", "counter", "Time of the passes through the model.", counters.StepTime.TotalSeconds);
        Add(page, "cache_tokens", "gauge", "Tokens whose keys and values are held.", load.HeldTokens);
        Add(page, "cache_reserved_tokens", "gauge", "Tokens for whose keys and values room is kept.", load.ReservedTokens);
        Add(page, "cache_limit_tokens", "gauge", "Tokens for whose keys and values there is room.", limits.CacheTokens);
        Add(page, "cache_bytes", "gauge", "Memory that is kept for keys and values.", load.CacheBytes);
        AddTimes(page, "first_token_seconds", "Time from a request to the first piece of its completion.", counters.Begun);
        AddTimes(page, "completion_seconds", "Time from a request to the end of its completion.", counters.Answered);
        return page.ToString();
    }

    private static void Begin(StringBuilder page, string name, string type, string help) => page.Append(CultureInfo.InvariantCulture, $"# HELP sparktrain_{name} {help}\n# TYPE sparktrain_{name} {type}\n");

    private static void Add(StringBuilder page, string name, string type, string help, double value)
    {
        Begin(page, name, type, help);
        page.Append(CultureInfo.InvariantCulture, $"sparktrain_{name} {value}\n");
    }

    private static void AddTimes(StringBuilder page, string name, string help, (long Count, TimeSpan Time) times)
    {
        Begin(page, name, "summary", help);
        page.Append(CultureInfo.InvariantCulture, $"sparktrain_{name}_sum {times.Time.TotalSeconds}\nsparktrain_{name}_count {times.Count}\n");
    }
}
