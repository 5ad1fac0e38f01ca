using SparkTrain.Generation;
using SparkTrain.Tokenizers;

namespace SparkTrain.Serving;

/// <summary>
/// Continues many prompts side by side. One thread owns the decoder: in every step each running continuation gets one token, and beside them prompts that have just been given a
/// place are read, a limited number of tokens a step, so that the others never wait long. Places go to whoever came first, as soon as one is free and keys and values fit.
/// </summary>
public sealed class BatchScheduler : IDisposable
{
    // How soon a job whose reader was slow is looked at again where nothing else runs.
    private static readonly TimeSpan PausedLook = TimeSpan.FromMilliseconds(20);

    private readonly IForkingDecoder decoder;
    private readonly ITokenizer tokenizer;
    private readonly SchedulerOptions options;
    private readonly ServingCounters counters;
    private readonly TimeProvider time;
    private readonly object gate = new();
    private readonly LinkedList<RunningPrompt> waiting = [];
    private readonly List<RunningPrompt> running = [];
    private readonly Dictionary<GenerationJob, long> pausedSince = [];
    private readonly BatchStep step;
    private readonly Thread thread;
    private readonly TaskCompletionSource idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool isStopping;
    private bool isEnding;
    private volatile SchedulerLoad load = SchedulerLoad.None;

    /// <summary>Starts the thread.</summary>
    /// <param name="decoder">Computes; nobody else may use it until the scheduler is disposed. Stays the caller's.</param>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="options">Limits.</param>
    /// <param name="counters">Counts what happens.</param>
    /// <param name="failed">Is told of failures of the decoder.</param>
    /// <param name="time">Measures how long readers are slow.</param>
    public BatchScheduler(IForkingDecoder decoder, ITokenizer tokenizer, SchedulerOptions options, ServingCounters counters, Action<Exception>? failed = null, TimeProvider? time = null)
    {
        (this.decoder, this.tokenizer, this.options, this.counters, this.time) = (decoder, tokenizer, options, counters, time ?? TimeProvider.System);
        step = new(decoder, tokenizer, options, counters, failed ?? (_ => { }));
        thread = new(Run) { Name = "batch scheduler", IsBackground = true };
        thread.Start();
    }

    /// <summary>What it holds now.</summary>
    public SchedulerLoad Load => load;

    /// <summary>True once it takes in nothing more.</summary>
    public bool IsStopping => isStopping;

    /// <summary>Takes in the prompts of a request, all or none.</summary>
    /// <exception cref="GenerationException">The queue is full, or the server is stopping.</exception>
    public GenerationJob Submit(IReadOnlyList<GenerationRequest> requests)
    {
        var job = new GenerationJob(requests, Wake);
        int firstChoice = 0;
        var prompts = new List<RunningPrompt>();
        foreach (var (index, request) in requests.Index())
        {
            if (options.Problem(request) is { } problem) throw new ArgumentException(problem, nameof(requests));
            prompts.Add(new(job, index, firstChoice, tokenizer));
            firstChoice += request.Choices;
        }
        lock (gate)
        {
            if (isStopping) throw Stopping();
            if (waiting.Count + prompts.Count > options.Queue) throw new GenerationException(GenerationFailure.QueueFull, $"{waiting.Count} prompts wait already, and at most {options.Queue} may; try again later");
            foreach (var prompt in prompts) waiting.AddLast(prompt);
            load = load with { Waiting = waiting.Count };
            Monitor.Pulse(gate);
        }
        return job;
    }

    /// <summary>Takes in nothing more, and waits until everything is done or the limit is over.</summary>
    /// <returns>True where everything was done.</returns>
    public async Task<bool> DrainAsync(TimeSpan limit)
    {
        lock (gate)
        {
            isStopping = true;
            Monitor.Pulse(gate);
        }
        try
        {
            await idle.Task.WaitAsync(limit, time);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>Ends all jobs and the thread.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            isStopping = isEnding = true;
            Monitor.Pulse(gate);
        }
        thread.Join();
    }

    private static GenerationException Stopping() => new(GenerationFailure.Stopping, "the server is stopping");

    private void Wake()
    {
        lock (gate) Monitor.Pulse(gate);
    }

    private void Run()
    {
        while (true)
        {
            lock (gate)
            {
                while (!isEnding && running.Count == 0 && waiting.Count == 0)
                {
                    if (isStopping) idle.TrySetResult();
                    Monitor.Wait(gate);
                }
                if (isEnding) break;
                RemoveUnwanted();
                Admit();
                Publish();
            }
            if (!step.Run(running) && running.Count > 0)
                lock (gate)
                    Monitor.Wait(gate, PausedLook);
        }
        foreach (var prompt in waiting.Concat(running)) prompt.Fail(Stopping());
        lock (gate)
        {
            RemoveUnwanted();
            Publish();
        }
        idle.TrySetResult();
    }

    private void Admit()
    {
        while (waiting.First is { Value: var prompt } && Fits(prompt))
        {
            waiting.RemoveFirst();
            try
            {
                prompt.Begin(decoder);
                running.Add(prompt);
            }
            catch (Exception e) when (e is InsufficientMemoryException or OutOfMemoryException)
            {
                prompt.Fail(new(GenerationFailure.Memory, "there is no memory for the keys and values of this request; try again later, or with fewer tokens", e));
            }
        }
    }

    private bool Fits(RunningPrompt prompt) =>
        running.Sum(other => other.Places) + prompt.Places <= options.MaxSequences && running.Sum(other => other.ReservedTokens) + prompt.ReservedTokens <= options.CacheTokens;

    private void RemoveUnwanted()
    {
        foreach (var job in running.Select(prompt => prompt.Job).Distinct().Where(IsTooSlow).ToList())
            job.Fail(new(GenerationFailure.SlowReader, $"the client took nothing for {options.ReaderSeconds} seconds"));
        foreach (var prompt in running.Where(IsOver)) prompt.Dispose();
        running.RemoveAll(IsOver);
        foreach (var job in pausedSince.Keys.Except(running.Select(prompt => prompt.Job)).ToList()) pausedSince.Remove(job);
        for (var node = waiting.First; node is not null;)
        {
            var next = node.Next;
            if (node.Value.Job.IsUnwanted) waiting.Remove(node);
            node = next;
        }
    }

    private static bool IsOver(RunningPrompt prompt) => prompt.Job.IsUnwanted || prompt.Places == 0;

    private bool IsTooSlow(GenerationJob job)
    {
        if (job.HasRoom)
        {
            pausedSince.Remove(job);
            return false;
        }
        pausedSince.TryAdd(job, time.GetTimestamp());
        return time.GetElapsedTime(pausedSince[job]).TotalSeconds >= options.ReaderSeconds;
    }

    private void Publish() => load = new(waiting.Count, running.Sum(prompt => prompt.Places), running.Sum(prompt => prompt.HeldTokens), running.Sum(prompt => prompt.ReservedTokens), running.Sum(prompt => prompt.BytesIn(decoder)));
}
