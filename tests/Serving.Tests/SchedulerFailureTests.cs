using SparkTrain.Tokenizers;

namespace SparkTrain.Serving.Tests;

public sealed class SchedulerFailureTests
{
    private static CancellationToken Ends => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Numbers_that_are_not_finite_end_their_own_job_only()
    {
        float[] Model(IReadOnlyList<int> history)
        {
            float[] logits = FakeDecoder.Hashed(history);
            if (history[1] == 'n' && history.Count > 5) logits[7] = float.NaN;
            return logits;
        }
        using var decoder = new FakeDecoder { Model = Model };
        using var scheduler = new BatchScheduler(decoder, new ByteTokenizer(), new(), new());
        var (broken, sound) = (scheduler.Submit([Greedy("n", 50)]), scheduler.Submit([Greedy("s", 50)]));
        Assert.Equal(GenerationFailure.BrokenModel, (await Assert.ThrowsAsync<GenerationException>(() => Read(broken))).Failure);
        Assert.Equal(Alone.Continue(Model, Alone.Tokens("s"), 50, new() { Temperature = 0 }).Text, await Read(sound));
    }

    [Fact]
    public async Task A_decoder_that_fails_ends_what_it_was_computing_and_goes_on()
    {
        int fails = 1;
        var failures = new List<Exception>();
        using var decoder = new FakeDecoder();
        decoder.Before = batch =>
        {
            if (batch.Any(item => item.Sequence.Length > 5) && Interlocked.Exchange(ref fails, 0) == 1) throw new InvalidOperationException("a bug");
        };
        using var scheduler = new BatchScheduler(decoder, new ByteTokenizer(), new(), new(), failures.Add);
        Assert.Equal(GenerationFailure.Internal, (await Assert.ThrowsAsync<GenerationException>(() => Read(scheduler.Submit([Greedy("a", 50)])))).Failure);
        Assert.Equal("a bug", Assert.Single(failures).Message);
        Assert.Equal(Alone.Continue(FakeDecoder.Hashed, Alone.Tokens("a"), 50, new() { Temperature = 0 }).Text, await Read(scheduler.Submit([Greedy("a", 50)])));
        Assert.True(await scheduler.DrainAsync(TimeSpan.FromSeconds(5)));
        Assert.Equal(0, decoder.OpenSequences);
    }

    [Fact]
    public async Task Where_there_is_no_memory_the_job_ends_and_the_next_one_is_tried()
    {
        using var decoder = new FakeDecoder();
        decoder.BeforeBegin = capacity =>
        {
            if (capacity > 100) throw new InsufficientMemoryException();
        };
        using var scheduler = new BatchScheduler(decoder, new ByteTokenizer(), new(), new());
        Assert.Equal(GenerationFailure.Memory, (await Assert.ThrowsAsync<GenerationException>(() => Read(scheduler.Submit([Greedy("a", 500)])))).Failure);
        Assert.NotEmpty(await Read(scheduler.Submit([Greedy("a", 50)])));
    }

    [Fact]
    public async Task What_runs_and_waits_is_finished_before_a_stop()
    {
        using var decoder = new FakeDecoder();
        using var gate = new Gate(decoder);
        using var scheduler = new BatchScheduler(decoder, new ByteTokenizer(), new() { MaxSequences = 1 }, new());
        var (running, waiting) = (scheduler.Submit([Greedy("a", 20)]), scheduler.Submit([Greedy("b", 20)]));
        gate.WaitUntilClosed();
        var drained = scheduler.DrainAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(GenerationFailure.Stopping, Assert.Throws<GenerationException>(() => scheduler.Submit([Greedy("c", 1)])).Failure);
        gate.Open();
        Assert.True(await drained);
        foreach (var (job, prompt) in ((GenerationJob, string)[])[(running, "a"), (waiting, "b")])
            Assert.Equal(Alone.Continue(FakeDecoder.Hashed, Alone.Tokens(prompt), 20, new() { Temperature = 0 }).Text, await Read(job));
    }

    [Fact]
    public async Task What_is_not_done_in_time_is_ended_and_freed()
    {
        using var decoder = new FakeDecoder { Model = FakeDecoder.Writes([.. Enumerable.Repeat((byte)'z', 2000)], 2) };
        using var gate = new Gate(decoder);
        var scheduler = new BatchScheduler(decoder, new ByteTokenizer(), new() { MaxSequences = 1 }, new());
        var (running, waiting) = (scheduler.Submit([Greedy("a", 1000)]), scheduler.Submit([Greedy("b", 1000)]));
        gate.Step(3);
        Assert.False(await scheduler.DrainAsync(TimeSpan.Zero));
        var ending = Task.Run(scheduler.Dispose, Ends);
        gate.Open();
        await ending;
        foreach (var job in (GenerationJob[])[running, waiting]) Assert.Equal(GenerationFailure.Stopping, (await Assert.ThrowsAsync<GenerationException>(() => Read(job))).Failure);
        Assert.Equal((0, 0L), (decoder.OpenSequences, decoder.HeldTokens));
    }

    private static GenerationRequest Greedy(string prompt, int maxTokens) => new() { Prompt = Alone.Tokens(prompt), MaxTokens = maxTokens, Sampling = new() { Temperature = 0 } };

    private static async Task<string> Read(GenerationJob job)
    {
        string text = "";
        await foreach (var piece in job.ReadAsync(Ends)) text += piece.Text;
        return text;
    }
}
