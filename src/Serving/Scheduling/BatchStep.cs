using System.Diagnostics;
using SparkTrain.Generation;
using SparkTrain.Tokenizers;

namespace SparkTrain.Serving;

/// <summary>One pass through the model: a token of every running continuation and pieces of prompts that are being read, in one batch.</summary>
internal sealed class BatchStep(IForkingDecoder decoder, ITokenizer tokenizer, SchedulerOptions options, ServingCounters counters, Action<Exception> failed)
{
    // Shapes: R rows of the batch, V vocabulary.
    private readonly List<NewTokens> batch = [];
    private readonly List<(RunningPrompt Prompt, RunningChoice? Choice)> rows = [];
    private float[] logits_RV = new float[decoder.Config.VocabSize];

    /// <summary>Runs a step; returns false where there was nothing to do, since all who read are behind.</summary>
    public bool Run(IReadOnlyList<RunningPrompt> running)
    {
        long start = Stopwatch.GetTimestamp();
        batch.Clear();
        rows.Clear();
        foreach (var prompt in running.Where(prompt => prompt.IsRead && CanGoOn(prompt)))
            foreach (var choice in prompt.Live) Add(prompt, choice, new(choice.Sequence!, choice.Last));
        int room = Math.Max(options.StepTokens - batch.Count, Math.Max(1, options.StepTokens / 4)), read = 0, drawn = 0;
        foreach (var prompt in running.Where(prompt => !prompt.IsRead && CanGoOn(prompt)))
        {
            if (read == room) break;
            var tokens = prompt.Next(room - read);
            read += tokens.Length;
            if (!prompt.Request.ScoresPrompt) Add(prompt, null, new(prompt.Sequence, tokens));
            else drawn += Guarded(prompt, () => prompt.Score(tokens, logits_RV, decoder, tokenizer));
        }
        if (batch.Count > 0) drawn += Append();
        if (batch.Count == 0 && read == 0) return false;
        counters.AddStep(read, drawn, Stopwatch.GetElapsedTime(start));
        return true;
    }

    private static bool CanGoOn(RunningPrompt prompt) => !prompt.Job.IsUnwanted && prompt.Job.HasRoom;

    private void Add(RunningPrompt prompt, RunningChoice? choice, NewTokens tokens)
    {
        batch.Add(tokens);
        rows.Add((prompt, choice));
    }

    private int Append()
    {
        int V = decoder.Config.VocabSize;
        try
        {
            if (logits_RV.Length < (long)batch.Count * V) logits_RV = new float[(long)batch.Count * V];
            decoder.Append(batch, logits_RV.AsSpan(0, batch.Count * V));
        }
        catch (Exception e)
        {
            // Which of the sequences has what is not known any more.
            foreach (var (prompt, _) in rows) Fail(prompt, e);
            failed(e);
            return 0;
        }
        int drawn = 0;
        foreach (var (r, (prompt, choice)) in rows.Index())
            drawn += Guarded(prompt, () =>
            {
                var logits_V = logits_RV.AsSpan(r * V, V);
                return choice is not null ? prompt.Take(choice, logits_V) : prompt.TakeRead(batch[r].Tokens.Length, logits_V, decoder);
            });
        return drawn;
    }

    private int Guarded(RunningPrompt prompt, Func<int> draw)
    {
        try
        {
            return draw();
        }
        catch (Exception e)
        {
            Fail(prompt, e);
            if (e is not NotFiniteNumberException) failed(e);
            return 0;
        }
    }

    private static void Fail(RunningPrompt prompt, Exception e) => prompt.Fail(e switch
    {
        NotFiniteNumberException => new(GenerationFailure.BrokenModel, $"the model computed numbers that are not finite ({e.Message})", e),
        InsufficientMemoryException or OutOfMemoryException => new(GenerationFailure.Memory, "there is no memory for the keys and values of this request; try again later, or with fewer tokens", e),
        _ => new(GenerationFailure.Internal, "the model failed; the server's log says how", e),
    });
}
